import Classroom

/// The content of a ``MemoryStore``: what the tables of a database would hold.
struct MemoryTables: SelfRedacting {
    struct Token {
        var userID: String
        var expiresAt: UnixMilliseconds?
    }

    struct AnswerKey: Hashable {
        var questionID: String
        var userID: String
    }

    struct SentMessage: Hashable {
        var roomID: String
        var userID: String
        var clientID: String
    }

    /// A session with its dependent rows.
    struct Session {
        var record: SessionRecord
        var participants: [String: ParticipantRecord] = [:]
        var answers: [AnswerKey: AnswerRecord] = [:]
        /// The lease of the last owner, kept after its end.
        var lease: SessionLease?
        /// Whether the session is active without an owner: its lease was never taken, or ended without being given up.
        func isOrphan(at now: UnixMilliseconds) -> Bool {
            record.status == .active && (lease.map { $0.expiresAt > 0 && $0.expiresAt <= now } ?? true)
        }

        /// The quiz as it is played.
        var quiz: Quiz?
    }

    var users: [String: User] = [:]
    var tokens: [String: Token] = [:]
    var quizzes: [String: Quiz] = [:]
    var sessions: [String: Session] = [:]
    var rooms: [String: [ChatMessage]] = [:]
    /// The messages that have a client's id.
    var sentMessages: [SentMessage: ChatMessage] = [:]

    func user(forTokenHash hash: String, now: UnixMilliseconds) -> User? {
        guard let token = tokens[hash], token.expiresAt.map({ $0 > now }) ?? true else { return nil }
        return users[token.userID]
    }

    func playedQuiz(_ sessionID: String) -> Quiz? {
        guard let session = sessions[sessionID], session.record.status != .waiting else { return nil }
        return session.quiz
    }

    func session(joinCode: String) -> SessionRecord? {
        sessions.values.first { $0.record.joinCode == joinCode && $0.record.status != .ended }?.record
    }
}
