import Classroom
import ClassroomStore
import NIOConcurrencyHelpers
import NIOCore
import SocketIOServer

/// The quiz sessions of this server. It finds a session's actor, checks the caller's permission, and passes the call on.
final class LiveQuizService: QuizService {
    private let store: any ClassroomStore
    private let registry: SessionRegistry
    private let authentication: any AuthenticationService
    private let guestTokens: any GuestTokenIssuer
    private let configuration: RuntimeConfiguration
    private let clock: any ClassroomClock
    private let counters: RuntimeCounters
    private let lastCreation = NIOLockedValueBox<UnixMilliseconds>(0)

    init(
        store: any ClassroomStore, registry: SessionRegistry, authentication: any AuthenticationService,
        guestTokens: any GuestTokenIssuer, configuration: RuntimeConfiguration, clock: any ClassroomClock, counters: RuntimeCounters
    ) {
        self.store = store
        self.registry = registry
        self.authentication = authentication
        self.guestTokens = guestTokens
        self.configuration = configuration
        self.clock = clock
        self.counters = counters
    }

    // MARK: Creating

    func createSession(_ creation: SessionCreation, _ user: User, _ context: CallContext) async throws -> CreatedSession {
        try require(.createQuizzes, of: user)
        let settings = try SessionSettings.parse(creation.settings, defaults: configuration.sessionDefaults)
        guard let quiz = try await store.quiz(id: creation.quizID) else { throw ClassroomError(.notFound, "Quiz not found") }
        // The host sees the correct answers in the report.
        guard quiz.mayBeHosted(by: user.id) else { throw ClassroomError(.forbidden, "The quiz belongs to somebody else") }
        let id = creation.sessionID ?? RandomIdentifier.uuid()
        if registry.loaded(id) == nil { try registry.requireRoom(for: user.id) }
        let record = try await create(id, quiz, settings, user)
        let session = try await registry.adopt(record, quiz)
        if let socket = context.socket { await session.seatHost(user, socket) }
        return CreatedSession(
            sessionId: id, quizId: quiz.id, title: quiz.title, status: record.status, joinCode: record.joinCode)
    }

    /// Writes the row. The database says whether the id is free, and whether the code is.
    private func create(_ id: String, _ quiz: Quiz, _ settings: SessionSettings, _ user: User) async throws -> SessionRecord {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<JoinCode.maximumAttempts {
            guard let code = JoinCode.generate(using: &generator, isTaken: { _ in false }) else { break }
            let record = SessionRecord(
                id: id, quizID: quiz.id, joinCode: code.value, createdBy: user.id, settings: settings, createdAt: creationTime())
            do {
                try await store.createSession(record)
                return record
            } catch let error as ClassroomError where error == .joinCodeInUse {
                continue
            }
        }
        throw ClassroomError(.unavailable, "No join code is free", retryAfterMs: 1_000)
    }

    /// The current time, made unique: it tells two sessions of the same id apart.
    private func creationTime() -> UnixMilliseconds {
        let now = clock.now
        return lastCreation.withLockedValue { last in
            last = max(now, last + 1)
            return last
        }
    }

    // MARK: Joining

    func sessionID(joinCode: String) async throws -> String {
        guard let code = JoinCode(joinCode), let record = try await store.session(joinCode: code.value) else {
            throw ClassroomError.sessionNotFound
        }
        return record.id
    }

    func joinSession(_ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionSnapshot {
        try require(.participate, of: user)
        return try snapshot(try await with(sessionID, checksRow: true) { try await $0.join(user, context) })
    }

    func joinGuest(_ sessionID: String, nickname: String, _ context: CallContext) async throws -> GuestAdmission {
        let name = try Nickname(nickname).display
        let guest = User(id: User.guestPrefix + RandomIdentifier.uuid(), username: name, role: .guest)
        try await with(sessionID, checksRow: true) { try await $0.mayJoin(nickname: name, device: context.device) }
        let token = try await guestTokens.issueToken(for: guest)
        do {
            let reply = try await with(sessionID) { try await $0.join(guest, context, guestToken: token) }
            return GuestAdmission(user: guest, token: token, snapshot: try snapshot(reply))
        } catch {
            await guestTokens.revokeTokens(of: guest.id)
            throw error
        }
    }

    func observeSession(_ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionSnapshot {
        let managesQuizzes = authentication.hasPermission(user, .manageQuizzes)
        return try snapshot(
            try await with(sessionID, checksRow: true) { try await $0.observe(user, managesQuizzes: managesQuizzes, context) })
    }

    func leaveSession(_ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionLeft {
        let left = SessionLeft(sessionId: sessionID)
        // A user without a seat in a session in memory cannot leave one.
        if let session = registry.loaded(sessionID) {
            do { _ = try await session.leave(user, context) } catch is SessionRetired {}
        }
        return left
    }

    func socketLeft(_ socketID: String, _ sessionID: String, _ user: User) async {
        await registry.loaded(sessionID)?.socketLeft(socketID, user.id)
    }

    // MARK: Playing

    func submitAnswer(
        _ sessionID: String, _ questionID: String, _ user: User, _ answer: Answer, timeSpent: Double?, _ context: CallContext
    ) async throws -> AnswerResult {
        try require(.participate, of: user)
        let reply = try await with(sessionID) {
            try await $0.submit(questionID, user, answer, timeSpent: timeSpent, context)
        }
        guard case .answerResult(let result) = reply.event else { throw Self.unexpectedReply }
        return result
    }

    func getLeaderboard(_ sessionID: String) async throws -> LeaderboardReport {
        try await with(sessionID, checksRow: true) { try await $0.leaderboard() }
    }

    /// The whole board as JSON, for those who may see it.
    func leaderboardDocument(_ sessionID: String, for user: User) async throws -> ByteBuffer {
        let managesQuizzes = authentication.hasPermission(user, .manageQuizzes)
        return try await with(sessionID, checksRow: true) { session in
            guard try await session.mayReadBoard(user.id, managesQuizzes: managesQuizzes) else {
                throw ClassroomError(.forbidden, "The board is for those who take part")
            }
            return try await session.leaderboardDocument()
        }
    }

    // MARK: Hosting

    func startSession(_ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionReply {
        try require(.manageQuizzes, of: user)
        return try await with(sessionID, checksRow: true) { session in
            // If another user's quiz has taken the id meanwhile, it is not played.
            if let quiz = try await store.quiz(id: session.quizID), quiz.mayBeHosted(by: session.createdBy) { await session.use(quiz) }
            return try await session.control(.start(by: user.id), user, context)
        }
    }

    func nextQuestion(_ sessionID: String, seen: String?, _ user: User, _ context: CallContext) async throws -> SessionReply {
        try await control(.next(by: user.id, seen: seen), sessionID, user, context)
    }

    func closeQuestion(_ sessionID: String, seen: String?, _ user: User, _ context: CallContext) async throws -> SessionReply {
        try await control(.close(by: user.id, seen: seen), sessionID, user, context)
    }

    func endSession(_ sessionID: String, seen: String?, _ user: User, _ context: CallContext) async throws -> SessionReply {
        try await control(.end(by: user.id, seen: seen), sessionID, user, context)
    }

    func kick(
        _ userID: String, from sessionID: String, seen: String?, _ user: User, _ context: CallContext
    ) async throws -> SessionReply {
        try await control(.kick(userID: userID, by: user.id, seen: seen), sessionID, user, context)
    }

    func lock(_ sessionID: String, isLocked: Bool, _ user: User, _ context: CallContext) async throws -> SessionReply {
        try await control(.lock(isLocked, by: user.id), sessionID, user, context)
    }

    private func control(
        _ command: SessionCommand, _ sessionID: String, _ user: User, _ context: CallContext
    ) async throws -> SessionReply {
        try require(.manageQuizzes, of: user)
        return try await with(sessionID, checksRow: true) { try await $0.control(command, user, context) }
    }

    // MARK: Finding

    private static let attempts = 4
    private static let unexpectedReply = ClassroomError(.internalError, "The session has no answer")

    /// Works with a session, which is loaded if it is not in memory.
    ///
    /// - Parameter checksRow: true to check whether the row was deleted or replaced by another program. Writes detect that by themselves.
    private func with<Value: Sendable>(
        _ sessionID: String, checksRow: Bool = false, _ body: (SessionActor) async throws -> Value
    ) async throws -> Value {
        for _ in 0..<Self.attempts {
            let session = try await registry.session(sessionID)
            if checksRow {
                let created = try await store.sessionCreation(id: sessionID)
                if created != session.createdAt {
                    await session.vanish()
                    if created == nil { throw ClassroomError.sessionNotFound }
                    continue
                }
            }
            do {
                return try await body(session)
            } catch is SessionRetired {
                continue
            }
        }
        throw ClassroomError(.unavailable, "The session is busy, please try again", retryAfterMs: 1_000)
    }

    private func require(_ permission: Permission, of user: User) throws {
        guard authentication.hasPermission(user, permission) else {
            throw ClassroomError(.forbidden, "Permission \(permission.rawValue) is required")
        }
    }

    private func snapshot(_ reply: SessionReply) throws -> SessionSnapshot {
        switch reply.event {
        case .joined(let snapshot), .observing(let snapshot): return snapshot
        default: throw Self.unexpectedReply
        }
    }
}
