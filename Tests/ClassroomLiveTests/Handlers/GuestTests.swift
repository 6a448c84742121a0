import Classroom
import ClassroomStore
import SocketIOCore
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("Guests")
struct GuestTests {
    @Test(
        "a session's id alone lets nobody in without an account: a guest needs the session's code",
        arguments: [
            (#""joinCode": null"#, "unauthenticated"), (#""joinCode": "000000""#, "not_found"), (#""joinCode": "12345""#, "invalid"),
        ])
    func needsTheCode(joinCode: String, code: String) async throws {
        try await ClassroomBench().run { classroom in
            try await classroom.store.createSession(
                SessionRecord(id: "load_test_session", quizID: "quiz1", status: .active, createdBy: "instructor1"))
            let users = try await classroom.store.countUsers()
            let client = try await classroom.connect()
            let refused = try await client.ask(
                "quiz:join", JSON(stringLiteral: #"{"sessionId": "load_test_session", \#(joinCode), "nickname": "x"}"#))
            #expect(refused.code == code)
            #expect(try await classroom.store.countUsers() == users)
            #expect(try await client.ask("chat:join", #"{"roomId": "r"}"#).code == "unauthenticated")
        }
    }

    @Test("a code with the id of another session is refused, and counts as a wrong code")
    func otherSession() async throws {
        try await ClassroomBench { $0.failedLookupRate = .init(capacity: 2, refillPerSecond: 0.001) }.run { classroom in
            let host = try await classroom.host("a")
            let created = try await host.ask("quiz:create_session", #"{"quizId": "quiz1", "sessionId": "b"}"#)
            let code = try #require(created.text("joinCode"))
            let client = try await classroom.connect()
            for _ in 0..<2 {
                let refused = try await client.ask("quiz:join", #"{"sessionId": "a", "joinCode": "\#(code)", "nickname": "x"}"#)
                #expect(refused["error"]?.text("message") == "Session not found")
            }
            let refused = try await client.ask("quiz:join", #"{"sessionId": "b", "joinCode": "\#(code)", "nickname": "x"}"#)
            #expect(refused.code == "rate_limited")
            let other = try await classroom.connect()
            #expect(try await other.ask("quiz:join", #"{"sessionId": "b", "joinCode": "\#(code)", "nickname": "x"}"#).isOK)
        }
    }
}
