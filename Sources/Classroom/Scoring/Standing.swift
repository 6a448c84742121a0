/// What a player's answers add up to: a fold over them, in any order.
public struct Standing: Hashable, Sendable {
    public var points: Int
    public var correctAnswers: Int
    /// Summed time of the scoring answers: breaks ties.
    public var scoringTimeMs: Int

    public init(points: Int = 0, correctAnswers: Int = 0, scoringTimeMs: Int = 0) {
        self.points = points
        self.correctAnswers = correctAnswers
        self.scoringTimeMs = scoringTimeMs
    }

    public mutating func add(_ answer: AnswerRecord) {
        points += answer.points
        if answer.correct { correctAnswers += 1 }
        if answer.points > 0 { scoringTimeMs += answer.elapsedMs }
    }

    /// More points, or as many in less time. Neither ahead of the other: a tie.
    public func isAhead(of other: Standing) -> Bool {
        points != other.points ? points > other.points : scoringTimeMs < other.scoringTimeMs
    }
}
