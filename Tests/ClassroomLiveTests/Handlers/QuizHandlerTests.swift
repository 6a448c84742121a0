import Classroom
import ClassroomStore
import ClassroomTestSupport
import SocketIOCore
import SocketIOServer
import SocketIOTesting
import Testing

@testable import ClassroomLive

/// The source document's unit tests of the handler, under their names.
@Suite("QuizHandler")
struct QuizHandlerTests {
    fileprivate static let mockUser = User(id: "user123", username: "testuser", role: .student)

    /// A server with only the quiz handler on it.
    private static func withHandler(
        _ quiz: QuizServiceDouble, _ authentication: AuthenticationDouble, _ body: (TestServer) async throws -> Void
    ) async throws {
        let io = SocketIO()
        let handler = QuizHandler(io: io, quizService: quiz, authenticationService: authentication, clock: ManualClassroomClock())
        try await withTestServer(inProcess: io, body)
        _ = handler
    }

    @Suite("quiz:join event")
    struct JoinEvent {
        @Test("should successfully join a quiz session")
        func join() async throws {
            let authentication = AuthenticationDouble(["valid_token": QuizHandlerTests.mockUser])
            let quiz = QuizServiceDouble(
                joined: .success(
                    SessionSnapshot(sessionId: "session123", title: "Test Quiz", status: .waiting, phase: .waiting, questionCount: 0)))
            try await QuizHandlerTests.withHandler(quiz, authentication) { server in
                let client = try await server.connect()
                let response = try await client.send(
                    "quiz:join", #"{"sessionId": "session123", "token": "valid_token"}"#, answer: "quiz:joined")
                #expect(authentication.verified == ["valid_token"])
                #expect(quiz.calls == [.join("session123", QuizHandlerTests.mockUser)])
                #expect(response.text("sessionId") == "session123")
                #expect(response.text("title") == "Test Quiz")
                #expect(response.text("status") == "waiting")
            }
        }

        @Test("should reject join with invalid token")
        func invalidToken() async throws {
            let quiz = QuizServiceDouble()
            try await QuizHandlerTests.withHandler(quiz, AuthenticationDouble([:])) { server in
                let client = try await server.connect()
                let error = try await client.send(
                    "quiz:join", #"{"sessionId": "session123", "token": "invalid_token"}"#, answer: "quiz:error")
                #expect(error.text("message") == "Invalid authentication token")
                #expect(error.text("code") == "unauthenticated")
                #expect(error.text("event") == "quiz:join")
                #expect(quiz.calls.isEmpty)
            }
        }

        @Test("should handle non-existent quiz session")
        func unknownSession() async throws {
            try await QuizHandlerTests.withHandler(QuizServiceDouble(), AuthenticationDouble(["valid_token": QuizHandlerTests.mockUser])) {
                server in
                let client = try await server.connect()
                let error = try await client.send(
                    "quiz:join", #"{"sessionId": "nonexistent", "token": "valid_token"}"#, answer: "quiz:error")
                #expect(error.text("message") == "Session not found")
            }
        }
    }

    @Suite("quiz:answer event")
    struct AnswerEvent {
        @Test("should submit answer and return score")
        func answer() async throws {
            let authentication = AuthenticationDouble(["valid_token": QuizHandlerTests.mockUser])
            let quiz = QuizServiceDouble(
                result: AnswerResult(sessionId: "session123", questionId: "q1", correct: true, score: 100, timeBonus: 25, totalScore: 125))
            try await QuizHandlerTests.withHandler(quiz, authentication) { server in
                let client = try await server.connect()
                let result = try await client.send(
                    "quiz:answer", #"{"sessionId": "session123", "questionId": "q1", "answer": 2, "token": "valid_token"}"#,
                    answer: "quiz:answer:result")
                #expect(quiz.calls == [.answer("session123", "q1", QuizHandlerTests.mockUser, .index(2))])
                #expect(result["correct"]?.bool == true)
                #expect(result.number("score") == 100)
                #expect(result.number("timeBonus") == 25)
                #expect(result.number("totalScore") == 125)
            }
        }

        @Test("should enforce rate limiting on answer submissions")
        func rateLimit() async throws {
            // The results wait at a gate: the refusal has to come at once, not after them.
            let gate = Gate()
            let quiz = QuizServiceDouble(
                result: AnswerResult(sessionId: "session123", questionId: "q", correct: true, score: 100), answers: gate)
            try await QuizHandlerTests.withHandler(quiz, AuthenticationDouble(["valid_token": QuizHandlerTests.mockUser])) { server in
                let client = try await server.connect()
                for index in 0..<10 {
                    try await client.emit(
                        "quiz:answer",
                        #"{"sessionId": "session123", "questionId": "q\#(index)", "answer": 1, "token": "valid_token"}"# as JSON)
                }
                let error = try await client.payload("quiz:error")
                #expect(error.text("message")?.contains("rate limit") == true)
                #expect(error.text("code") == "rate_limited")
                #expect((error.number("retryAfterMs") ?? 0) > 0)
                gate.open()
                for _ in 0..<9 { _ = try await client.payload("quiz:answer:result") }
                #expect(client.unread.isEmpty)
                #expect(quiz.calls.count == 9)
            }
        }
    }
}
