/// Everything that a client needs after joining, rejoining or observing: `quiz:joined` and `quiz:observing`.
public struct SessionSnapshot: Hashable, Sendable, Codable {
    public enum Role: String, Sendable, Codable { case player, host, observer }

    public var sessionId: String
    public var title: String
    public var status: SessionStatus
    public var phase: SessionPhase
    public var pace: SessionSettings.Pace
    public var questionCount: Int
    public var players: Int
    public var role: Role
    /// For the host and observers: what a projector shows.
    public var joinCode: String?
    /// For the host and observers: nobody new may join.
    public var locked: Bool?
    /// For the host: what ``Progress/away`` says.
    public var away: [String]?
    /// In the lead-in: milliseconds until the first question.
    public var startsInMs: Int?
    public var you: You?
    /// The question that is open or was closed last; in a self-paced session the player's own.
    public var question: QuestionPayload?
    /// The player's own result for that question, when it was answered.
    public var answer: AnswerResult?
    /// The reveal, while the question is closed.
    public var closed: QuestionClosed?

    /// A player's own place in the session.
    public struct You: Hashable, Sendable, Codable, SelfRedacting {
        public var userId: String
        public var username: String
        public var score: Int
        public var correctAnswers: Int
        public var rank: Int
        /// A guest rejoins with this.
        public var token: String?

        public var redactedDescription: String { "You(\(userId), score: \(score), rank: \(rank))" }

        public init(userId: String, username: String, score: Int, correctAnswers: Int, rank: Int, token: String? = nil) {
            self.userId = userId
            self.username = username
            self.score = score
            self.correctAnswers = correctAnswers
            self.rank = rank
            self.token = token
        }
    }

    public init(
        sessionId: String, title: String, status: SessionStatus, phase: SessionPhase, pace: SessionSettings.Pace = .live,
        questionCount: Int, players: Int = 0, role: Role = .player, joinCode: String? = nil, startsInMs: Int? = nil, you: You? = nil,
        question: QuestionPayload? = nil, answer: AnswerResult? = nil, closed: QuestionClosed? = nil
    ) {
        self.sessionId = sessionId
        self.title = title
        self.status = status
        self.phase = phase
        self.pace = pace
        self.questionCount = questionCount
        self.players = players
        self.role = role
        self.joinCode = joinCode
        self.startsInMs = startsInMs
        self.you = you
        self.question = question
        self.answer = answer
        self.closed = closed
    }
}
