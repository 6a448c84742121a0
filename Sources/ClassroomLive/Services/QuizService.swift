public import Classroom

/// The quiz sessions, as the event handlers and the HTTP API see them. A seam: tests put a double in its place.
///
/// The service checks permissions and membership; the handlers have checked the sender and the shape of the payload before. A refusal is a
/// `ClassroomError`. What a service has to say before anything that follows from it, it says through ``CallContext/reply(_:)``, and then
/// returns the same.
public protocol QuizService: Sendable {
    /// Creates a session that waits to be started; the caller's socket is its host.
    func createSession(_ creation: SessionCreation, _ user: User, _ context: CallContext) async throws -> CreatedSession
    /// The live session that players find by this code.
    func sessionID(joinCode: String) async throws -> String
    /// Joins, or rejoins, as a player.
    func joinSession(_ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionSnapshot
    /// Joins as somebody without an account; `you.token` of the answer lets them come back.
    func joinGuest(_ sessionID: String, nickname: String, _ context: CallContext) async throws -> GuestAdmission
    /// Observes a session; its owner becomes the host again.
    func observeSession(_ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionSnapshot
    /// Stores an answer, scores it and returns after the commit; the first result again when the user has answered this question before.
    func submitAnswer(
        _ sessionID: String, _ questionID: String, _ user: User, _ answer: Answer, timeSpent: Double?, _ context: CallContext
    ) async throws -> AnswerResult
    /// The socket leaves. The user leaves with their last socket in the session.
    func leaveSession(_ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionLeft

    func startSession(_ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionReply
    /// `seen`, here and below: the id of the question that the caller saw; with it the command is refused once another is current.
    func nextQuestion(_ sessionID: String, seen: String?, _ user: User, _ context: CallContext) async throws -> SessionReply
    func closeQuestion(_ sessionID: String, seen: String?, _ user: User, _ context: CallContext) async throws -> SessionReply
    func endSession(_ sessionID: String, seen: String?, _ user: User, _ context: CallContext) async throws -> SessionReply
    func kick(
        _ userID: String, from sessionID: String, seen: String?, _ user: User, _ context: CallContext
    ) async throws -> SessionReply
    /// While a session is locked nobody new may join; those who were in come back.
    func lock(_ sessionID: String, isLocked: Bool, _ user: User, _ context: CallContext) async throws -> SessionReply

    /// The whole board, durable and revealed answers only.
    func getLeaderboard(_ sessionID: String) async throws -> LeaderboardReport

    /// A socket has gone, or has another user now. Nothing is answered.
    func socketLeft(_ socketID: String, _ sessionID: String, _ user: User) async
}
