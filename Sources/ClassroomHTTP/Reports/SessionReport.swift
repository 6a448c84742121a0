import Classroom

/// How a session went, folded from its durable answers. For its owner: it holds the correct answers.
struct SessionReport {
    struct Player {
        var rank: Int
        var userId: String
        var username: String
        var score: Int
        var correctAnswers: Int
        var answers: [PlayerAnswer]
    }

    struct PlayerAnswer: Encodable {
        var questionId: String
        var answer: Answer
        var correct: Bool
        var points: Int
        var elapsedMs: Int
    }

    struct QuestionSummary: Encodable {
        var questionId: String
        var question: String
        var options: [String]
        var correctAnswer: Answer
        var answered: Int
        var correct: Int
        /// How many chose each option.
        var distribution: [Int]
    }

    var sessionId: String
    var quizId: String
    /// The quiz as it was played. Empty when its row was gone before the session was seen.
    var title: String
    var status: SessionStatus
    var createdAt: UnixMilliseconds
    var startedAt: UnixMilliseconds?
    var endedAt: UnixMilliseconds?
    var players: [Player]
    var questions: [QuestionSummary]

    init(session: SessionRecord, quiz: Quiz?, participants: [ParticipantRecord], answers: [AnswerRecord]) {
        sessionId = session.id
        quizId = session.quizID
        title = quiz?.title ?? ""
        status = session.status
        createdAt = session.createdAt
        startedAt = session.startedAt
        endedAt = session.endedAt
        let board = Leaderboard(participants: participants, answers: answers)
        let byUser = Dictionary(grouping: answers, by: \.userID)
        players = board.entries.map { entry in
            Player(
                rank: entry.rank, userId: entry.userId, username: entry.username, score: entry.score, correctAnswers: entry.correctAnswers,
                answers: (byUser[entry.userId] ?? []).map {
                    PlayerAnswer(
                        questionId: $0.questionID, answer: $0.answer, correct: $0.correct, points: $0.points, elapsedMs: $0.elapsedMs)
                })
        }
        let counted = Set(board.entries.map(\.userId))
        let byQuestion = Dictionary(grouping: answers.filter { counted.contains($0.userID) }, by: \.questionID)
        questions = (quiz?.questions ?? []).map { QuestionSummary($0, answers: byQuestion[$0.id] ?? []) }
    }
}

extension SessionReport.QuestionSummary {
    fileprivate init(_ question: Question, answers: [AnswerRecord]) {
        questionId = question.id
        self.question = question.question
        options = question.options
        correctAnswer = question.correctAnswer
        answered = answers.count
        correct = answers.count { $0.correct }
        distribution = Array(repeating: 0, count: question.options.count)
        for answer in answers { count(answer.answer) }
    }

    private mutating func count(_ answer: Answer) {
        switch answer {
        case .index(let index): if distribution.indices.contains(index) { distribution[index] += 1 }
        case .text: break
        case .list(let answers): for answer in answers { count(answer) }
        }
    }
}
