public import Classroom

/// Reads.
extension MemoryStore {
    // MARK: People

    public func user(id: String) async throws -> User? { try read { $0.users[id] } }

    public func user(username: String) async throws -> User? {
        try read { tables in tables.users.values.filter { $0.username == username }.min { $0.id < $1.id } }
    }

    public func countUsers() async throws -> Int { try read { $0.users.count } }

    public func user(forTokenHash hash: String, now: UnixMilliseconds) async throws -> User? {
        try read { $0.user(forTokenHash: hash, now: now) }
    }

    public func validTokens(among hashes: [String], now: UnixMilliseconds) async throws -> Set<String> {
        try read { tables in Set(hashes.filter { tables.user(forTokenHash: $0, now: now) != nil }) }
    }

    // MARK: Quizzes

    public func quiz(id: String) async throws -> Quiz? { try read { $0.quizzes[id] } }

    public func quizzes(createdBy: String?) async throws -> [Quiz] {
        try read { tables in
            tables.quizzes.values.filter { createdBy == nil || $0.createdBy == createdBy }.sorted { ($0.title, $0.id) < ($1.title, $1.id) }
        }
    }

    public func playedQuiz(sessionID: String) async throws -> Quiz? { try read { $0.playedQuiz(sessionID) } }

    public func sessionTitles(_ sessionIDs: [String]) async throws -> [String: String] {
        try read { tables in
            var titles: [String: String] = [:]
            for id in sessionIDs {
                guard let session = tables.sessions[id] else { continue }
                let quiz = tables.playedQuiz(id) ?? tables.quizzes[session.record.quizID].flatMap { session.record.mayPlay($0) ? $0 : nil }
                titles[id] = quiz?.title
            }
            return titles
        }
    }

    // MARK: Sessions

    public func session(id: String) async throws -> SessionRecord? { try read { $0.sessions[id]?.record } }

    public func sessionCreation(id: String) async throws -> UnixMilliseconds? { try read { $0.sessions[id]?.record.createdAt } }

    public func sessionAccess(to sessionID: String, for userID: String) async throws -> SessionAccess? {
        try read { tables in
            tables.sessions[sessionID].map { session in
                let participant = session.participants[userID]
                return SessionAccess(
                    status: session.record.status, createdBy: session.record.createdBy, hasJoined: participant != nil,
                    isKicked: participant?.kicked ?? false)
            }
        }
    }

    public func hasSession(ofQuiz quizID: String, statuses: Set<SessionStatus>) async throws -> Bool {
        try read { tables in
            tables.sessions.values.contains { $0.record.quizID == quizID && statuses.contains($0.record.status) }
        }
    }

    public func session(joinCode: String) async throws -> SessionIncarnation? {
        try read { $0.session(joinCode: joinCode).map { SessionIncarnation(id: $0.id, createdAt: $0.createdAt) } }
    }

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

    public func ownerlessSessions(limit: Int, abandonedRemainder: Duration) async throws -> [String] {
        let now = MachineClock.now
        return try read { tables in
            let sessions = tables.sessions.values.filter { $0.isOrphan(at: now) }
            return Array(sessions.map(\.record.id).sorted().prefix(max(0, limit)))
        }
    }

    public func participants(sessionID: String) async throws -> [ParticipantRecord] {
        try read { tables in
            (tables.sessions[sessionID]?.participants.values.map { $0 } ?? []).sorted {
                ($0.joinedAt, $0.userID) < ($1.joinedAt, $1.userID)
            }
        }
    }

    // MARK: Answers and messages

    public func answers(sessionID: String) async throws -> [AnswerRecord] {
        try read { tables in
            (tables.sessions[sessionID]?.answers.values.map { $0 } ?? []).sorted {
                ($0.answeredAt, $0.questionID, $0.userID) < ($1.answeredAt, $1.questionID, $1.userID)
            }
        }
    }

    public func recentChat(roomID: String, limit: Int) async throws -> [ChatMessage] {
        try read { Array(($0.rooms[roomID] ?? []).suffix(max(0, limit))) }
    }
}
