import Classroom
import SocketIOCore
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("Tokens that cannot be")
struct TokenShapeTests {
    @Test(
        "a token that is no text, or a longer one than there are, is a bad token in every request, signed in or not",
        arguments: ["5", "{}", "\"\"", "\"\(String(repeating: "x", count: 9_000))\""], [nil, "student0_token"])
    func badTokens(_ token: String, _ signedIn: String?) async throws {
        try await ClassroomBench().run { classroom in
            let client = try await classroom.connect(signedIn)
            for (event, fields) in [
                ("auth", ""), ("quiz:join", #""sessionId": "s", "#),
                ("quiz:answer", #""sessionId": "s", "questionId": "q1", "answer": 1, "#),
                ("quiz:join", #""joinCode": "123456", "nickname": "x", "#),
            ] {
                let refused = try await client.ask(event, JSON(stringLiteral: #"{\#(fields)"token": \#(token)}"#))
                #expect(refused["error"]?.text("message") == "Invalid authentication token", "\(event)")
                #expect(refused.code == "unauthenticated")
            }
        }
    }

    @Test("a token may have 4,096 bytes of ASCII, or 256 of anything, and not one more")
    func lengths() {
        #expect(TokenLimits.accepts(String(repeating: "x", count: 4_096)))
        #expect(!TokenLimits.accepts(String(repeating: "x", count: 4_097)))
        #expect(TokenLimits.accepts("e" + String(repeating: "\u{301}", count: 127) + "x"))
        #expect(!TokenLimits.accepts("e" + String(repeating: "\u{301}", count: 128)))
    }

    @Test("a null token is none")
    func nullToken() async throws {
        try await ClassroomBench().run { classroom in
            _ = try await classroom.host()
            let client = try await classroom.student(0)
            #expect(try await client.ask("quiz:join", #"{"sessionId": "test_session_1", "token": null}"#).isOK)
        }
    }
}
