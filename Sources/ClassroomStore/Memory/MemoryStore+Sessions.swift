public import Classroom

extension MemoryStore {
    public func createSession(_ session: SessionRecord) async throws { try await write { try $0.create(session) } }

    public func session(id: String) async throws -> SessionRecord? { try read { $0.sessions[id]?.record } }

    public func sessionCreation(id: String) async throws -> UnixMilliseconds? { try read { $0.sessions[id]?.record.createdAt } }

    public func hasSession(ofQuiz quizID: String, statuses: Set<SessionStatus>) async throws -> Bool {
        try read { tables in
            tables.sessions.values.contains { $0.record.quizID == quizID && statuses.contains($0.record.status) }
        }
    }

    public func session(joinCode: String) async throws -> SessionRecord? { try read { $0.session(joinCode: joinCode) } }

    public func sessions(statuses: Set<SessionStatus>?, createdBy: String?, limit: Int) async throws -> [SessionRecord] {
        try read { tables in
            let records = tables.sessions.values.map(\.record).filter { record in
                (statuses?.contains(record.status) ?? true) && (createdBy == nil || record.createdBy == createdBy)
            }
            return Array(records.sorted { ($1.createdAt, $0.id) < ($0.createdAt, $1.id) }.prefix(max(0, limit)))
        }
    }

    public func countSessions() async throws -> [SessionStatus: Int] {
        try read { tables in
            let states = tables.sessions.values.map(\.record.status).filter { $0 != .ended }
            return Dictionary(states.map { ($0, 1) }, uniquingKeysWith: +)
        }
    }

    public func update(_ session: SessionRecord, completion: @escaping @Sendable (Result<Bool, ClassroomError>) -> Void) {
        write({ try $0.update(session) }, completion: completion)
    }

    public func deleteSession(id: String) async throws -> Bool { try await write { $0.sessions.removeValue(forKey: id) != nil } }

    public func participants(sessionID: String) async throws -> [ParticipantRecord] {
        try read { tables in
            (tables.sessions[sessionID]?.participants.values.map { $0 } ?? []).sorted {
                ($0.joinedAt, $0.userID) < ($1.joinedAt, $1.userID)
            }
        }
    }

    public func save(
        _ participant: ParticipantRecord, sessionCreatedAt: UnixMilliseconds?,
        completion: @escaping @Sendable (Result<Bool, ClassroomError>) -> Void
    ) {
        write({ $0.save(participant, sessionCreatedAt) }, completion: completion)
    }

    public func delete(
        _ participant: ParticipantRecord, sessionCreatedAt: UnixMilliseconds?,
        completion: @escaping @Sendable (Result<Bool, ClassroomError>) -> Void
    ) {
        write({ $0.delete(participant, sessionCreatedAt) }, completion: completion)
    }
}
