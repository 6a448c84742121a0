import Classroom
import ClassroomLive
import ClassroomTestSupport
import NIOConcurrencyHelpers

/// An authentication service that knows one token, and records what it is asked.
final class AuthenticationDouble: AuthenticationService {
    let users: [String: User]
    let gate: Gate?
    /// The tokens that wait at the gate; nil: all.
    let gated: Set<String>?
    private let tokens = NIOLockedValueBox<[String]>([])

    init(_ users: [String: User], gate: Gate? = nil, gated: Set<String>? = nil) {
        self.gated = gated
        self.users = users
        self.gate = gate
    }

    var verified: [String] { tokens.withLockedValue { $0 } }

    func verifyToken(_ token: String) async throws -> User? {
        tokens.withLockedValue { $0.append(token) }
        if gated?.contains(token) != false { await gate?.pass() }
        return users[token]
    }

    func hasPermission(_ user: User, _ permission: Permission) -> Bool { user.permissions.contains(permission) }
}

/// A quiz service that answers what it was told to, and records what it is asked.
final class QuizServiceDouble: QuizService {
    enum Call: Equatable, Sendable {
        case join(String, User)
        case answer(String, String, User, Answer)
        case leave(String)
        case create(String)
        case observe(String)
        case control(String, String)
        case socketLeft(String)
    }

    private let record = NIOLockedValueBox<[Call]>([])
    let joined: Result<SessionSnapshot, ClassroomError>
    let result: AnswerResult
    /// Where answers wait.
    let answers: Gate?
    let departed = Gate()

    init(
        joined: Result<SessionSnapshot, ClassroomError> = .failure(.sessionNotFound),
        result: AnswerResult = AnswerResult(sessionId: "", questionId: ""), answers: Gate? = nil
    ) {
        self.joined = joined
        self.result = result
        self.answers = answers
    }

    var calls: [Call] { record.withLockedValue { $0 } }
    private func note(_ call: Call) { record.withLockedValue { $0.append(call) } }

    func createSession(_ creation: SessionCreation, _ user: User, _ context: CallContext) async throws -> CreatedSession {
        note(.create(creation.quizID))
        return CreatedSession(sessionId: creation.sessionID ?? "new", quizId: creation.quizID, title: "Quiz", joinCode: "123456")
    }

    func sessionID(joinCode: String) async throws -> String { throw ClassroomError.sessionNotFound }

    func joinSession(_ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionSnapshot {
        note(.join(sessionID, user))
        return try joined.get()
    }

    func joinGuest(_ sessionID: String, nickname: String, _ context: CallContext) async throws -> GuestAdmission {
        throw ClassroomError.sessionNotFound
    }

    func observeSession(_ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionSnapshot {
        note(.observe(sessionID))
        return try joined.get()
    }

    func submitAnswer(
        _ sessionID: String, _ questionID: String, _ user: User, _ answer: Answer, timeSpent: Double?, _ context: CallContext
    ) async throws -> AnswerResult {
        note(.answer(sessionID, questionID, user, answer))
        await answers?.pass()
        return result
    }

    func leaveSession(_ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionLeft {
        note(.leave(sessionID))
        return SessionLeft(sessionId: sessionID)
    }

    func startSession(_ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionReply {
        try control("start", sessionID)
    }

    func nextQuestion(_ sessionID: String, seen: String?, _ user: User, _ context: CallContext) async throws -> SessionReply {
        try control(seen.map { "next after \($0)" } ?? "next", sessionID)
    }

    func closeQuestion(_ sessionID: String, seen: String?, _ user: User, _ context: CallContext) async throws -> SessionReply {
        try control("close", sessionID)
    }

    func endSession(_ sessionID: String, seen: String?, _ user: User, _ context: CallContext) async throws -> SessionReply {
        try control("end", sessionID)
    }

    func kick(
        _ userID: String, from sessionID: String, seen: String?, _ user: User, _ context: CallContext
    ) async throws -> SessionReply {
        try control("kick \(userID)", sessionID)
    }

    func lock(_ sessionID: String, isLocked: Bool, _ user: User, _ context: CallContext) async throws -> SessionReply {
        try control("lock \(isLocked)", sessionID)
    }

    private func control(_ action: String, _ sessionID: String) throws -> SessionReply {
        note(.control(action, sessionID))
        return SessionReply(.left(SessionLeft(sessionId: sessionID)), isRoomEvent: true)
    }

    func getLeaderboard(_ sessionID: String) async throws -> LeaderboardReport { throw ClassroomError.sessionNotFound }

    func socketLeft(_ socketID: String, _ sessionID: String, _ user: User) async {
        note(.socketLeft(sessionID))
        await departed.pass()
    }
}
