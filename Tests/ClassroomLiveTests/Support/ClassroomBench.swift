import Classroom
import ClassroomStore
import Logging
import SocketIOCore
import SocketIOServer
import SocketIOTesting

@testable import ClassroomLive

/// A classroom on a memory store with a clock of its own, and the source document's people and quiz in it.
struct ClassroomBench: Sendable {
    let clock: ManualClassroomClock
    let store: any ClassroomStore
    var configuration = RuntimeConfiguration()

    init(
        store: any ClassroomStore = MemoryStore(), clock: ManualClassroomClock = ManualClassroomClock(),
        _ change: (inout RuntimeConfiguration) -> Void = { _ in }
    ) {
        self.store = store
        self.clock = clock
        change(&configuration)
    }

    static let quiz = Quiz(
        id: "quiz1", title: "Integration Test Quiz",
        questions: [
            Question(id: "q1", question: "What is 2 + 2?", options: ["3", "4", "5", "6"], correctAnswer: .index(1)),
            Question(
                id: "q2", question: "What is the capital of France?", options: ["London", "Berlin", "Paris", "Madrid"],
                correctAnswer: .index(2)),
        ], createdBy: "instructor1")

    static let instructor = User(
        id: "instructor1", username: "teacher1", role: .instructor, permissions: [.createQuizzes, .manageQuizzes])

    /// `student0_token` … and `instructor_token`, `other_token`.
    func addPeople(students: Int = 4) async throws {
        try await store.save(Self.quiz)
        try await add(Self.instructor, token: "instructor_token")
        try await add(User(id: "other", username: "Other", role: .instructor), token: "other_token")
        for index in 0..<students { try await add(User(id: "user\(index)", username: "student\(index)"), token: "student\(index)_token") }
    }

    func add(_ user: User, token: String) async throws {
        try await store.save(user)
        try await store.createToken(hash: TokenHash.sha256Hex(token), userID: user.id, expiresAt: nil, createdAt: 0)
    }

    /// Starts a runtime on a server in process and stops both at the end.
    func run(students: Int = 4, _ body: (Classroom) async throws -> Void) async throws {
        try await addPeople(students: students)
        try await restart(body)
    }

    /// The same with what the store holds already.
    func restart(_ body: (Classroom) async throws -> Void) async throws {
        let io = SocketIO()
        let clock = clock
        let runtime = ClassroomRuntime(
            io: io, store: store, authentication: StoredTokenAuthentication(store: store, now: { clock.now }),
            configuration: configuration, clock: clock, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        try await runtime.start()
        try await withTestServer(inProcess: io) { server in
            try await body(Classroom(server: server, runtime: runtime, clock: clock, store: store))
        }
        await runtime.drain()
    }

    /// A running classroom.
    struct Classroom: Sendable {
        let server: TestServer
        let runtime: ClassroomRuntime
        let clock: ManualClassroomClock
        let store: any ClassroomStore

        /// Somebody signed in by the handshake; nil: nobody.
        func connect(_ token: String? = nil) async throws -> TestClient {
            guard let token else { return try await server.connect() }
            return try await server.connect(auth: JSONObject { $0.field("token", token) })
        }

        /// Somebody more, who may sign in from now on.
        func add(_ user: User, token: String) async throws {
            try await store.save(user)
            try await store.createToken(hash: TokenHash.sha256Hex(token), userID: user.id, expiresAt: nil, createdAt: 0)
        }

        func student(_ index: Int) async throws -> TestClient { try await connect("student\(index)_token") }

        /// A host with a session.
        func host(_ sessionID: String = "test_session_1", settings: String = "{}") async throws -> TestClient {
            let host = try await connect("instructor_token")
            let created = try await host.ask(
                "quiz:create_session", #"{"quizId": "quiz1", "sessionId": "\#(sessionID)", "settings": \#(settings)}"#)
            guard created.isOK else { throw ClassroomError(.internalError, created.description) }
            return host
        }

        /// A student who has joined.
        func player(_ index: Int, _ sessionID: String = "test_session_1") async throws -> TestClient {
            let player = try await student(index)
            let joined = try await player.ask("quiz:join", #"{"sessionId": "\#(sessionID)"}"#)
            guard joined.isOK else { throw ClassroomError(.internalError, joined.description) }
            return player
        }

        /// Starts the session and lets the lead-in pass.
        func start(_ host: TestClient, _ sessionID: String = "test_session_1") async throws {
            let started = try await host.ask("quiz:start", #"{"sessionId": "\#(sessionID)"}"#)
            guard started.isOK else { throw ClassroomError(.internalError, started.description) }
            clock.advance(by: 1_000)
        }
    }
}
