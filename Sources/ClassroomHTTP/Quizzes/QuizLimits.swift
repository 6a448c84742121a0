/// What a quiz may hold that comes through the HTTP API or an import. Lengths are in UTF-16 units, as browsers count them.
public struct QuizLimits: Sendable, Hashable {
    public var maximumQuestions = 5_000
    /// Records of an imported file that are no questions.
    public var maximumRejectedRecords = 5_000
    public var maximumTitleLength = 200
    public var maximumQuestionLength = 2_000
    public var maximumOptionLength = 500
    public var minimumOptions = 2
    public var maximumOptions = 26
    /// The texts that count as correct, for a question without options.
    public var maximumAcceptedTexts = 20
    public var durationMs = 1_000...3_600_000

    public init() {}
}
