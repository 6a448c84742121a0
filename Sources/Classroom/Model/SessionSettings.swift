/// How one session is played. The defaults are the contract's.
public struct SessionSettings: Hashable, Sendable {
    public enum Pace: String, Sendable, Codable { case live, `self` }
    public enum Reveal: String, Sendable, Codable { case immediately, afterClose }
    public enum Scoring: String, Sendable, Codable { case speed, accuracy }

    public var pace: Pace
    public var questionDurationMs: Int
    public var leadInMs: Int
    public var autoAdvance: Bool
    /// With `autoAdvance`: from the close of a question, when the class looks at the result, to the next one.
    public var advanceDelayMs: Int
    public var revealAnswers: Reveal
    public var scoring: Scoring
    public var lateJoin: Bool
    /// Additional milliseconds per question, by user id.
    public var extraTimeMs: [String: Int]

    public init(
        pace: Pace = .live, questionDurationMs: Int = 30_000, leadInMs: Int = 1_000, autoAdvance: Bool = false,
        advanceDelayMs: Int = 5_000, revealAnswers: Reveal = .immediately, scoring: Scoring = .speed, lateJoin: Bool = true,
        extraTimeMs: [String: Int] = [:]
    ) {
        self.pace = pace
        self.questionDurationMs = questionDurationMs
        self.leadInMs = leadInMs
        self.autoAdvance = autoAdvance
        self.advanceDelayMs = advanceDelayMs
        self.revealAnswers = revealAnswers
        self.scoring = scoring
        self.lateJoin = lateJoin
        self.extraTimeMs = extraTimeMs
    }
}
