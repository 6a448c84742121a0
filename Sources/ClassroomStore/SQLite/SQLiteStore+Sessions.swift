public import Classroom
import GRDB

extension SQLiteStore {
    public func createSession(_ session: SessionRecord) async throws {
        try await write { db in try SessionRows.insert(session, in: db) }
    }

    public func session(id: String) async throws -> SessionRecord? {
        try await read { [defaultSettings] db in try SessionRows.one("id = ?", id, defaults: defaultSettings, in: db) }
    }

    public func sessionCreation(id: String) async throws -> UnixMilliseconds? {
        try await read { db in try SessionRows.creation(id, in: db) }
    }

    public func hasSession(ofQuiz quizID: String, statuses: Set<SessionStatus>) async throws -> Bool {
        try await read { db in try SessionRows.exists(ofQuiz: quizID, statuses: statuses, in: db) }
    }

    public func session(joinCode: String) async throws -> SessionRecord? {
        try await read { [defaultSettings] db in
            try SessionRows.one("join_code = ? and status <> 'ended'", joinCode, defaults: defaultSettings, in: db)
        }
    }

    public func sessions(statuses: Set<SessionStatus>?, createdBy: String?, limit: Int) async throws -> [SessionRecord] {
        try await read { [defaultSettings] db in
            try SessionRows.list(statuses: statuses, createdBy: createdBy, limit: limit, defaults: defaultSettings, in: db)
        }
    }

    public func countSessions() async throws -> [SessionStatus: Int] {
        try await read { db in try SessionRows.count(in: db) }
    }

    public func update(_ session: SessionRecord, completion: @escaping @Sendable (Result<Bool, ClassroomError>) -> Void) {
        write({ db in try SessionRows.update(session, in: db) }, completion: completion)
    }

    public func deleteSession(id: String) async throws -> Bool {
        try await write { db in
            try db.cachedStatement(sql: "delete from quiz_sessions where id = ?").execute(arguments: [id])
            return db.changesCount > 0
        }
    }

    public func participants(sessionID: String) async throws -> [ParticipantRecord] {
        try await read { db in try ParticipantRows.all(sessionID: sessionID, in: db) }
    }

    public func save(
        _ participant: ParticipantRecord, sessionCreatedAt: UnixMilliseconds?,
        completion: @escaping @Sendable (Result<Bool, ClassroomError>) -> Void
    ) {
        write({ db in try ParticipantRows.save(participant, sessionCreatedAt, in: db) }, completion: completion)
    }

    public func delete(
        _ participant: ParticipantRecord, sessionCreatedAt: UnixMilliseconds?,
        completion: @escaping @Sendable (Result<Bool, ClassroomError>) -> Void
    ) {
        write({ db in try ParticipantRows.delete(participant, sessionCreatedAt, in: db) }, completion: completion)
    }
}
