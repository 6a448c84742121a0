import Classroom
import Testing

/// A session joined to a store of dictionaries: what the effects ask to persist is what a restart finds.
struct Room {
    var session: QuizSession
    private(set) var record: SessionRecord
    private(set) var participants: [ParticipantRecord] = []
    /// In the order of the commits.
    private(set) var answers: [AnswerRecord] = []
    /// Decided, waiting for their commit.
    private(set) var queue: [AnswerRecord] = []
    private(set) var wake: UnixMilliseconds?
    /// All effects so far.
    private(set) var log: [SessionEffect] = []
    private let quiz: Quiz

    init(_ settings: SessionSettings = .init(), quiz: Quiz = .sample, limits: SessionLimits = .init()) {
        let record = SessionRecord(id: "s", quizID: quiz.id, joinCode: "123456", createdBy: "host", settings: settings)
        self.init(record: record, quiz: quiz, limits: limits)
    }

    init(
        record: SessionRecord, quiz: Quiz = .sample, participants: [ParticipantRecord] = [], answers: [AnswerRecord] = [],
        limits: SessionLimits = .init()
    ) {
        self.record = record
        self.quiz = quiz
        self.participants = participants
        self.answers = answers
        session = QuizSession(record: record, quiz: quiz, participants: participants, answers: answers, limits: limits)
    }

    /// Applies a command and persists what it asks for; answers wait for `commit`.
    @discardableResult
    mutating func apply(_ command: SessionCommand, at now: UnixMilliseconds) throws -> [SessionEffect] {
        let effects = try session.apply(command, at: now)
        log += effects
        for effect in effects {
            switch effect {
            case .persistSession(let next): record = next
            case .persistParticipant(let next):
                if let index = participants.firstIndex(where: { $0.userID == next.userID }) {
                    participants[index] = next
                } else {
                    participants.append(next)
                }
            case .forgetParticipant(let gone): participants.removeAll { $0.userID == gone.userID }
            case .storeAnswer(let answer): queue.append(answer)
            case .schedule(let at): wake = at
            default: break
            }
        }
        return effects
    }

    /// Commits the answers that wait, in their order. The first of a key counts.
    @discardableResult
    mutating func commit(at now: UnixMilliseconds) throws -> [SessionEffect] {
        var effects: [SessionEffect] = []
        for answer in queue {
            queue.removeFirst()
            if let first = answers.first(where: { $0.key == answer.key }) {
                effects += try apply(.answerDuplicate(first), at: now)
            } else {
                answers.append(answer)
                effects += try apply(.answerCommitted(answer), at: now)
            }
        }
        return effects
    }

    /// Somebody deletes the rows of all answers.
    mutating func deleteAnswers() { answers = [] }

    /// An answer that the store failed to keep.
    mutating func dropOldest() -> AnswerRecord? { queue.isEmpty ? nil : queue.removeFirst() }

    @discardableResult
    mutating func join(_ users: String..., at now: UnixMilliseconds = 0) throws -> [SessionEffect] {
        var effects: [SessionEffect] = []
        for user in users { effects += try apply(.join(userID: user, name: user, isNickname: false), at: now) }
        return effects
    }

    /// Answers and commits at once; the result as the player gets it.
    @discardableResult
    mutating func answer(
        _ user: String, _ question: String, _ answer: Answer, at now: UnixMilliseconds
    ) throws -> AnswerResult {
        var effects = try apply(.answer(userID: user, questionID: question, answer: answer, timeSpent: nil), at: now)
        effects += try commit(at: now)
        return try #require(effects.results.first)
    }

    /// The timer fires at the moment it was set to.
    @discardableResult
    mutating func fireTimer() throws -> [SessionEffect] {
        try apply(.tick, at: try #require(wake))
    }

    /// Started, the lead-in over, the first question open at `now`.
    mutating func startAndOpen(at now: UnixMilliseconds = 1_000) throws {
        try apply(.start(by: "host"), at: now - Int64(record.settings.leadInMs))
        try apply(.tick, at: now)
    }

    /// What a process that starts anew would build, with nobody connected.
    func restarted() -> Room {
        Room(record: record, quiz: quiz, participants: participants, answers: answers, limits: session.limits)
    }
}

extension Quiz {
    /// Three questions of four options, correct are 1, 2 and 3.
    static let sample = Quiz(
        id: "quiz1", title: "Integration Test Quiz",
        questions: (1...3).map { number in
            Question(id: "q\(number)", question: "Question \(number)?", options: ["a", "b", "c", "d"], correctAnswer: .index(number))
        }, createdBy: "host")
}
