/// Lookups that the rules share.
extension QuizSession {
    /// For a user who may manage quizzes; the permission itself is checked outside.
    public func isHost(_ userID: String) -> Bool { record.isHosted(by: userID, managesQuizzes: true) }

    func isHost(_ userID: String, managesQuizzes: Bool) -> Bool { record.isHosted(by: userID, managesQuizzes: managesQuizzes) }

    /// Joined, neither kicked nor gone.
    public func isParticipant(_ userID: String) -> Bool { players[userID]?.isTakingPart ?? false }

    public func isKicked(_ userID: String) -> Bool { players[userID]?.record.kicked ?? false }

    /// What decides who may look into the session. The store has the same of a session that is not in memory.
    public func access(of userID: String) -> SessionAccess {
        let participant = players[userID]?.record
        return SessionAccess(
            status: phase.status, createdBy: record.createdBy, hasJoined: participant != nil, isKicked: participant?.kicked ?? false)
    }

    /// In the order of joining.
    public var participants: [ParticipantRecord] { players.inOrder.map(\.record) }

    /// One who ever joined.
    public func participant(_ userID: String) -> ParticipantRecord? { players[userID]?.record }

    /// All durable answers, user by user, each user's in the order of their commits.
    public var answers: [AnswerRecord] {
        sheets.sorted { $0.key < $1.key }.flatMap { $0.value.lines.map(\.record) }
    }

    public var hasPendingAnswers: Bool { !pending.isEmpty }

    /// The time at which the session wants `.tick`.
    public var nextWake: UnixMilliseconds? {
        switch phase {
        case .waiting, .ended: nil
        case .leadIn: record.questionOpenedAt
        case .open: isSelfPaced ? nil : closingTime
        case .closed: record.settings.autoAdvance ? record.questionDeadline.map { $0 + Int64(max(0, record.settings.advanceDelayMs)) } : nil
        }
    }

    var isSelfPaced: Bool { record.settings.pace == .self }

    var leadIn: Int64 { Int64(max(0, record.settings.leadInMs)) }

    /// The question that is open or was closed last, of a live session.
    var currentIndex: Int? {
        guard !isSelfPaced, phase == .open || phase == .closed || phase == .ended else { return nil }
        return quiz.questions.indices.contains(record.questionIndex) ? record.questionIndex : nil
    }

    func duration(of index: Int, for userID: String?) -> Int {
        // A duration of zero would open and close the same question for ever.
        let base = max(1, quiz.questions[index].durationMs ?? record.settings.questionDurationMs)
        return base + (userID.map(extraTime) ?? 0)
    }

    func extraTime(_ userID: String) -> Int { max(0, record.settings.extraTimeMs[userID] ?? 0) }

    /// The last moment at which an answer of this user to the current question counts.
    func deadline(for userID: String) -> UnixMilliseconds? {
        guard let index = currentIndex, let opened = record.questionOpenedAt, let common = record.questionDeadline else { return nil }
        // Once closed, `questionDeadline` is the moment of the close, and it binds everybody.
        if phase == .open { return common + Int64(extraTime(userID)) }
        return min(common, opened + Int64(duration(of: index, for: userID)))
    }

    /// The time at which the open question closes by itself: the latest deadline of a player who has extra time and has not answered.
    var closingTime: UnixMilliseconds? {
        guard currentIndex != nil, let common = record.questionDeadline else { return nil }
        return common + Int64(longestExtraTime ?? computedExtraTime)
    }

    /// The longest extra time of those who take part and have not answered the current question.
    var computedExtraTime: Int {
        guard let index = currentIndex else { return 0 }
        let questionID = quiz.questions[index].id
        var longest = 0
        for userID in record.settings.extraTimeMs.keys where isParticipant(userID) && !hasAnswered(userID, questionID) {
            longest = max(longest, extraTime(userID))
        }
        return longest
    }

    /// Answered durably or being stored.
    func hasAnswered(_ userID: String, _ questionID: String) -> Bool {
        sheets[userID]?.contains(questionID) == true || pending[AnswerKey(questionID: questionID, userID: userID)] != nil
    }

    /// Whether correctness and points of a question may be shown.
    func isRevealed(_ questionID: String) -> Bool {
        guard record.settings.revealAnswers == .afterClose, phase != .ended else { return true }
        guard !isSelfPaced, let index = questionIndices[questionID] else { return false }
        return index < record.questionIndex || (index == record.questionIndex && phase == .closed)
    }

    /// A player's own question in a self-paced session: the first without a durable answer. Nil when all are answered.
    func ownIndex(_ userID: String) -> Int? {
        let index = sheets[userID]?.firstOpen ?? 0
        return index < quiz.questions.count ? index : nil
    }

    /// Whether a player has answered what there is to answer now.
    func isDone(_ userID: String) -> Bool {
        if isSelfPaced { return ownIndex(userID) == nil }
        guard let index = currentIndex else { return false }
        return sheets[userID]?.contains(quiz.questions[index].id) == true
    }

    /// Counts anew because another question is current: looks at every player once.
    mutating func recountDone() {
        let questions = quiz.questions
        for userID in sheets.keys { sheets[userID]?.advance(in: questions) }
        for player in players.all() {
            var player = player
            player.isDone = isDone(player.record.userID)
            player.wasHereAtOpening = wasHereAtOpening(player.record)
            players.put(player)
        }
    }

    func wasHereAtOpening(_ participant: ParticipantRecord) -> Bool {
        record.questionOpenedAt.map { participant.joinedAt <= $0 } ?? false
    }

    func requireHost(_ userID: String) throws(ClassroomError) {
        guard isHost(userID) else { throw Self.notHost }
    }

    func requireNotEnded() throws(ClassroomError) {
        guard phase != .ended else { throw Self.over }
    }

    static let notHost = ClassroomError(.forbidden, "Only the host of this session may do this")
    static let over = ClassroomError(.closed, "The session has ended")
    static let notJoined = ClassroomError(.forbidden, "Join the session first")
}

/// The phase of a session. A live one goes waiting → leadIn → open → closed → open → … → ended; a self-paced one has no `closed`.
public enum SessionPhase: String, Sendable, Hashable, Codable, CaseIterable {
    case waiting, leadIn, open, closed, ended

    public var status: SessionStatus {
        switch self {
        case .waiting: .waiting
        case .leadIn, .open, .closed: .active
        case .ended: .ended
        }
    }
}
