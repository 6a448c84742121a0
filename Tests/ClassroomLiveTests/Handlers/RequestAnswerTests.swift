import Classroom
import ClassroomStore
import SocketIOCore
import SocketIOServer
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("How requests are answered")
struct RequestAnswerTests {
    static let ann = User(id: "ann", username: "Ann")

    private func withClient(_ body: (TestClient, QuizServiceDouble) async throws -> Void) async throws {
        let snapshot = SessionSnapshot(sessionId: "s", title: "Quiz", status: .waiting, phase: .waiting, questionCount: 1)
        let quiz = QuizServiceDouble(
            joined: .success(snapshot), result: AnswerResult(sessionId: "s", questionId: "q1", correct: true, score: 100))
        let io = SocketIO()
        let handler = QuizHandler(
            io: io, quizService: quiz, authenticationService: AuthenticationDouble(["t": Self.ann]), clock: ManualClassroomClock())
        try await withTestServer(inProcess: io) { server in try await body(try await server.connect(), quiz) }
        _ = handler
    }

    @Test("a request with a callback is answered by its event and by the callback, with the same body")
    func both() async throws {
        try await withClient { client, _ in
            let ack = try await client.ask("quiz:join", #"{"sessionId": "s", "token": "t"}"#)
            let event = try await client.payload("quiz:joined")
            #expect(ack.isOK)
            #expect(ack.text("title") == "Quiz")
            #expect(event.text("title") == "Quiz")
            #expect(event["ok"] == nil)
        }
    }

    @Test("an error reaches the callback as well")
    func errors() async throws {
        try await withClient { client, _ in
            let ack = try await client.ask("quiz:join", #"{"sessionId": "s"}"#)
            #expect(ack["ok"]?.bool == false)
            #expect(ack.code == "unauthenticated")
            #expect(try await client.payload("quiz:error").text("code") == "unauthenticated")
        }
    }

    @Test("_sentAt comes back in the direct answer, refusals included")
    func sentAt() async throws {
        try await withClient { client, _ in
            let ack = try await client.ask("quiz:join", #"{"sessionId": "s", "token": "t", "_sentAt": 12.5}"#)
            #expect(ack["_sentAt"]?.double == 12.5)
            #expect(try await client.payload("quiz:joined")["_sentAt"]?.double == 12.5)
            let refused = try await client.ask("quiz:join", #"{"_sentAt": 7}"#)
            #expect(refused["_sentAt"]?.int == 7)
            #expect(try await client.payload("quiz:error")["_sentAt"]?.int == 7)
        }
    }

    @Test("a missing or null payload is an empty object, anything else that is no object is invalid")
    func payloads() async throws {
        try await withClient { client, _ in
            let missing = try await client.call("quiz:leave").first
            #expect(missing.isOK)
            #expect(try await client.ask("quiz:leave", "null").isOK)
            for payload: JSON in ["[]", "1", #""text""#, "true"] {
                #expect(try await client.ask("quiz:leave", payload).code == "invalid")
            }
        }
    }

    @Test("a latency stamp comes back as it was sent: a number, also one in a text", arguments: ["17", "\"17.5\"", "\"1e3\""])
    func stamps(_ stamp: String) async throws {
        try await withClient { client, _ in
            let answer = try await client.ask("quiz:leave", JSON(stringLiteral: #"{"_sentAt": \#(stamp)}"#))
            #expect(answer["_sentAt"]?.description == stamp)
        }
    }

    @Test(
        "what is no number is no latency stamp",
        arguments: ["\"soon\"", "\"\"", "{}", "true", "null", "\"\(String(repeating: "1", count: 33))\""])
    func noStamps(_ stamp: String) async throws {
        try await withClient { client, _ in
            let answer = try await client.ask("quiz:leave", JSON(stringLiteral: #"{"_sentAt": \#(stamp)}"#))
            #expect(answer.isOK)
            #expect(answer["_sentAt"] == nil)
        }
    }

    @Test("an unknown event with one of the server's prefixes is not found; other events are ignored")
    func unknownEvents() async throws {
        let bench = ClassroomBench()
        try await bench.run { server in
            let client = try await server.connect()
            #expect(try await client.ask("quiz:cheat").code == "not_found")
            #expect(try await client.payload("quiz:error").text("event") == "quiz:cheat")
            try await client.emit("hello")
            _ = try await client.ask("quiz:leave")
            #expect(client.unread.map(\.name) == ["quiz:left"])
        }
    }

    @Test("an answer without a session goes to the one that the socket joined last")
    func currentSession() async throws {
        try await withClient { client, quiz in
            #expect(try await client.ask("quiz:answer", #"{"questionId": "q1", "answer": 0, "token": "t"}"#).code == "forbidden")
            _ = try await client.ask("quiz:join", #"{"sessionId": "a"}"#)
            _ = try await client.ask("quiz:join", #"{"sessionId": "b"}"#)
            _ = try await client.ask("quiz:answer", #"{"questionId": "q1", "answer": "Paris"}"#)
            _ = try await client.ask("quiz:leave")
            _ = try await client.ask("quiz:answer", #"{"questionId": "q2", "answer": [1, 2]}"#)
            #expect(
                quiz.calls == [
                    .join("a", Self.ann), .join("b", Self.ann), .answer("b", "q1", Self.ann, .text("Paris")), .leave("b"),
                    .answer("a", "q2", Self.ann, .list([.index(1), .index(2)])),
                ])
        }
    }

    @Test("a control event goes to the host's acknowledgement only: the room gets the event")
    func control() async throws {
        try await withClient { client, quiz in
            let ack = try await client.ask("quiz:join", #"{"sessionId": "s", "token": "t"}"#)
            #expect(ack.isOK)
            #expect(try await client.ask("quiz:start", #"{"sessionId": "s"}"#).isOK)
            #expect(try await client.ask("quiz:kick", #"{"sessionId": "s", "userId": "bob"}"#).isOK)
            #expect(client.unread.map(\.name) == ["quiz:joined"])
            #expect(quiz.calls.suffix(2) == [.control("start", "s"), .control("kick bob", "s")])
        }
    }
}
