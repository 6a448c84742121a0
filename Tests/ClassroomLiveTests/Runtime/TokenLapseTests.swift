import Classroom
import ClassroomStore
import ClassroomTestSupport
import SocketIOCore
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("Tokens that lapse")
struct TokenLapseTests {
    private let hash = TokenHash.sha256Hex("student0_token")

    @Test("a join with a token that was revoked is refused, also on the socket that the token signed in")
    func revokedInRequest() async throws {
        try await ClassroomBench().run { classroom in
            _ = try await classroom.host()
            let client = try await classroom.student(0)
            #expect(try await classroom.store.revokeToken(hash: hash))
            let refused = try await client.ask("quiz:join", #"{"sessionId": "test_session_1", "token": "student0_token"}"#)
            #expect(refused["error"]?.text("message") == "Invalid authentication token")
            #expect(try await client.ask("quiz:join", #"{"sessionId": "test_session_1"}"#).code == "unauthenticated")
        }
    }

    @Test("auth with the socket's own token, revoked, signs the socket out; with another bad one it does not")
    func revokedInAuth() async throws {
        try await ClassroomBench().run { classroom in
            let client = try await classroom.student(0)
            #expect(try await client.ask("auth", #"{"token": "nonsense"}"#).code == "unauthenticated")
            #expect(try await client.ask("chat:join", #"{"roomId": "r"}"#).isOK)
            #expect(try await classroom.store.revokeToken(hash: hash))
            #expect(try await client.ask("auth", #"{"token": "student0_token"}"#).code == "unauthenticated")
            #expect(try await client.ask("chat:message", #"{"content": "hi"}"#).code == "unauthenticated")
            #expect(classroom.runtime.snapshot().activeUsers == 0)
        }
    }

    @Test("a socket whose token was revoked is signed out within seconds, and told; the others stay")
    func sweep() async throws {
        try await ClassroomBench().run { classroom in
            let host = try await classroom.host()
            let player = try await classroom.player(0)
            let other = try await classroom.player(1)
            _ = try await player.ask("chat:join", #"{"roomId": "r"}"#)
            #expect(try await classroom.store.revokeToken(hash: hash))
            classroom.clock.advance(by: 5_000)
            let told = try await player.payload("auth:error")
            #expect(told.text("message") == "Invalid authentication token")
            #expect(told.text("code") == "unauthenticated")
            #expect(told.text("event") == "auth")
            #expect(try await player.ask("chat:message", #"{"content": "hi"}"#).code == "unauthenticated")
            try await eventually { classroom.runtime.snapshot().players == 1 }
            #expect(classroom.runtime.snapshot().chatRooms == 0)
            try await classroom.start(host)
            _ = try await other.payload("quiz:question")
            #expect(!player.unread.contains { $0.name == "quiz:started" })
        }
    }

    @Test("a token's end signs the socket out at the next look, not before")
    func expiry() async throws {
        try await ClassroomBench().run { classroom in
            try await classroom.store.createToken(
                hash: TokenHash.sha256Hex("short"), userID: "user0", expiresAt: classroom.clock.now + 7_000, createdAt: 0)
            let client = try await classroom.connect("short")
            classroom.clock.advance(by: 5_000)
            #expect(try await client.ask("chat:join", #"{"roomId": "r"}"#).isOK)
            classroom.clock.advance(by: 5_000)
            _ = try await client.payload("auth:error")
        }
    }
}
