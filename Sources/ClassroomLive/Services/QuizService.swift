public import Classroom

/// The quiz sessions as the event handlers and the HTTP API see them. Tests replace it by a double.
///
/// The service checks permissions and membership; the handlers have checked the sender and the shape of the payload before. A refusal is a
/// `ClassroomError`. If an answer has to leave before the events that follow from the call, the service sends it with
/// ``CallContext/reply(_:)`` and then returns the same value.
public protocol QuizService: Sendable {
    /// Creates a session that waits to be started; the caller's socket is its host.
    func createSession(_ creation: SessionCreation, _ user: User, _ context: CallContext) async throws -> CreatedSession
    /// The live session that players find by this code.
    func sessionID(joinCode: String) async throws -> String
    /// Joins, or rejoins, as a player.
    func joinSession(_ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionSnapshot
    /// Joins as a guest. The answer's `you.token` lets the guest rejoin.
    func joinGuest(_ sessionID: String, nickname: String, _ context: CallContext) async throws -> GuestAdmission
    /// Observes a session; its owner becomes the host again.
    func observeSession(_ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionSnapshot
    /// Stores an answer, scores it and returns after the commit; the first result again when the user has answered this question before.
    func submitAnswer(
        _ sessionID: String, _ questionID: String, _ user: User, _ answer: Answer, timeSpent: Double?, _ context: CallContext
    ) async throws -> AnswerResult
    /// Removes the socket from the session, and the user with the user's last socket.
    func leaveSession(_ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionLeft

    func startSession(_ sessionID: String, _ user: User, _ context: CallContext) async throws -> SessionReply
    /// `seen`, here and below: the id of the question that the caller saw; with it the command is refused once another is current.
    func nextQuestion(_ sessionID: String, seen: String?, _ user: User, _ context: CallContext) async throws -> SessionReply
    func closeQuestion(_ sessionID: String, seen: String?, _ user: User, _ context: CallContext) async throws -> SessionReply
    func endSession(_ sessionID: String, seen: String?, _ user: User, _ context: CallContext) async throws -> SessionReply
    func kick(
        _ userID: String, from sessionID: String, seen: String?, _ user: User, _ context: CallContext
    ) async throws -> SessionReply
    /// While a session is locked nobody new may join; earlier players may rejoin.
    func lock(_ sessionID: String, isLocked: Bool, _ user: User, _ context: CallContext) async throws -> SessionReply

    /// The whole board. It counts only answers that are durable and revealed.
    func getLeaderboard(_ sessionID: String) async throws -> LeaderboardReport

    /// Removes a socket that has gone or has another user now. There is no answer.
    func socketLeft(_ socketID: String, _ sessionID: String, _ user: User) async
}
