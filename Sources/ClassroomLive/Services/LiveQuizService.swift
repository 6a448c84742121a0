import Classroom
import ClassroomStore
import NIOConcurrencyHelpers
import NIOCore
import SocketIOServer

/// The quiz sessions of all nodes. It checks the caller's permission, and has the node that runs the session carry out the call.
final class LiveQuizService: QuizService {
    let store: any ClassroomStore
    let registry: SessionRegistry
    let leases: SessionLeases
    private let authentication: any AuthenticationService
    private let guestTokens: any GuestTokenIssuer
    let configuration: RuntimeConfiguration
    let clock: any ClassroomClock
    /// Nil if there are no other nodes.
    let nodes: NodeExchange?
    let cluster: (any ClassroomCluster)?
    private let lastCreation = NIOLockedValueBox<UnixMilliseconds>(0)

    init(
        store: any ClassroomStore, registry: SessionRegistry, leases: SessionLeases, authentication: any AuthenticationService,
        guestTokens: any GuestTokenIssuer, configuration: RuntimeConfiguration, clock: any ClassroomClock, nodes: NodeExchange? = nil,
        cluster: (any ClassroomCluster)? = nil
    ) {
        self.cluster = cluster
        self.store = store
        self.registry = registry
        self.leases = leases
        self.authentication = authentication
        self.guestTokens = guestTokens
        self.configuration = configuration
        self.clock = clock
        self.nodes = nodes
    }

    // MARK: Creating

    func createSession(_ creation: SessionCreation, _ user: User, _ context: CallContext) async throws -> CreatedSession {
        try require(.createQuizzes, of: user)
        let settings = try SessionSettings.parse(creation.settings, defaults: configuration.sessionDefaults)
        // The host sees the correct answers in the report.
        guard let owner = try await store.quizOwner(id: creation.quizID) else { throw Self.quizNotFound }
        guard Quiz.mayBeHosted(owner: owner, by: user.id) else {
            throw ClassroomError(.forbidden, "The quiz belongs to somebody else")
        }
        // Nothing is read for somebody who may not have it, for an id that is taken, or for whom there is no room.
        if let id = creation.sessionID, try await store.sessionCreation(id: id) != nil { throw ClassroomError.sessionExists }
        let id = creation.sessionID ?? RandomIdentifier.uuid()
        if registry.loaded(id) == nil { try registry.requireRoom(for: user.id) }
        let room: Places.Place?
        do { room = try await registry.memory(ofQuiz: creation.quizID, for: user.id, sessionID: id) } catch {
            // Nobody is told how long a quiz is that is another's by now.
            guard try await mayHost(creation.quizID, user.id) else { throw Self.quizNotFound }
            throw error
        }
        // Another's quiz may have taken the id meanwhile.
        guard let quiz = try await store.quiz(id: creation.quizID), quiz.mayBeHosted(by: user.id) else { throw Self.quizNotFound }
        let memory = try registry.memory(of: quiz, for: user.id, sessionID: id, room)
        let record = try await create(id, quiz, settings, user)
        if let code = record.joinCode { keep(code, of: SessionIncarnation(id: record.id, createdAt: record.createdAt)) }
        let session: SessionActor
        do { session = try await registry.adopt(record, quiz, memory) } catch is SessionElsewhere {
            // Somebody asked another node for the session as soon as its row was there.
            _ = try await carryOut(
                .observe(managesQuizzes: true), in: id, user, CallContext(socket: context.socket, receivedAt: context.receivedAt))
            return CreatedSession(
                sessionId: id, quizId: quiz.id, title: quiz.title, status: record.status, joinCode: record.joinCode)
        }
        if let socket = context.socket {
            nodes?.seatHost(socket, user.id, in: id)
            await session.seatHost(user, socket)
        }
        return CreatedSession(
            sessionId: id, quizId: quiz.id, title: quiz.title, status: record.status, joinCode: record.joinCode)
    }

    /// Whether there is such a quiz that this user may host.
    func mayHost(_ quizID: String, _ userID: String) async throws -> Bool {
        guard let owner = try await store.quizOwner(id: quizID) else { return false }
        return Quiz.mayBeHosted(owner: owner, by: userID)
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

    func joinSession(_ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionSnapshot {
        try require(.participate, of: user)
        return try snapshot(try await reply(.join, sessionID, user, context))
    }

    func joinGuest(_ sessionID: String, nickname: String, _ context: CallContext) async throws -> GuestAdmission {
        let name = try Nickname(nickname).display
        let guest = User(id: User.guestPrefix + RandomIdentifier.uuid(), username: name, role: .guest)
        _ = try await carryOut(.mayJoin(nickname: name), in: sessionID, guest, context)
        let token = try await guestTokens.issueToken(for: guest)
        let context = context.changingReplies { $0.withGuestToken(token) }
        do {
            let reply = try await reply(.join, sessionID, guest, context)
            return GuestAdmission(user: guest, token: token, snapshot: try snapshot(reply.withGuestToken(token)))
        } catch {
            await guestTokens.revokeTokens(of: guest.id)
            throw error
        }
    }

    func observeSession(_ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionSnapshot {
        let managesQuizzes = authentication.hasPermission(user, .manageQuizzes)
        return try snapshot(try await reply(.observe(managesQuizzes: managesQuizzes), sessionID, user, context))
    }

    func leaveSession(_ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionLeft {
        // A user without a seat in a running session cannot leave one.
        if registry.loaded(sessionID) != nil || nodes?.place(of: sessionID) != nil {
            do { _ = try await carryOut(.leave, in: sessionID, user, context) } catch let error as ClassroomError
                where error == .sessionNotFound
            {}
        }
        return SessionLeft(sessionId: sessionID)
    }

    func socketLeft(_ socketID: String, _ sessionID: String, _ user: User) async {
        nodes?.socketLeft(socketID, user.id, from: sessionID)
        await registry.loaded(sessionID)?.socketLeft(socketID, user.id)
    }

    // MARK: Playing

    func submitAnswer(
        _ sessionID: String, _ questionID: String, _ user: User, _ answer: Answer, timeSpent: Double?, _ context: CallContext
    ) async throws -> AnswerResult {
        try require(.participate, of: user)
        let action = SessionAction.answer(questionID: questionID, answer: answer, timeSpent: timeSpent)
        guard case .answerResult(let result) = try await reply(action, sessionID, user, context).event else { throw Self.unexpectedReply }
        return result
    }

    func getLeaderboard(_ sessionID: String) async throws -> LeaderboardReport {
        let document = try await board(sessionID, User(id: "", username: ""), managesQuizzes: nil)
        return try LeaderboardDocument.report(document)
    }

    /// The whole board as JSON, for those who may see it.
    func leaderboardDocument(_ sessionID: String, for user: User) async throws -> ByteBuffer {
        try await board(sessionID, user, managesQuizzes: authentication.hasPermission(user, .manageQuizzes))
    }

    private func board(_ sessionID: String, _ user: User, managesQuizzes: Bool?) async throws -> ByteBuffer {
        if let board = try await finalBoard(of: sessionID) {
            if let managesQuizzes, !board.isOpen(to: user.id, managesQuizzes: managesQuizzes) { throw Self.boardRefused }
            return board.document.bytes
        }
        let action = SessionAction.board(managesQuizzes: managesQuizzes)
        guard case .board(let document) = try await carryOut(action, in: sessionID, user, CallContext(receivedAt: clock.now)) else {
            throw Self.unexpectedReply
        }
        return document
    }

    // MARK: Hosting

    func startSession(_ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionReply {
        try await control(.start, sessionID, user, context)
    }

    func nextQuestion(_ sessionID: String, seen: String?, _ user: User, _ context: CallContext) async throws -> SessionReply {
        try await control(.next(seen: seen), sessionID, user, context)
    }

    func closeQuestion(_ sessionID: String, seen: String?, _ user: User, _ context: CallContext) async throws -> SessionReply {
        try await control(.close(seen: seen), sessionID, user, context)
    }

    func endSession(_ sessionID: String, seen: String?, _ user: User, _ context: CallContext) async throws -> SessionReply {
        try await control(.end(seen: seen), sessionID, user, context)
    }

    func kick(
        _ userID: String, from sessionID: String, seen: String?, _ user: User, _ context: CallContext
    ) async throws -> SessionReply {
        try await control(.kick(userID: userID, seen: seen), sessionID, user, context)
    }

    func lock(_ sessionID: String, isLocked: Bool, _ user: User, _ context: CallContext) async throws -> SessionReply {
        try await control(.lock(isLocked: isLocked), sessionID, user, context)
    }

    private func control(_ action: SessionAction, _ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionReply {
        try require(.manageQuizzes, of: user)
        return try await reply(action, sessionID, user, context)
    }

    static let boardRefused = ClassroomError(.forbidden, "The board is for those who take part")

    private static let quizNotFound = ClassroomError(.notFound, "Quiz not found")

    private func require(_ permission: Permission, of user: User) throws {
        guard authentication.hasPermission(user, permission) else {
            throw ClassroomError(.forbidden, "Permission \(permission.rawValue) is required")
        }
    }

    private static let unexpectedReply = ClassroomError(.internalError, "The session has no answer")

    private func reply(
        _ action: SessionAction, _ sessionID: String, _ user: User, _ context: CallContext
    ) async throws -> SessionReply {
        guard case .reply(let reply) = try await carryOut(action, in: sessionID, user, context) else { throw Self.unexpectedReply }
        return reply
    }

    private func snapshot(_ reply: SessionReply) throws -> SessionSnapshot {
        switch reply.event {
        case .joined(let snapshot), .observing(let snapshot): return snapshot
        default: throw Self.unexpectedReply
        }
    }
}

extension SessionReply {
    /// With the token by which a guest who has joined comes back.
    fileprivate func withGuestToken(_ token: String) -> SessionReply {
        guard case .joined(var snapshot) = event else { return self }
        snapshot.you?.token = token
        return SessionReply(.joined(snapshot), isRoomEvent: isRoomEvent)
    }
}
