/// `quiz:question:closed`: the reveal.
public struct QuestionClosed: Hashable, Sendable, Codable {
    public var sessionId: String
    public var questionId: String
    /// From 1.
    public var questionNumber: Int
    public var questionCount: Int
    public var correctAnswer: Answer
    /// How often each option was chosen; empty for a question without options.
    public var distribution: [Int]
    /// The most frequent texts of a question without options.
    public var texts: [TextCount]?
    /// How many players answered.
    public var answered: Int
    /// For a player: their own place after this question.
    public var you: OwnStanding?

    public init(
        sessionId: String, questionId: String, questionNumber: Int, questionCount: Int, correctAnswer: Answer, distribution: [Int],
        texts: [TextCount]? = nil, answered: Int, you: OwnStanding? = nil
    ) {
        self.sessionId = sessionId
        self.questionId = questionId
        self.questionNumber = questionNumber
        self.questionCount = questionCount
        self.correctAnswer = correctAnswer
        self.distribution = distribution
        self.texts = texts
        self.answered = answered
        self.you = you
    }
}

/// How often a text was answered.
public struct TextCount: Hashable, Sendable, Codable {
    public var text: String
    public var count: Int

    public init(text: String, count: Int) {
        self.text = text
        self.count = count
    }
}

/// A player's own place on the board.
public struct OwnStanding: Hashable, Sendable, Codable {
    public var rank: Int
    public var score: Int
    public var correctAnswers: Int
    /// How many are on the board.
    public var players: Int

    public init(rank: Int, score: Int, correctAnswers: Int, players: Int) {
        self.rank = rank
        self.score = score
        self.correctAnswers = correctAnswers
        self.players = players
    }
}
