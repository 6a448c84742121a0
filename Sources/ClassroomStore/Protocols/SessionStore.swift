public import Classroom

/// Sessions and who takes part in them.
///
/// Rows may come and go behind the server's back. `createdAt` tells one incarnation of a session id from the next: a row that was deleted
/// and written anew has another one.
public protocol SessionStore: StoreWriting {
    /// Stores a new session, and removes rows that an earlier session of the same id left behind.
    /// - Throws: `ClassroomError.sessionExists` or `ClassroomError.joinCodeInUse` (both `.conflict`).
    func createSession(_ session: SessionRecord) async throws
    func session(id: String) async throws -> SessionRecord?
    /// When the session of this id was created. Nil if there is none. The cost does not depend on the size of its row.
    func sessionCreation(id: String) async throws -> UnixMilliseconds?
    /// What decides whether this user may look into the session. Nil if there is no session. The cost does not depend on the size of its row,
    /// its quiz or its class.
    func sessionAccess(to sessionID: String, for userID: String) async throws -> SessionAccess?
    /// Whether a session of this quiz has one of these states.
    func hasSession(ofQuiz quizID: String, statuses: Set<SessionStatus>) async throws -> Bool
    /// The waiting or active session with this join code. The cost does not depend on its settings.
    func session(joinCode: String) async throws -> SessionIncarnation?
    /// The sessions with one of these states (nil: any) and this owner (nil: any), the newest first.
    func sessions(statuses: Set<SessionStatus>?, createdBy: String?, limit: Int) async throws -> [SessionRecord]
    /// A page of the sessions of all these owners with one of these states (nil: any), the newest first: at most `limit` after the first
    /// `offset`. What is left out costs the same however large its settings are.
    func sessionSummaries(statuses: Set<SessionStatus>?, owners: [String], limit: Int, offset: Int) async throws -> [SessionSummary]
    /// How many sessions there are of each state but `ended`.
    func countSessions() async throws -> [SessionStatus: Int]
    /// Ids of active sessions without an owner: their lease was never taken, or ended without being given up.
    ///
    /// - Parameter abandonedRemainder: a lease with no more than this left counts as ended, if the store can tell that the process of its
    ///   owner is gone. Only PostgreSQL can: each server's connection holds a lock.
    func ownerlessSessions(limit: Int, abandonedRemainder: Duration) async throws -> [String]
    /// Deletes a session with its participants and answers. Returns whether it existed.
    func deleteSession(id: String) async throws -> Bool

    /// Everyone who ever joined, the kicked and those who left included, in the order of joining.
    func participants(sessionID: String) async throws -> [ParticipantRecord]
}

extension SessionStore {
    /// For a store that has its sessions at hand.
    public func sessionSummaries(
        statuses: Set<SessionStatus>?, owners: [String], limit: Int, offset: Int
    ) async throws -> [SessionSummary] {
        var all: [SessionSummary] = []
        for owner in owners { all += try await sessions(statuses: statuses, createdBy: owner).map(SessionSummary.init) }
        all.sort { ($1.createdAt, $0.id) < ($0.createdAt, $1.id) }
        return Array(all.dropFirst(offset).prefix(limit))
    }

    public func createSession(_ session: SessionRecord) async throws { try await perform(.createSession(session)) }

    public func deleteSession(id: String) async throws -> Bool { try await perform(.deleteSession(id: id), \.flag) }

    /// Replaces the session's row, except its lease. The result is false, with nothing written, if the row is gone or is another
    /// incarnation (another `createdAt`). Fails with `ClassroomError.joinCodeInUse` if another live session has the code, and with
    /// `.staleEpoch` if the row's epoch is higher than the record's.
    /// - Parameter keepsSettings: the settings stay as they are in the row. They may be long, and do not change while a session is played.
    public func update(
        _ session: SessionRecord, keepsSettings: Bool = false, completion: @escaping @Sendable (Result<Bool, ClassroomError>) -> Void
    ) {
        perform(.updateSession(session, keepsSettings: keepsSettings), \.flag, completion: completion)
    }

    /// ``update(_:keepsSettings:completion:)``, awaited.
    public func update(_ session: SessionRecord, keepsSettings: Bool = false) async throws(ClassroomError) -> Bool {
        try await perform(.updateSession(session, keepsSettings: keepsSettings), \.flag)
    }

    /// Creates the participant, or replaces the one of the same session and user. The result is false, with nothing written, if the
    /// session's row is gone or is another incarnation.
    public func save(
        _ participant: ParticipantRecord, fence: SessionFence = .none,
        completion: @escaping @Sendable (Result<Bool, ClassroomError>) -> Void
    ) {
        perform(.saveParticipant(participant, fence), \.flag, completion: completion)
    }

    /// ``save(_:fence:completion:)``, awaited.
    public func save(_ participant: ParticipantRecord, fence: SessionFence = .none) async throws(ClassroomError) -> Bool {
        try await perform(.saveParticipant(participant, fence), \.flag)
    }

    /// Deletes the participant's row if there is one. The result is false if the session's row is gone or is another incarnation.
    public func delete(
        _ participant: ParticipantRecord, fence: SessionFence = .none,
        completion: @escaping @Sendable (Result<Bool, ClassroomError>) -> Void
    ) {
        perform(.deleteParticipant(participant, fence), \.flag, completion: completion)
    }

    /// ``delete(_:fence:completion:)``, awaited.
    public func delete(_ participant: ParticipantRecord, fence: SessionFence = .none) async throws(ClassroomError) -> Bool {
        try await perform(.deleteParticipant(participant, fence), \.flag)
    }

    /// ``ownerlessSessions(limit:abandonedRemainder:)``, where each lease lasts to its end.
    public func ownerlessSessions(limit: Int) async throws -> [String] {
        try await ownerlessSessions(limit: limit, abandonedRemainder: .zero)
    }

    /// Asks for a session's lease. It is granted if nobody holds it, if the caller holds it, or if it has expired; with `takesOver` in any
    /// case. A change of the owner raises the epoch.
    public func acquireLease(_ request: StoreWrite.LeaseRequest) async throws(ClassroomError) -> LeaseOutcome {
        try await perform(.acquireLease(request), \.lease)
    }

    /// Renews the leases that the owner still holds, and returns those.
    public func renewLeases(
        of sessionIDs: [String], owner: String, duration: Duration
    ) async throws(ClassroomError) -> [String: SessionLease] {
        try await perform(.renewLeases(owner: owner, sessionIDs: sessionIDs, duration: duration), \.leases)
    }

    /// Gives up the leases that the owner still holds, so that others need not wait for their end.
    public func releaseLeases(of sessionIDs: [String], owner: String) async throws(ClassroomError) {
        try await perform(.releaseLeases(owner: owner, sessionIDs: sessionIDs))
    }

    /// All sessions with one of these states, the newest first; for resuming after a restart.
    public func sessions(statuses: Set<SessionStatus>? = nil, createdBy: String? = nil) async throws -> [SessionRecord] {
        try await sessions(statuses: statuses, createdBy: createdBy, limit: .max)
    }
}
