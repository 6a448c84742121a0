/// A quiz in the library: questions in their order, owned by the user who made it.
public struct Quiz: Hashable, Sendable {
    public var id: String
    public var title: String
    public var questions: [Question]
    /// The owner's user id.
    public var createdBy: String

    public init(id: String, title: String, questions: [Question], createdBy: String) {
        self.id = id
        self.title = title
        self.questions = questions
        self.createdBy = createdBy
    }
}

/// A quiz in a list, without its questions.
public struct QuizSummary: Hashable, Sendable, Encodable {
    public var id: String
    public var title: String
    public var createdBy: String
    public var questionCount: Int

    public init(id: String, title: String, createdBy: String, questionCount: Int) {
        self.id = id
        self.title = title
        self.createdBy = createdBy
        self.questionCount = questionCount
    }

    public init(_ quiz: Quiz) {
        self.init(id: quiz.id, title: quiz.title, createdBy: quiz.createdBy, questionCount: quiz.questions.count)
    }
}

extension Quiz {
    /// The owner of the quizzes that everybody who may create quizzes finds in the library.
    public static let sharedOwner = "system"

    /// Whether it is nobody's own: a row that names no owner, or a shared quiz.
    public var isShared: Bool { Quiz.isShared(owner: createdBy) }

    /// The host of a quiz sees its answers. So only the owner may host their own quiz; a shared one may be hosted by anybody who may create quizzes.
    public func mayBeHosted(by userID: String) -> Bool { Quiz.mayBeHosted(owner: createdBy, by: userID) }

    /// ``isShared`` of a quiz of which only the owner is known.
    public static func isShared(owner: String) -> Bool { owner.isEmpty || owner == sharedOwner }

    /// ``mayBeHosted(by:)`` of a quiz of which only the owner is known.
    public static func mayBeHosted(owner: String, by userID: String) -> Bool { isShared(owner: owner) || owner == userID }
}

extension Quiz {
    /// What a session that plays it keeps in memory, roughly, in bytes.
    public var memoryBytes: Int {
        questions.reduce(1_024 + title.utf8.count) { sum, question in
            // The question itself, and its place in a table by its id.
            sum + 192 + question.id.memoryBytes + question.question.memoryBytes + question.correctAnswer.memoryBytes
                + question.options.reduce(32) { $0 + 16 + $1.memoryBytes }
        }
    }
}

extension String {
    /// Beside the value: up to 15 bytes stand in it.
    fileprivate var memoryBytes: Int { utf8.count > 15 ? 32 + utf8.count : 0 }
}

extension Answer {
    fileprivate var memoryBytes: Int {
        switch self {
        case .index: 0
        case .text(let text): text.memoryBytes
        case .list(let list): list.reduce(32) { $0 + 24 + $1.memoryBytes }
        }
    }
}

/// One question. Options are empty for a question that is answered with a text.
public struct Question: Hashable, Sendable {
    public var id: String
    public var question: String
    public var options: [String]
    public var correctAnswer: Answer
    /// Overrides the session's duration, in milliseconds.
    public var durationMs: Int?

    public init(id: String, question: String, options: [String], correctAnswer: Answer, durationMs: Int? = nil) {
        self.id = id
        self.question = question
        self.options = options
        self.correctAnswer = correctAnswer
        self.durationMs = durationMs
    }
}
