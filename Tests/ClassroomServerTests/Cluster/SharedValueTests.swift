import Classroom
import ClassroomLive
import ClassroomStore
import NIOCore
import RedisCore
import RedisTestSupport
import SocketIOCore
import SocketIOTesting
import Testing

@testable import ClassroomServer

/// What two nodes know from each other and not from the database.
@Suite("Join codes, final boards and guesses on two nodes", .timeLimit(.minutes(10)))
struct SharedValueTests {
    private func ask(_ client: TestClient, _ event: String, _ members: @escaping (inout JSONWriter) -> Void) async throws -> JSONSlice {
        try await client.call(event, JSONObject(members)).first
    }

    private func join(_ code: String, _ client: TestClient) async throws -> JSONSlice {
        try await ask(client, "quiz:join") { $0.field("joinCode", code) }
    }

    /// The host of a session "s" of the first node, and its code.
    private func host(_ nodes: [ClassroomNodes.Node]) async throws -> (TestClient, code: String) {
        let host = try await nodes[0].connect("teacher")
        let created = try await ask(host, "quiz:create_session") { writer in
            writer.field("sessionId", "s")
            writer.field("quizId", "quiz")
        }
        return (host, try #require(created["joinCode"]?.string))
    }

    @Test("a join code that a node has looked up is known to the others, as long as its session is run")
    func codes() async throws {
        try await ClassroomNodes.run(isShared: true) { _, _, nodes in
            let (host, code) = try await host(nodes)
            let redis = nodes[1].client
            try await eventually { try await redis.send("HGET", .text("dunlin:code:\(code)"), "value").text == "s" }
            // The database does not know this one.
            _ = try await redis.send("HSET", "dunlin:code:000000", "value", "s")
            let (ann, ben) = (try await nodes[1].connect("ann"), try await nodes[1].connect("ben"))
            #expect(try await join("000000", ann)["error"]?["code"]?.string == "not_found", "nobody knows who runs the session")
            #expect(try await join(code, ben)["ok"]?.bool == true)
            #expect(try await join("000000", ann)["ok"]?.bool == true)
            #expect(try await ask(host, "quiz:end") { $0.field("sessionId", "s") }["ok"]?.bool == true)
            _ = try await ann.next("quiz:ended")
            // Until its node has heard of the end, the join finds the ended session.
            let unknown: [String?] = ["not_found", "rate_limited"]
            try await eventually { unknown.contains(try await join("000000", ben)["error"]?["code"]?.string) }
        }
    }

    @Test("the final board of a session is made by one node, and shown by the others as long as its row is the same")
    func boards() async throws {
        try await ClassroomNodes.run(isShared: true) { _, store, nodes in
            let (host, code) = try await host(nodes)
            let ann = try await nodes[0].connect("ann")
            #expect(try await join(code, ann)["ok"]?.bool == true)
            for event in ["quiz:start", "quiz:end"] {
                #expect(try await ask(host, event) { $0.field("sessionId", "s") }["ok"]?.bool == true)
            }
            _ = try await ann.next("quiz:ended")
            let board = try await nodes[0].runtime.leaderboard(sessionID: "s")
            #expect(board.entries.map(\.username) == ["ann"])
            let redis = nodes[1].client
            var kept = ""
            try await eventually {
                kept = try await redis.send("HGET", "dunlin:board:s", "value").text ?? ""
                return !kept.isEmpty
            }
            // Marked, to tell it from one that was made of the stored answers.
            let marked = kept.replacing(#""username":"ann""#, with: #""username":"marked""#)
            _ = try await redis.send("HSET", "dunlin:board:s", "value", .text(marked))
            #expect(try await nodes[1].runtime.leaderboard(sessionID: "s").entries.map(\.username) == ["marked"])
            let (player, stranger) = (User(id: "ann", username: "ann"), User(id: "ben", username: "ben"))
            _ = try await nodes[1].runtime.leaderboardDocument(sessionID: "s", for: player)
            await #expect(throws: ClassroomError.self) {
                _ = try await nodes[1].runtime.leaderboardDocument(sessionID: "s", for: stranger)
            }
            let createdAt = try #require(try await store.sessionCreation(id: "s"))
            let other = marked.replacing("\"createdAt\":\(createdAt)", with: "\"createdAt\":\(createdAt + 1)")
            #expect(other != marked)
            for useless in [other, "{", "[]"] {
                _ = try await redis.send("HSET", "dunlin:board:s", "value", .text(useless))
                #expect(try await nodes[1].runtime.leaderboard(sessionID: "s").entries == board.entries)
            }
        }
    }

    @Test("wrong join codes of an account count at both nodes together: four, and one more at each")
    func guesses() async throws {
        try await ClassroomNodes.run(isShared: true) { _, _, nodes in
            let clients = [try await nodes[0].connect("ann"), try await nodes[1].connect("ann")]
            for _ in 0..<4 { #expect(try await join("000001", clients[0])["error"]?["code"]?.string == "not_found") }
            #expect(try await join("000001", clients[0])["error"]?["code"]?.string == "rate_limited")
            #expect(try await join("000001", clients[1])["error"]?["code"]?.string == "not_found")
            #expect(try await join("000001", clients[1])["error"]?["code"]?.string == "rate_limited")
        }
    }

    @Test(
        "a user has one allowance of joins and one of observations at both nodes: three, and no fourth",
        arguments: ["quiz:join", "quiz:observe"])
    func entries(event: String) async throws {
        let rate = TokenBucket.Rule(capacity: 3, refillPerSecond: 0.001)
        try await ClassroomNodes.run(isShared: true, joinRate: rate) { _, _, nodes in
            _ = try await host(nodes)
            let clients = [try await nodes[0].connect("ann"), try await nodes[1].connect("ann")]
            for number in 0..<3 {
                #expect(try await ask(clients[number % 2], event) { $0.field("sessionId", "s") }["ok"]?.bool == true)
            }
            for client in clients {
                let refusal = try await ask(client, event) { $0.field("sessionId", "s") }["error"]
                #expect(refusal?["code"]?.string == "rate_limited")
                #expect(refusal?["message"]?.string?.contains("rate limit") == true)
                #expect((refusal?["retryAfterMs"]?.int ?? 0) > 0)
            }
        }
    }

    @Test("wrong join codes of one address count at both nodes together: four, and one more at each")
    func guessesOfAddress() async throws {
        try await ClassroomNodes.run(isShared: true) { _, _, nodes in
            // Without an account: sockets are as many as somebody likes, and the address counts.
            let clients = [try await nodes[0].server.connect(), try await nodes[1].server.connect()]
            func guess(_ client: TestClient) async throws -> String? {
                try await ask(client, "quiz:join") { writer in
                    writer.field("joinCode", "000001")
                    writer.field("nickname", "x")
                }["error"]?["code"]?.string
            }
            for number in 0..<4 { #expect(try await guess(clients[number % 2]) == "not_found") }
            for client in clients {
                #expect(try await guess(client) == "not_found", "a node learns of the others by asking them, and answers meanwhile")
                #expect(try await guess(client) == "rate_limited")
            }
        }
    }

    @Test(
        "wrong tokens of one address count at both nodes together: four, and one more at each; short and long ones apart",
        arguments: [39, 40])
    func tokens(_ length: Int) async throws {
        try await ClassroomNodes.run(isShared: true) { _, _, nodes in
            let clients = [try await nodes[0].connect("ann"), try await nodes[1].connect("ann")]
            let (wrong, other) = (String(repeating: "w", count: length), String(repeating: "w", count: 79 - length))
            func guess(_ client: TestClient, _ token: String) async throws -> String? {
                try await ask(client, "auth") { $0.field("token", token) }["error"]?["code"]?.string
            }
            for number in 0..<4 { #expect(try await guess(clients[number % 2], wrong) == "unauthenticated") }
            for client in clients {
                #expect(try await guess(client, wrong) == "unauthenticated")
                #expect(try await guess(client, wrong) == "rate_limited")
                #expect(try await guess(client, other) == "unauthenticated", "these have an allowance of their own")
                #expect(try await guess(client, "ann_token") == nil, "this one was right from here before")
            }
        }
    }

    @Test("a user has one allowance of API requests at both nodes: three, and no fourth")
    func requests() async throws {
        try await ClassroomNodes.run(isShared: true) { _, _, nodes in
            for number in 0..<3 { _ = try await nodes[number % 2].runtime.signIn(token: "ann_token", address: "x") }
            do {
                _ = try await nodes[1].runtime.signIn(token: "ann_token", address: "x")
                #expect(Bool(false), "a fourth request was taken")
            } catch let error as ClassroomError {
                #expect(error.code == .rateLimited && (error.retryAfterMs ?? 0) > 0)
            }
        }
    }
}
