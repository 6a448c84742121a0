/// The rules of one session as a value: commands go in with their time, effects come out. It holds no clock, no socket and no store.
///
/// It is rebuilt from its records alone (presence apart), so that a restart goes on where the last commit left off. Answers take two steps:
/// `answer` decides and asks for the record to be stored; `answerCommitted` folds the durable answer in. Until then the answer is pending,
/// and the same user's further tries wait for it.
public struct QuizSession: Sendable {
    public internal(set) var record: SessionRecord
    public private(set) var quiz: Quiz
    public let limits: SessionLimits
    public internal(set) var phase: SessionPhase

    /// Kicked and gone ones included.
    var players = SessionPlayers()
    /// By user id; includes users who answered without joining (rows may be written by hand).
    var sheets: [String: AnswerSheet] = [:]
    var answerCount = 0
    /// By user id: the time of the answer decided last.
    var lastAnsweredAt: [String: UnixMilliseconds] = [:]
    /// Decided, not yet known to be durable.
    var pending: [AnswerKey: AnswerRecord] = [:]
    /// Folded names of those who joined.
    var names: [String: String] = [:]
    /// The browsers of removed players.
    var removedDevices: Set<String> = []
    /// By the beginning of a folded name: the number with which the search for a free one goes on.
    var nextNumbers: [String: Int] = [:]
    /// The reveal of the question that was closed last, until an answer or a player changes it.
    var closedReveal: QuestionClosed?
    /// The longest extra time that keeps the open question open; nil: to be computed.
    var longestExtraTime: Int?
    private(set) var questionIndices: [String: Int]
    /// The time of the last `schedule` effect.
    private var scheduled: UnixMilliseconds?

    /// `answers` in the order of their commits. Apply `.resume` next.
    public init(
        record: SessionRecord, quiz: Quiz, participants: [ParticipantRecord] = [], answers: [AnswerRecord] = [],
        limits: SessionLimits = .init()
    ) {
        self.record = record
        self.quiz = quiz
        self.limits = limits
        phase = QuizSession.phase(of: record)
        questionIndices = QuizSession.indices(of: quiz)
        for participant in participants {
            guard players[participant.userID] == nil else { continue }
            players.put(SessionPlayer(record: participant))
            names[Nickname.fold(participant.username)] = participant.userID
            if participant.kicked, let device = participant.device { removedDevices.insert(device) }
        }
        for answer in answers { fold(answer) }
        recountDone()
    }

    /// Applies one command. A refusal changes nothing.
    public mutating func apply(_ command: SessionCommand, at now: UnixMilliseconds) throws(ClassroomError) -> [SessionEffect] {
        var effects: [SessionEffect] = []
        var resumed = false
        if concernsExtraTime(command) { longestExtraTime = nil }
        switch command {
        case .resume:
            resume(now, &effects)
            resumed = true
        case .join(let userID, let name, let isNickname, let device): try join(userID, name, isNickname, device, now, &effects)
        case .presence(let userID, let connected): setPresence(userID, connected, now, &effects)
        case .leave(let userID): leave(userID, now, &effects)
        case .observe(let userID, let managesQuizzes):
            try access(of: userID).requireMayObserve(userID, managesQuizzes: managesQuizzes)
            effects.append(.reply(.observing(observerSnapshot(isHost: isHost(userID, managesQuizzes: managesQuizzes), at: now))))
        case .useQuiz(let quiz): use(quiz)
        case .start(let userID): try start(userID, now, &effects)
        case .next(let userID, let seen): try next(userID, seen, now, &effects)
        case .close(let userID, let seen): try close(userID, seen, now, &effects)
        case .end(let userID, let seen): try end(userID, seen, now, &effects)
        case .kick(let userID, let by, let seen): try kick(userID, by, seen, now, &effects)
        case .lock(let isLocked, let by): try lock(isLocked, by, &effects)
        case .answer(let userID, let questionID, let answer, let timeSpent):
            try decide(AnswerKey(questionID: questionID, userID: userID), answer, timeSpent, receivedAt: now, &effects)
        case .answerCommitted(let record): committed(record, isDuplicate: false, now, &effects)
        case .answerDuplicate(let record): committed(record, isDuplicate: true, now, &effects)
        case .answerRejected(let key): rejected(key, &effects)
        case .vanished: vanish(&effects)
        case .tick: catchUp(now, &effects)
        }
        if longestExtraTime == nil { longestExtraTime = computedExtraTime }
        let wake = nextWake
        if resumed || wake != scheduled {
            scheduled = wake
            effects.append(.schedule(at: scheduled))
        }
        return effects
    }

    /// True if the command may change the moment at which the open question closes.
    private func concernsExtraTime(_ command: SessionCommand) -> Bool {
        switch command {
        case .join(let userID, _, _, _), .presence(let userID, _), .leave(let userID), .kick(let userID, _, _),
            .answer(let userID, _, _, _):
            extraTime(userID) > 0
        case .answerCommitted(let record), .answerDuplicate(let record): extraTime(record.userID) > 0
        case .answerRejected(let key): extraTime(key.userID) > 0
        case .observe, .lock: false
        default: true
        }
    }

    /// Takes effect before the start only: a quiz does not change while it is played.
    private mutating func use(_ quiz: Quiz) {
        guard phase == .waiting else { return }
        self.quiz = quiz
        questionIndices = QuizSession.indices(of: quiz)
        for userID in sheets.keys { sheets[userID]?.restart() }
        recountDone()
    }

    private static func indices(of quiz: Quiz) -> [String: Int] {
        Dictionary(quiz.questions.enumerated().map { ($1.id, $0) }) { first, _ in first }
    }

    /// The phase in a row. `.resume` completes an active row without one.
    private static func phase(of record: SessionRecord) -> SessionPhase {
        switch record.status {
        case .waiting: .waiting
        case .ended: .ended
        case .active:
            switch record.phase.flatMap(SessionPhase.init(rawValue:)) {
            case .open: .open
            case .closed: .closed
            default: .leadIn
            }
        }
    }
}

/// The bounds of one session.
public struct SessionLimits: Hashable, Sendable {
    /// Everybody who joined, including those who were removed or left. A guest who is away and has not answered gives the seat to somebody new when there
    /// is no other.
    public var maximumParticipants: Int
    /// Entries in a `quiz:leaderboard`.
    public var leaderboardEntries: Int
    /// Different texts listed in the distribution of a question without options.
    public var distributionTexts: Int

    /// User ids listed in `away` of a `quiz:progress`. The host's page knows the default: a list of that length says "500+".
    public var listedAway: Int

    /// The most guests among them. A tenth of the seats is kept for accounts, since guests cost nothing to make.
    public var maximumGuests: Int { maximumParticipants - maximumParticipants / 10 }

    public init(maximumParticipants: Int = 10_000, leaderboardEntries: Int = 100, distributionTexts: Int = 20, listedAway: Int = 500) {
        self.maximumParticipants = maximumParticipants
        self.leaderboardEntries = leaderboardEntries
        self.distributionTexts = distributionTexts
        self.listedAway = listedAway
    }
}
