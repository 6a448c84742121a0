import Classroom
import ClassroomStore
import ClassroomTestSupport
import Logging
import SocketIOCore
import SocketIOServer
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("A client never sees the text of an error that is not ours")
struct StrangeErrorTests {
    private struct StrangeAuthentication: AuthenticationService {
        func verifyToken(_ token: String) async throws -> User? {
            if token == "broken" { throw StrangeError() }
            return User(id: token, username: token, role: .instructor)
        }
    }

    static let requests: [(String, String)] = [
        ("auth", #"{"token": "broken"}"#), ("quiz:create_session", #"{"quizId": "quiz1"}"#), ("quiz:join", #"{"sessionId": "s"}"#),
        ("quiz:join", #"{"joinCode": "123456", "nickname": "Gus"}"#), ("quiz:observe", #"{"sessionId": "s"}"#),
        ("quiz:start", #"{"sessionId": "s"}"#), ("quiz:answer", #"{"sessionId": "s", "questionId": "q1", "answer": 1}"#),
        ("chat:join", #"{"roomId": "r"}"#),
    ]

    @Test("an unexpected error of the store or the sign-in is answered as internal", arguments: requests)
    func events(event: String, payload: String) async throws {
        let io = SocketIO()
        let runtime = ClassroomRuntime(
            io: io, store: StrangeStore(), authentication: StrangeAuthentication(), clock: ManualClassroomClock(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        // Its start reads the live sessions, and this store has none to tell.
        await #expect(throws: StrangeError.self) { try await runtime.start() }
        try await withTestServer(inProcess: io) { server in
            let client = try await server.connect(auth: JSONObject { $0.field("token", "ann") })
            let answer = try await client.ask(event, JSON(stringLiteral: payload))
            #expect(answer.code == "internal")
            #expect(answer["error"]?.text("message") == "Internal error")
            await #expect(throws: (any Error).self) { _ = try await server.connect(auth: JSONObject { $0.field("token", "broken") }) }
        }
        await runtime.drain()
    }
}
