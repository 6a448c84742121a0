/// `quiz:answer:result`. While answers are revealed only after the close, it says no more than that the answer is stored.
public struct AnswerResult: Hashable, Sendable, Codable {
    public var sessionId: String
    public var questionId: String
    public var correct: Bool?
    /// Points without the bonus.
    public var score: Int?
    public var timeBonus: Int?
    /// The player's total in the session after this answer.
    public var totalScore: Int?
    /// True while the result waits for the close; absent otherwise.
    public var pending: Bool?
    /// True when an earlier answer to the same question stands; absent otherwise.
    public var duplicate: Bool?

    public init(
        sessionId: String, questionId: String, correct: Bool? = nil, score: Int? = nil, timeBonus: Int? = nil, totalScore: Int? = nil,
        pending: Bool? = nil, duplicate: Bool? = nil
    ) {
        self.sessionId = sessionId
        self.questionId = questionId
        self.correct = correct
        self.score = score
        self.timeBonus = timeBonus
        self.totalScore = totalScore
        self.pending = pending
        self.duplicate = duplicate
    }

    /// The same result for a player who answered again.
    public func duplicated() -> AnswerResult {
        var result = self
        result.duplicate = true
        return result
    }
}
