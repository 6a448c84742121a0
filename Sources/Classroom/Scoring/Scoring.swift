/// The points for an answer.
///
/// A correct answer has 100 points. Under `speed` scoring a time bonus of up to 50 comes on top, linear in the time that remains: all of it
/// for an answer at once, 25 at half time, none at the deadline. Under `accuracy` there is no bonus. A wrong answer has nothing.
public enum Scoring {
    public static let basePoints = 100
    public static let maximumTimeBonus = 50

    /// Points and bonus; `elapsedMs` and `durationMs` are the server's.
    public static func points(
        correct: Bool, elapsedMs: Int, durationMs: Int, scoring: SessionSettings.Scoring
    ) -> (score: Int, timeBonus: Int) {
        guard correct else { return (0, 0) }
        guard scoring == .speed, durationMs > 0 else { return (basePoints, 0) }
        let remaining = min(max(durationMs - elapsedMs, 0), durationMs)
        return (basePoints, maximumTimeBonus * remaining / durationMs)
    }
}

/// The sum of a player's answers, in any order.
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

    /// True with more points, or with as many in less time. If neither is ahead of the other, it is a tie.
    public func isAhead(of other: Standing) -> Bool {
        points != other.points ? points > other.points : scoringTimeMs < other.scoringTimeMs
    }
}
