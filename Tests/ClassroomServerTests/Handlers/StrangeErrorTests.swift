import Classroom
import ClassroomStore
import HTTPTypes
import Logging
import SocketIOCore
import SocketIOServer
import SocketIOTesting
import Testing

@testable import ClassroomServer

@Suite("A client never sees the text of an error that is not ours")
struct StrangeErrorTests {
    private struct Strange: Error, CustomStringConvertible {
        var description: String { "SECRET select * from tokens" }
    }

    private struct StrangeAuthentication: AuthenticationService {
        func verifyToken(_ token: String) async throws -> User? {
            if token == "broken" { throw Strange() }
            return User(id: token, username: token, role: .instructor)
        }
    }

    static let requests: [(String, String)] = [
        ("auth", #"{"token": "broken"}"#), ("quiz:create_session", #"{"quizId": "quiz1"}"#), ("quiz:join", #"{"sessionId": "s"}"#),
        ("quiz:join", #"{"joinCode": "123456", "nickname": "Gus"}"#), ("quiz:observe", #"{"sessionId": "s"}"#),
        ("quiz:start", #"{"sessionId": "s"}"#), ("quiz:answer", #"{"sessionId": "s", "questionId": "q1", "answer": 1}"#),
        ("chat:join", #"{"roomId": "r"}"#),
    ]

    @Test("an event of which the store or the sign-in fails oddly is answered as internal", arguments: requests)
    func events(event: String, payload: String) async throws {
        let io = SocketIO()
        let runtime = ClassroomRuntime(
            io: io, store: StrangeStore { throw Strange() }, authentication: StrangeAuthentication(), clock: ManualClassroomClock(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        // Its start reads the live sessions, and this store has none to tell.
        await #expect(throws: Strange.self) { try await runtime.start() }
        try await withTestServer(io) { server in
            let client = try await server.connect(auth: JSONObject { $0.field("token", "ann") })
            let answer = try await client.ask(event, JSON(stringLiteral: payload))
            #expect(answer.code == "internal")
            #expect(answer["error"]?.text("message") == "Internal error")
            await #expect(throws: (any Error).self) { _ = try await server.connect(auth: JSONObject { $0.field("token", "broken") }) }
        }
        await runtime.drain()
    }

    @Test(
        "a request of the HTTP API gets 500 without details",
        arguments: [
            "/api/v1/quizzes", "/api/v1/quizzes/x", "/api/v1/sessions", "/api/v1/sessions/s/leaderboard", "/api/v1/sessions/s/report",
            "/api/v1/sessions/s/report.csv",
        ])
    func routes(path: String) async throws {
        let server = HTTPTestServer(store: StrangeStore { throw Strange() })
        let answer = try await server.call(.get, path, token: "ann")
        #expect(answer.status == 500)
        #expect(answer.code == "internal")
        #expect(!answer.body.contains("SECRET"))
    }
}

/// A store of which every read and every awaited write throws.
private struct StrangeStore: ClassroomStore {
    let failure: @Sendable () throws -> Never

    var statistics: CommitStatistics { CommitStatistics() }
    func health() async throws { try failure() }
    func close() async {}
    func user(id: String) async throws -> User? { try failure() }
    func user(username: String) async throws -> User? { try failure() }
    func save(_ user: User) async throws { try failure() }
    func countUsers() async throws -> Int { try failure() }
    func createToken(hash: String, userID: String, expiresAt: UnixMilliseconds?, createdAt: UnixMilliseconds) async throws { try failure() }
    func load(users: [UserChange], tokens: [TokenRecord]) async throws { try failure() }
    func user(forTokenHash hash: String, now: UnixMilliseconds) async throws -> User? { try failure() }
    func validTokens(among hashes: [String], now: UnixMilliseconds) async throws -> Set<String> { try failure() }
    func revokeToken(hash: String) async throws -> Bool { try failure() }
    func revokeTokens(userID: String) async throws -> Int { try failure() }
    func deleteExpired(now: UnixMilliseconds, limit: Int) async throws -> Int { try failure() }
    func quiz(id: String) async throws -> Quiz? { try failure() }
    func quizzes(createdBy: String?) async throws -> [Quiz] { try failure() }
    func create(_ quiz: Quiz) async throws { try failure() }
    func replace(_ quiz: Quiz) async throws -> Bool { try failure() }
    func save(_ quiz: Quiz) async throws { try failure() }
    func deleteQuiz(id: String) async throws -> Bool { try failure() }
    func playedQuiz(sessionID: String) async throws -> Quiz? { try failure() }
    func sessionTitles(_ sessionIDs: [String]) async throws -> [String: String] { try failure() }
    func createSession(_ session: SessionRecord) async throws { try failure() }
    func session(id: String) async throws -> SessionRecord? { try failure() }
    func sessionCreation(id: String) async throws -> UnixMilliseconds? { try failure() }
    func hasSession(ofQuiz quizID: String, statuses: Set<SessionStatus>) async throws -> Bool { try failure() }
    func session(joinCode: String) async throws -> SessionRecord? { try failure() }
    func sessions(statuses: Set<SessionStatus>?, createdBy: String?, limit: Int) async throws -> [SessionRecord] { try failure() }
    func countSessions() async throws -> [SessionStatus: Int] { try failure() }
    func deleteSession(id: String) async throws -> Bool { try failure() }
    func participants(sessionID: String) async throws -> [ParticipantRecord] { try failure() }
    func answers(sessionID: String) async throws -> [AnswerRecord] { try failure() }
    func recentChat(roomID: String, limit: Int) async throws -> [ChatMessage] { try failure() }
    func submit(
        _ answer: AnswerRecord, sessionCreatedAt: UnixMilliseconds?,
        completion: @escaping @Sendable (Result<AnswerOutcome, ClassroomError>) -> Void
    ) { completion(.failure(.storeFailed)) }
    func update(_ session: SessionRecord, completion: @escaping @Sendable (Result<Bool, ClassroomError>) -> Void) {
        completion(.failure(.storeFailed))
    }
    func save(
        _ participant: ParticipantRecord, sessionCreatedAt: UnixMilliseconds?,
        completion: @escaping @Sendable (Result<Bool, ClassroomError>) -> Void
    ) { completion(.failure(.storeFailed)) }
    func keep(
        _ quiz: Quiz, sessionID: String, sessionCreatedAt: UnixMilliseconds?,
        completion: @escaping @Sendable (Result<Bool, ClassroomError>) -> Void
    ) { completion(.failure(.storeFailed)) }
    func append(_ message: ChatMessage, completion: @escaping @Sendable (Result<ChatMessage, ClassroomError>) -> Void) {
        completion(.failure(.storeFailed))
    }
}
