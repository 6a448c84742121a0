import Classroom

/// A quiz as the HTTP API shows it. The correct answers are left out for whoever is neither its owner nor allowed to manage quizzes.
struct QuizDocument: Encodable {
    struct QuestionDocument: Encodable {
        var id: String
        var question: String
        var options: [String]
        var correctAnswer: Answer?
        var durationMs: Int?
    }

    var id: String
    var title: String
    var createdBy: String
    var questions: [QuestionDocument]

    init(_ quiz: Quiz, withAnswers: Bool) {
        id = quiz.id
        title = quiz.title
        createdBy = quiz.createdBy
        questions = quiz.questions.map {
            QuestionDocument(
                id: $0.id, question: $0.question, options: $0.options, correctAnswer: withAnswers ? $0.correctAnswer : nil,
                durationMs: $0.durationMs)
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
