import Classroom

/// A quiz as the HTTP API shows it, correct answers included.
struct QuizDocument: Encodable {
    struct QuestionDocument: Encodable {
        var id: String
        var question: String
        var options: [String]
        var correctAnswer: Answer
        var durationMs: Int?
    }

    var id: String
    var title: String
    var createdBy: String
    var questions: [QuestionDocument]

    init(_ quiz: Quiz) {
        id = quiz.id
        title = quiz.title
        createdBy = quiz.createdBy
        questions = quiz.questions.map {
            QuestionDocument(
                id: $0.id, question: $0.question, options: $0.options, correctAnswer: $0.correctAnswer, durationMs: $0.durationMs)
        }
    }
}

/// A quiz in a list.
struct QuizSummary: Encodable {
    var id: String
    var title: String
    var createdBy: String
    var questionCount: Int

    init(_ quiz: Quiz) {
        id = quiz.id
        title = quiz.title
        createdBy = quiz.createdBy
        questionCount = quiz.questions.count
    }
}
