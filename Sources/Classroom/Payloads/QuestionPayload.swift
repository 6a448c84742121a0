/// `quiz:question`: what everybody may know about an open question.
public struct QuestionPayload: Hashable, Sendable, Codable {
    public var sessionId: String
    public var questionId: String
    /// From 1.
    public var questionNumber: Int
    public var questionCount: Int
    public var question: String
    public var options: [String]
    /// True: more than one option is right, and an answer is the list of them. Left out otherwise.
    public var multiple: Bool?
    public var durationMs: Int
    /// Milliseconds since 1970.
    public var deadline: UnixMilliseconds
    public var remainingMs: Int

    public init(
        sessionId: String, questionId: String, questionNumber: Int, questionCount: Int, question: String, options: [String],
        multiple: Bool? = nil, durationMs: Int, deadline: UnixMilliseconds, remainingMs: Int
    ) {
        self.sessionId = sessionId
        self.questionId = questionId
        self.questionNumber = questionNumber
        self.questionCount = questionCount
        self.question = question
        self.options = options
        self.multiple = multiple
        self.durationMs = durationMs
        self.deadline = deadline
        self.remainingMs = remainingMs
    }
}
