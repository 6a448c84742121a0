import Classroom
import ClassroomStore
import SocketIOCore
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("Signing in")
struct SignInTests {
    @Test("auth answers with the user and the permissions")
    func event() async throws {
        try await ClassroomBench().run { classroom in
            let client = try await classroom.connect()
            let user = try await client.send("auth", #"{"token": "instructor_token"}"#, answer: "auth:success")
            #expect(user.text("userId") == "instructor1")
            #expect(user.text("username") == "teacher1")
            #expect(user.text("role") == "instructor")
            #expect(user["permissions"]?.elements.compactMap(\.string) == ["quiz:create", "quiz:manage"])
        }
    }

    @Test(
        "a token that is wrong, missing or no text is refused in the same words",
        arguments: [#"{"token": "x"}"#, "{}", #"{"token": 5}"#])
    func refusals(_ payload: String) async throws {
        try await ClassroomBench().run { classroom in
            let client = try await classroom.connect()
            let error = try await client.send("auth", JSON(stringLiteral: payload), answer: "auth:error")
            #expect(error.text("message") == "Invalid authentication token")
            #expect(error.text("code") == "unauthenticated")
            #expect(error.text("event") == "auth")
        }
    }

    @Test("the handshake's token signs in; a bad one is refused with CONNECT_ERROR")
    func handshake() async throws {
        try await ClassroomBench().run { classroom in
            let client = try await classroom.student(0)
            #expect(try await client.ask("chat:join", #"{"roomId": "r"}"#).isOK)
            do {
                _ = try await classroom.connect("nonsense")
                Issue.record("a bad token was accepted")
            } catch TestClientError.connectRefused(let message, let data) {
                #expect(message == "Invalid authentication token")
                #expect(data?.text("code") == "unauthenticated")
            }
        }
    }

    @Test("a server that drains refuses new requests and waits for those in hand")
    func drain() async throws {
        try await ClassroomBench().run { classroom in
            let client = try await classroom.student(0)
            _ = try await client.ask("chat:join", #"{"roomId": "r"}"#)
            await classroom.runtime.drain()
            #expect(try await client.ask("chat:message", #"{"content": "hi"}"#).code == "unavailable")
            #expect(try await client.payload("chat:error").number("retryAfterMs") == 2_000)
        }
    }
}
