public import Classroom
import GRDB

extension SQLiteStore {
    public func session(id: String) async throws -> SessionRecord? {
        try await read { [defaultSettings] db in try SessionRows.one(id, defaults: defaultSettings, in: db) }
    }

    public func sessionCreation(id: String) async throws -> UnixMilliseconds? {
        try await read { db in try SessionRows.creation(id, in: db) }
    }

    public func sessionAccess(to sessionID: String, for userID: String) async throws -> SessionAccess? {
        try await read { db in try SessionRows.sessionAccess(to: sessionID, for: userID, in: db) }
    }

    public func hasSession(ofQuiz quizID: String, statuses: Set<SessionStatus>) async throws -> Bool {
        try await read { db in try SessionRows.exists(ofQuiz: quizID, statuses: statuses, in: db) }
    }

    public func session(joinCode: String) async throws -> SessionIncarnation? {
        try await read { db in try SessionRows.incarnation(joinCode: joinCode, in: db) }
    }

    public func sessions(statuses: Set<SessionStatus>?, createdBy: String?, limit: Int) async throws -> [SessionRecord] {
        try await read { [defaultSettings] db in
            try SessionRows.list(statuses: statuses, createdBy: createdBy, limit: limit, defaults: defaultSettings, in: db)
        }
    }

    public func sessionSummaries(
        statuses: Set<SessionStatus>?, owners: [String], limit: Int, offset: Int
    ) async throws -> [SessionSummary] {
        guard !owners.isEmpty else { return [] }
        return try await read { [defaultSettings] db in
            try SessionRows.summaries(
                statuses: statuses, owners: owners, limit: limit, offset: offset, defaults: defaultSettings, in: db)
        }
    }

    public func countSessions() async throws -> [SessionStatus: Int] {
        try await read { db in try SessionRows.count(in: db) }
    }

    public func ownerlessSessions(limit: Int, abandonedRemainder: Duration) async throws -> [String] {
        try await read { db in try LeaseRows.ownerless(limit: limit, now: MachineClock.now, in: db) }
    }

    public func participants(sessionID: String) async throws -> [ParticipantRecord] {
        try await read { db in try ParticipantRows.all(sessionID: sessionID, in: db) }
    }

    public func answers(sessionID: String) async throws -> [AnswerRecord] {
        try await read { db in try AnswerRows.all(sessionID: sessionID, in: db) }
    }

    public func recentChat(roomID: String, limit: Int) async throws -> [ChatMessage] {
        try await read { db in try ChatRows.recent(roomID: roomID, limit: limit, in: db) }
    }
}
