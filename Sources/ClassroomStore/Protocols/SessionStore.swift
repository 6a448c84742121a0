public import Classroom

/// Sessions and who takes part in them.
///
/// Rows may come and go behind the server's back. `createdAt` tells one incarnation of a session id from the next: a row that was deleted
/// and written anew has another one.
public protocol SessionStore: Sendable {
    /// Stores a new session. What an earlier session of the same id may have left behind is removed.
    /// - Throws: `ClassroomError.sessionExists` or `ClassroomError.joinCodeInUse` (both `.conflict`).
    func createSession(_ session: SessionRecord) async throws
    func session(id: String) async throws -> SessionRecord?
    /// When the session of this id was created; nil: there is none. Costs the same however much its row holds.
    func sessionCreation(id: String) async throws -> UnixMilliseconds?
    /// Whether a session of this quiz has one of these states.
    func hasSession(ofQuiz quizID: String, statuses: Set<SessionStatus>) async throws -> Bool
    /// The session, waiting or active, that one joins with this code.
    func session(joinCode: String) async throws -> SessionRecord?
    /// The sessions with one of these states (nil: any) and this owner (nil: any), the newest first.
    func sessions(statuses: Set<SessionStatus>?, createdBy: String?, limit: Int) async throws -> [SessionRecord]
    /// How many sessions there are of each state but `ended`.
    func countSessions() async throws -> [SessionStatus: Int]
    /// Replaces the session's row. False: the row vanished, or is another incarnation (another `createdAt`); nothing was written.
    /// `ClassroomError.joinCodeInUse` when another live session has the code. See ``ClassroomStore`` for where the completion runs.
    func update(_ session: SessionRecord, completion: @escaping @Sendable (Result<Bool, ClassroomError>) -> Void)
    /// Whether there was such a session. Participants and answers go with it.
    func deleteSession(id: String) async throws -> Bool

    /// Everyone who ever joined, the kicked and those who left included, in the order of joining.
    func participants(sessionID: String) async throws -> [ParticipantRecord]
    /// Creates the participant or replaces the one of the same session and user. False: the session's row vanished, or is another
    /// incarnation; nothing was written.
    /// - Parameter sessionCreatedAt: of the session that was joined; nil: whichever has the id.
    func save(
        _ participant: ParticipantRecord, sessionCreatedAt: UnixMilliseconds?,
        completion: @escaping @Sendable (Result<Bool, ClassroomError>) -> Void)
    /// Deletes the participant's row, if there is one. False: the session's row vanished, or is another incarnation.
    func delete(
        _ participant: ParticipantRecord, sessionCreatedAt: UnixMilliseconds?,
        completion: @escaping @Sendable (Result<Bool, ClassroomError>) -> Void)
}

extension SessionStore {
    /// ``SessionStore/update(_:completion:)``, awaited.
    public func update(_ session: SessionRecord) async throws(ClassroomError) -> Bool {
        try await committed { update(session, completion: $0) }
    }

    /// A participant of whichever session has the id.
    public func save(_ participant: ParticipantRecord, completion: @escaping @Sendable (Result<Bool, ClassroomError>) -> Void) {
        save(participant, sessionCreatedAt: nil, completion: completion)
    }

    /// ``SessionStore/save(_:sessionCreatedAt:completion:)``, awaited.
    public func save(
        _ participant: ParticipantRecord, sessionCreatedAt: UnixMilliseconds? = nil
    ) async throws(ClassroomError) -> Bool {
        try await committed { save(participant, sessionCreatedAt: sessionCreatedAt, completion: $0) }
    }

    /// ``SessionStore/delete(_:sessionCreatedAt:completion:)``, awaited.
    public func delete(
        _ participant: ParticipantRecord, sessionCreatedAt: UnixMilliseconds? = nil
    ) async throws(ClassroomError) -> Bool {
        try await committed { delete(participant, sessionCreatedAt: sessionCreatedAt, completion: $0) }
    }

    /// All sessions with one of these states, the newest first; for resuming after a restart.
    public func sessions(statuses: Set<SessionStatus>? = nil, createdBy: String? = nil) async throws -> [SessionRecord] {
        try await sessions(statuses: statuses, createdBy: createdBy, limit: .max)
    }
}
