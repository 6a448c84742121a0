import Classroom
import ClassroomLive
import ClassroomStore
import NIOConcurrencyHelpers
import NIOCore
import RedisClient
import RedisCore
import RedisTestSupport
import RedisTesting
import SocketIOCore
import SocketIOServer
import SocketIOTesting
import Testing

@testable import ClassroomServer

/// Players of one session on two nodes with one store and one Redis. The first node runs the session.
@Suite("A session on two nodes", .timeLimit(.minutes(10)))
struct SessionNodeTests {
    private func ask(_ client: TestClient, _ event: String, _ members: @escaping (inout JSONWriter) -> Void = { _ in }) async throws
        -> JSONSlice
    {
        try await client.call(
            event,
            JSONObject { writer in
                writer.field("sessionId", "s")
                members(&writer)
            }
        ).first
    }

    private func isOK(_ answer: JSONSlice) -> Bool { answer["ok"]?.bool == true }

    /// A session of the first node that waits.
    private func host(_ nodes: [ClassroomNodes.Node]) async throws -> TestClient {
        let host = try await nodes[0].connect("teacher")
        #expect(isOK(try await ask(host, "quiz:create_session") { $0.field("quizId", "quiz") }))
        return host
    }

    private func player(_ name: String, _ node: ClassroomNodes.Node) async throws -> TestClient {
        let player = try await node.connect(name)
        #expect(isOK(try await ask(player, "quiz:join")))
        _ = try await player.next("quiz:joined")
        return player
    }

    private func answer(_ client: TestClient, _ index: Int, question: String = "q1") async throws -> JSONSlice {
        try await ask(client, "quiz:answer") { writer in
            writer.field("questionId", question)
            writer.field("answer", index)
        }
    }

    @Test("players of both nodes get the same question, their answers are stored once, and both nodes have the same board")
    func play() async throws {
        try await ClassroomNodes.run(isShared: true) { _, store, nodes in
            let host = try await host(nodes)
            let (ann, ben) = (try await player("ann", nodes[0]), try await player("ben", nodes[1]))
            #expect(isOK(try await ask(host, "quiz:start")))
            for client in [ann, ben] { #expect(try await client.next("quiz:question").first["questionId"]?.string == "q1") }
            #expect(isOK(try await answer(ann, 0)))
            let first = try await answer(ben, 1)
            #expect(isOK(first) && first["correct"]?.bool == true)
            let again = try await answer(try await player("ben", nodes[0]), 0)
            #expect(again["duplicate"]?.bool == true && again["totalScore"]?.int == first["totalScore"]?.int)
            #expect(try await store.answers(sessionID: "s").map(\.userID).sorted() == ["ann", "ben"])
            let boards = [
                try await nodes[0].runtime.leaderboard(sessionID: "s"), try await nodes[1].runtime.leaderboard(sessionID: "s"),
            ]
            #expect(boards[0] == boards[1] && boards[0].entries.map(\.userId) == ["ben", "ann"])
            #expect(nodes[0].runtime.snapshot().leases == 1 && nodes[1].runtime.snapshot().leases == 0)
            let statistics = try #require(nodes[1].runtime.snapshot().nodes)
            #expect(statistics.forwarded == 3 && statistics.waiting == 0 && statistics.unanswered == 0)
        }
    }

    @Test("the snapshot of a join comes before everything that the session sends after it")
    func order() async throws {
        try await ClassroomNodes.run(isShared: true) { _, _, nodes in
            let host = try await host(nodes)
            let ben = try await nodes[1].connect("ben")
            async let start = ask(host, "quiz:start")
            let joined = try await ask(ben, "quiz:join")
            _ = try await start
            let events = try await ben.next("quiz:joined").first
            #expect(events["phase"]?.string == joined["phase"]?.string)
            // Before the start: then the question comes by its event. After it: then it is in the snapshot.
            if joined["question"] == nil { #expect(try await ben.next("quiz:question").first["questionId"]?.string == "q1") }
        }
    }

    @Test("a player who leaves one node is absent for the host at the other")
    func absence() async throws {
        try await ClassroomNodes.run(isShared: true) { _, _, nodes in
            let host = try await host(nodes)
            let ben = try await player("ben", nodes[1])
            #expect(isOK(try await ask(host, "quiz:start")))
            _ = try await ben.next("quiz:question")
            await ben.disconnect()
            var away: [String] = []
            while away != ["ben"] {
                away = try await host.next("quiz:progress").first["away"]?.elements.compactMap(\.string) ?? []
            }
        }
    }

    @Test("a player who was removed loses the seat at the other node, and does not get it back")
    func kick() async throws {
        try await ClassroomNodes.run(isShared: true) { _, _, nodes in
            let host = try await host(nodes)
            let ben = try await player("ben", nodes[1])
            #expect(isOK(try await ask(host, "quiz:kick") { $0.field("userId", "ben") }))
            #expect(try await ben.next("quiz:kicked").first["userId"]?.string == "ben")
            nodes[1].runtime.reconnected()
            #expect(try await ask(ben, "quiz:join")["error"]?["code"]?.string == "forbidden")
            #expect(isOK(try await ask(host, "quiz:start")))
            let ann = try await player("ann", nodes[1])
            #expect(isOK(try await answer(ann, 1)))
            #expect(!ben.unread.contains { $0.name == "quiz:question" || $0.name == "quiz:joined" })
        }
    }

    @Test("when a node shuts down, the other goes on with the session and with its own players, who are told where it stands")
    func drain() async throws {
        try await ClassroomNodes.run(isShared: true) { _, store, nodes in
            let host = try await host(nodes)
            let ben = try await player("ben", nodes[1])
            #expect(isOK(try await ask(host, "quiz:start")))
            _ = try await ben.next("quiz:question")
            #expect(isOK(try await answer(ben, 1)))
            await nodes[0].runtime.drain()
            let snapshot = try await ben.next("quiz:joined").first
            #expect(snapshot["question"]?["questionId"]?.string == "q1" && snapshot["answer"]?["correct"]?.bool == true)
            #expect(try await store.session(id: "s")?.epoch == 2)
            #expect(nodes[1].runtime.snapshot().leases == 1)
            let teacher = try await nodes[1].connect("teacher")
            #expect(isOK(try await ask(teacher, "quiz:next")))
            #expect(try await ben.next("quiz:question:closed").first["you"]?["rank"]?.int == 1)
            #expect(isOK(try await answer(ben, 0, question: "q2")))
        }
    }

    @Test("what went past a node while it was out of reach is told once more when it is back")
    func gap() async throws {
        try await ClassroomNodes.run(patience: .milliseconds(500), isShared: true) { redis, _, nodes in
            let host = try await host(nodes)
            let ben = try await player("ben", nodes[1])
            await redis.refuseConnections()
            #expect(isOK(try await ask(host, "quiz:start")))
            redis.acceptConnections()
            for node in nodes { try await eventually { (try? await node.io.of("/").adapter.serverCount()) == 2 } }
            nodes[1].runtime.reconnected()
            #expect(try await ben.next("quiz:joined").first["question"]?["questionId"]?.string == "q1")
            #expect(isOK(try await answer(ben, 1)))
        }
    }

    @Test("players of a node that the end of their session went past are told that it is over")
    func missedEnd() async throws {
        try await ClassroomNodes.run(isShared: true) { _, store, nodes in
            let host = try await host(nodes)
            let ben = try await player("ben", nodes[1])
            #expect(isOK(try await ask(host, "quiz:start")))
            _ = try await ben.next("quiz:question")
            var session = try #require(try await store.session(id: "s"))
            session.status = .ended
            #expect(try await store.update(session))
            // The first node says that it does not run the session any more.
            let message = #"{"from":"node2","sequence":1000,"body":{"unknown":{"sessionIDs":["s"]}}}"#
            _ = try await nodes[0].client.publish(.bytes(ByteBuffer(string: message)), to: "dunlin:node:node1")
            let snapshot = try await ben.next("quiz:joined").first
            #expect(snapshot["status"]?.string == "ended" && snapshot["you"]?["userId"]?.string == "ben")
        }
    }

    @Test("a player whose join another node answered is in the session's room, although nothing else came from that node")
    func roomOfAnswer() async throws {
        try await ClassroomNodes.run(isShared: true) { _, store, nodes in
            var session = SessionRecord(id: "s", quizID: "quiz", status: .active, createdBy: "teacher", createdAt: 1)
            try await store.createSession(session)
            _ = try await store.acquireLease(.init(sessionID: "s", owner: "another", duration: .seconds(3_600)))
            session.epoch = 1
            let asked = NIOLockedValueBox(0)
            nodes[0].client.subscribe(to: .channel("dunlin:node:another")) { event in
                if case .message = event { asked.withLockedValue { $0 += 1 } }
            }
            try await eventually { try await nodes[0].client.send("PUBSUB", "NUMSUB", "dunlin:node:another").elements?.last?.integer == 1 }
            let ben = try await nodes[1].connect("ben")
            async let joined = ask(ben, "quiz:join")
            try await eventually { asked.withLockedValue { $0 } == 1 }
            let snapshot =
                #"{"sessionId":"s","title":"T","status":"active","phase":"closed","pace":"live","questionCount":2,"players":1,"role":"player"}"#
            let result = #"{"reply":{"event":"quiz:joined","payload":\#(snapshot),"isRoomEvent":false}}"#
            let message = #"{"from":"another","sequence":1,"body":{"answer":{"_0":{"id":1,"result":\#(result)}}}}"#
            _ = try await nodes[0].client.publish(.bytes(ByteBuffer(string: message)), to: "dunlin:node:node1")
            #expect(isOK(try await joined))
            try await say(2, epoch: 1, session, nodes[0])
            #expect(try await ben.next("said").first.int == 2)
        }
    }

    @Test("a user has one allowance of sessions on both nodes, and an address one of guests: three, and no fourth")
    func rates() async throws {
        try await ClassroomNodes.run(isShared: true) { _, _, nodes in
            let hosts = [try await nodes[0].connect("teacher"), try await nodes[1].connect("teacher")]
            var created: [JSONSlice] = []
            for number in 0..<4 {
                created.append(
                    try await hosts[number % 2].call("quiz:create_session", JSONObject { $0.field("quizId", "quiz") }).first)
            }
            #expect(created.map(isOK) == [true, true, true, false])
            #expect(created[3]["error"]?["code"]?.string == "rate_limited" && (created[3]["error"]?["retryAfterMs"]?.int ?? 0) > 0)
            let code = try #require(created[0]["joinCode"]?.string)
            var guests: [JSONSlice] = []
            for number in 0..<4 {
                let guest = try await nodes[number % 2].server.connect()
                let payload = JSONObject { writer in
                    writer.field("joinCode", code)
                    writer.field("nickname", "guest \(number)")
                }
                guests.append(try await guest.call("quiz:join", payload).first)
            }
            #expect(guests.map(isOK) == [true, true, true, false])
            #expect(guests[3]["error"]?["code"]?.string == "rate_limited")
            #expect(guests[1]["you"]?["token"]?.string?.isEmpty == false, "the token of a guest at a node that does not run the session")
        }
    }

    /// Publishes an event as if a server said it that runs the session in this epoch.
    private func say(_ number: Int, epoch: Int, _ session: SessionRecord, _ node: ClassroomNodes.Node) async throws {
        let message = JSONObject { writer in
            writer.field("from", "another")
            writer.field("sequence", number)
            writer.field(
                "body",
                JSONObject { writer in
                    writer.field(
                        "broadcast",
                        JSONObject { writer in
                            writer.field(
                                "_0",
                                JSONObject { writer in
                                    writer.field(
                                        "stage",
                                        JSONObject { writer in
                                            writer.field("sessionID", session.id)
                                            writer.field("createdAt", session.createdAt)
                                            writer.field("epoch", epoch)
                                        })
                                    writer.field("rooms", ["quiz:s"])
                                    writer.field("except", [String]())
                                    writer.field("event", JSONSlice(unchecked: ByteBuffer(string: #"["said",\#(number)]"#)))
                                })
                        })
                })
        }
        var writer = JSONWriter()
        message.write(to: &writer)
        _ = try await node.client.publish(.bytes(writer.buffer), to: "dunlin:node:*")
    }

    @Test("an event that a former server of the session sends late reaches nobody, and counts")
    func lateEvents() async throws {
        try await ClassroomNodes.run(isShared: true) { _, store, nodes in
            let host = try await host(nodes)
            let ben = try await player("ben", nodes[1])
            #expect(isOK(try await ask(host, "quiz:start")))
            _ = try await ben.next("quiz:question")
            let session = try #require(try await store.session(id: "s"))
            try await say(1, epoch: session.epoch, session, nodes[1])
            #expect(try await ben.next("said").first.int == 1)
            await nodes[0].runtime.drain()
            _ = try await ben.next("quiz:joined")
            try await say(2, epoch: session.epoch, session, nodes[1])
            try await say(3, epoch: session.epoch + 1, session, nodes[1])
            #expect(try await ben.next("said").first.int == 3)
            #expect(nodes[1].runtime.snapshot().nodes?.outdated == 1)
        }
    }

    @Test("a server that has heard its successor tells its own sockets nothing more")
    func formerOwner() async throws {
        try await ClassroomNodes.run(isShared: true) { _, store, nodes in
            let host = try await host(nodes)
            let (ann, ben) = (try await player("ann", nodes[0]), try await player("ben", nodes[1]))
            let session = try #require(try await store.session(id: "s"))
            try await say(1, epoch: session.epoch + 1, session, nodes[1])
            for client in [ann, ben] { #expect(try await client.next("said").first.int == 1) }
            #expect(isOK(try await ask(host, "quiz:start")))
            _ = try await nodes[0].runtime.leaderboard(sessionID: "s")
            try await say(2, epoch: session.epoch + 1, session, nodes[1])
            for client in [ann, ben] {
                #expect(try await client.next("said").first.int == 2)
                #expect(!client.unread.contains { $0.name == "quiz:started" })
            }
            #expect((nodes[0].runtime.snapshot().nodes?.outdated ?? 0) > 0)
        }
    }

    @Test("what is no message of a node is counted, and nothing else comes of it")
    func garbage() async throws {
        try await ClassroomNodes.run(isShared: true) { _, _, nodes in
            _ = try await host(nodes)
            for text in ["", "{", "[]", #"{"from":"x","sequence":1,"body":{"nothing":{}}}"#, "\u{0}\u{1}"] {
                _ = try await nodes[1].client.publish(.bytes(ByteBuffer(string: text)), to: "dunlin:node:node2")
            }
            try await eventually { nodes[0].runtime.snapshot().nodes?.refused == 5 }
            let ben = try await player("ben", nodes[1])
            #expect(isOK(try await ask(ben, "quiz:leave")))
        }
    }
}
