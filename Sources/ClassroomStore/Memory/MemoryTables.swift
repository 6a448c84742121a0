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

    /// A session and what hangs on it.
    struct Session {
        var record: SessionRecord
        var participants: [String: ParticipantRecord] = [:]
        var answers: [AnswerKey: AnswerRecord] = [:]
        /// The quiz as it is played.
        var quiz: Quiz?
    }

    var users: [String: User] = [:]
    var tokens: [String: Token] = [:]
    var quizzes: [String: Quiz] = [:]
    var sessions: [String: Session] = [:]
    var rooms: [String: [ChatMessage]] = [:]
    /// Those that their senders gave an id.
    var sentMessages: [SentMessage: ChatMessage] = [:]

    func user(forTokenHash hash: String, now: UnixMilliseconds) -> User? {
        guard let token = tokens[hash], token.expiresAt.map({ $0 > now }) ?? true else { return nil }
        return users[token.userID]
    }

    mutating func create(_ session: SessionRecord) throws(ClassroomError) {
        guard sessions[session.id] == nil else { throw .sessionExists }
        try checkJoinCode(of: session)
        sessions[session.id] = Session(record: session)
    }

    mutating func update(_ session: SessionRecord) throws(ClassroomError) -> Bool {
        guard sessions[session.id]?.record.createdAt == session.createdAt else { return false }
        try checkJoinCode(of: session)
        sessions[session.id]?.record = session
        return true
    }

    mutating func save(_ participant: ParticipantRecord, _ sessionCreatedAt: UnixMilliseconds?) -> Bool {
        guard session(participant.sessionID, sessionCreatedAt) != nil else { return false }
        sessions[participant.sessionID]?.participants[participant.userID] = participant
        return true
    }

    mutating func delete(_ participant: ParticipantRecord, _ sessionCreatedAt: UnixMilliseconds?) -> Bool {
        guard session(participant.sessionID, sessionCreatedAt) != nil else { return false }
        sessions[participant.sessionID]?.participants[participant.userID] = nil
        return true
    }

    mutating func submit(_ answer: AnswerRecord, _ sessionCreatedAt: UnixMilliseconds?) -> AnswerOutcome {
        let key = AnswerKey(questionID: answer.questionID, userID: answer.userID)
        guard let session = session(answer.sessionID, sessionCreatedAt) else { return .sessionVanished }
        if let first = session.answers[key] { return .duplicate(first) }
        sessions[answer.sessionID]?.answers[key] = answer
        return .stored
    }

    /// Sessions that were started and have no copy of the quiz of their own get one, before it changes.
    mutating func keepBeforeChange(_ id: String) {
        guard let quiz = quizzes[id] else { return }
        for (sessionID, session) in sessions where session.record.quizID == id && session.record.status != .waiting && session.quiz == nil {
            if session.record.mayPlay(quiz) { sessions[sessionID]?.quiz = quiz }
        }
    }

    mutating func keep(_ quiz: Quiz, _ sessionID: String, _ sessionCreatedAt: UnixMilliseconds?) -> Bool {
        guard session(sessionID, sessionCreatedAt) != nil else { return false }
        sessions[sessionID]?.quiz = quiz
        return true
    }

    func playedQuiz(_ sessionID: String) -> Quiz? {
        guard let session = sessions[sessionID], session.record.status != .waiting else { return nil }
        return session.quiz
    }

    mutating func append(_ message: ChatMessage) -> ChatMessage {
        let sent = message.clientID.map { SentMessage(roomID: message.roomID, userID: message.userID, clientID: $0) }
        if let sent, let first = sentMessages[sent] { return first }
        var message = message
        message.sequence = (rooms[message.roomID]?.last?.sequence ?? 0) + 1
        rooms[message.roomID, default: []].append(message)
        if let sent { sentMessages[sent] = message }
        return message
    }

    func session(joinCode: String) -> SessionRecord? {
        sessions.values.first { $0.record.joinCode == joinCode && $0.record.status != .ended }?.record
    }

    /// The session, unless it is another incarnation than the one that was created then.
    private func session(_ id: String, _ createdAt: UnixMilliseconds?) -> Session? {
        guard let session = sessions[id], createdAt == nil || session.record.createdAt == createdAt else { return nil }
        return session
    }

    private func checkJoinCode(of session: SessionRecord) throws(ClassroomError) {
        guard session.status != .ended, let code = session.joinCode, let holder = self.session(joinCode: code) else { return }
        if holder.id != session.id { throw .joinCodeInUse }
    }
}
