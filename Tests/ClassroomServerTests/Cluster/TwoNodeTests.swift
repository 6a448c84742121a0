import Classroom
import ClassroomStore
import NIOCore
import RedisCore
import RedisTestSupport
import RedisTesting
import SocketIOCore
import SocketIOServer
import SocketIOTesting
import Testing

@testable import ClassroomServer

/// Two nodes of a classroom with one store and one Redis.
@Suite("A classroom on two nodes", .timeLimit(.minutes(10)))
struct TwoNodeTests {
    private func say(_ text: String, _ client: TestClient) async throws -> Arguments {
        try await client.call("chat:message", JSONObject { $0.field("content", text) })
    }

    private func enter(_ client: TestClient) async throws {
        _ = try await client.call("chat:join", JSONObject { $0.field("roomId", "r") })
    }

    /// The contents of so many messages, which must have the sequences 1, 2, 3, …
    private func messages(_ count: Int, _ client: TestClient) async throws -> [String] {
        var texts: [String] = []
        for number in 1...count {
            let message = try await client.next("chat:message").first
            #expect(message["sequence"]?.int == number)
            texts.append(message["content"]?.string ?? "")
        }
        return texts
    }

    @Test("messages of both nodes come to all members in one order, each once, and are in Redis before")
    func chat() async throws {
        try await ClassroomNodes.run { redis, _, nodes in
            let (ann, ben) = (try await nodes[0].connect("ann"), try await nodes[1].connect("ben"))
            for client in [ann, ben] { try await enter(client) }
            async let ofAnn: Void = { for number in 0..<12 { _ = try await say("a\(number)", ann) } }()
            async let ofBen: Void = { for number in 0..<12 { _ = try await say("b\(number)", ben) } }()
            _ = try await (ofAnn, ofBen)
            let heard = try await messages(24, ann)
            #expect(try await messages(24, ben) == heard)
            #expect(heard.filter { $0.hasPrefix("a") } == (0..<12).map { "a\($0)" })
            let kept = try await redis.session().sortedSetRange("chat:messages:r", from: 0, through: -1)
            #expect(kept.count == 24)
            let first = try JSONSlice(validating: try #require(kept.first).member)
            #expect(first["roomId"]?.string == "r" && first["type"]?.string == "text" && first["_sentAt"] == nil)
        }
    }

    @Test("what was said while Redis was away reaches the other node when it is back")
    func gap() async throws {
        try await ClassroomNodes.run(patience: .milliseconds(500)) { redis, _, nodes in
            let (ann, ben) = (try await nodes[0].connect("ann"), try await nodes[1].connect("ben"))
            for client in [ann, ben] { try await enter(client) }
            _ = try await say("before", ann)
            #expect(try await messages(1, ben) == ["before"])
            await redis.refuseConnections()
            _ = try await say("during", ann)
            redis.acceptConnections()
            for node in nodes { try await eventually { (try? await node.io.of("/").adapter.serverCount()) == 2 } }
            _ = try await say("after", ann)
            let during = try await ben.next("chat:message").first
            #expect(during["content"]?.string == "during" && during["sequence"]?.int == 2)
            #expect(try await ben.next("chat:message").first["content"]?.string == "after")
        }
    }

    @Test("what was said last before a node was out of reach is looked for when it is back")
    func lostTail() async throws {
        try await ClassroomNodes.run { redis, store, nodes in
            let ben = try await nodes[1].connect("ben")
            try await enter(ben)
            _ = try await say("first", ben)
            #expect(try await messages(1, ben) == ["first"])
            // Committed by a node whose message never came here.
            _ = try await store.append(
                ChatMessage(id: "x", roomID: "r", userID: "ann", username: "ann", content: "lost", sentAt: 1, sequence: 0))
            nodes[0].runtime.reconnected()
            #expect(try await ben.next("chat:message").first["content"]?.string == "lost")
        }
    }

    @Test("as many messages as may be missed are read when the node is back; of one more the oldest is given up", arguments: [300, 301])
    func longGap(_ missed: Int) async throws {
        try await ClassroomNodes.run { _, store, nodes in
            let ben = try await nodes[1].connect("ben")
            try await enter(ben)
            _ = try await say("first", ben)
            #expect(try await messages(1, ben) == ["first"])
            for number in 0..<missed {
                let content = "m\(number)"
                _ = try await store.append(
                    ChatMessage(id: content, roomID: "r", userID: "ann", username: "ann", content: content, sentAt: 1, sequence: 0))
            }
            nodes[0].runtime.reconnected()
            var heard: [String?] = []
            for _ in 0..<300 { heard.append(try await ben.next("chat:message").first["content"]?.string) }
            #expect(heard == ((missed - 300)..<missed).map { "m\($0)" })
        }
    }

    @Test("a message of the most bytes comes from another node, and one with a byte more does not")
    func size() async throws {
        try await ClassroomNodes.run { _, _, nodes in
            let ben = try await nodes[1].connect("ben")
            try await enter(ben)
            func send(_ sequence: Int, bytes: Int) {
                let text = #"{"content":""#
                let padding = String(repeating: "a", count: bytes - text.utf8.count - 2)
                let body = JSONSlice(unchecked: ByteBuffer(string: text + padding + #""}"#))
                nodes[0].io.of("/").serverSideEmit("dunlin:chat", "r", sequence, body)
            }
            send(1, bytes: 1 << 16)
            send(2, bytes: 1 << 16 + 1)
            send(2, bytes: 100)
            for bytes in [1 << 16, 100] { #expect(try await ben.next("chat:message").first.bytes.readableBytes == bytes) }
        }
    }

    @Test("a user has one allowance of messages on all nodes: thirty, and no thirty-first")
    func rate() async throws {
        try await ClassroomNodes.run { _, _, nodes in
            let sockets = [try await nodes[0].connect("ann"), try await nodes[1].connect("ann")]
            for socket in sockets { try await enter(socket) }
            for number in 0..<30 { #expect(try await say("m", sockets[number % 2]).first["ok"]?.bool == true) }
            for socket in sockets {
                let refusal = try await say("m", socket).first
                #expect(refusal["error"]?["code"]?.string == "rate_limited")
                #expect(refusal["error"]?["message"]?.string?.contains("rate limit") == true)
                #expect((refusal["error"]?["retryAfterMs"]?.int ?? 0) > 0)
            }
        }
    }

    @Test("all guests of both nodes share the messages of a room, three and no fourth, and of all rooms, five and no sixth")
    func guestChat() async throws {
        try await ClassroomNodes.run(isShared: true) { _, _, nodes in
            let host = try await nodes[0].connect("teacher")
            let created = try await host.call("quiz:create_session", JSONObject { $0.field("quizId", "quiz") }).first
            let code = try #require(created["joinCode"]?.string)
            var guests: [TestClient] = []
            for (number, room) in ["r", "r", "other"].enumerated() {
                let guest = try await nodes[min(number, 1)].server.connect()
                let joined = try await guest.call(
                    "quiz:join",
                    JSONObject { writer in
                        writer.field("joinCode", code)
                        writer.field("nickname", "guest \(number)")
                    }
                ).first
                #expect(joined["ok"]?.bool == true)
                _ = try await guest.call("chat:join", JSONObject { $0.field("roomId", room) })
                guests.append(guest)
            }
            func says(_ guest: Int) async throws -> String? { try await say("m", guests[guest]).first["error"]?["code"]?.string }
            for guest in [0, 1, 0] { #expect(try await says(guest) == nil) }
            // Each node has let pass two of the room's three at most.
            for guest in [1, 0] { #expect(try await says(guest) == "rate_limited") }
            for _ in 0..<2 { #expect(try await says(2) == nil) }
            // The second node has let pass three of the five.
            let refusal = try await say("m", guests[2]).first
            #expect(refusal["error"]?["code"]?.string == "rate_limited" && (refusal["error"]?["retryAfterMs"]?.int ?? 0) > 0)
        }
    }

    @Test("somebody who is connected to both nodes is one active user")
    func presence() async throws {
        try await ClassroomNodes.run { _, _, nodes in
            let clients = [
                try await nodes[0].connect("ann"), try await nodes[1].connect("ann"), try await nodes[1].connect("ben"),
            ]
            for node in nodes { try await eventually { node.runtime.snapshot().activeUsers == 2 } }
            await clients[2].disconnect()
            for node in nodes { try await eventually { node.runtime.snapshot().activeUsers == 1 } }
        }
    }
}
