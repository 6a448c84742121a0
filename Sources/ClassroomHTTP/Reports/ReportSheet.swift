import Classroom
import NIOCore

/// A report as CSV, piece by piece: the whole text may be many times as long as the report, since each row has a place for each question.
///
/// One row per player: rank, who, score, and for each question the answer, the correct one, whether it was right, its points, and the seconds
/// that it took. The first player's row has all correct answers; the others' have those of the questions that the player answered.
struct ReportSheet: ReportPieces {
    private let report: SessionReport
    private let indices: [String: Int]
    private var table = CSVTable()
    /// The row that is being written: 0 is the header.
    private var row = 0
    /// The question whose cells come next in that row.
    private var column = 0
    /// The answers of the row's player, by the question's index.
    private var answers: [Int: SessionReport.PlayerAnswer] = [:]

    init(_ report: SessionReport) {
        self.report = report
        indices = Dictionary(report.questions.enumerated().map { ($1.questionId, $0) }) { first, _ in first }
    }

    mutating func next() -> ByteBuffer? {
        while row <= report.players.count, table.count < Self.pieceBytes { advance() }
        return table.count > 0 ? table.take() : nil
    }

    private mutating func advance() {
        if column == 0 { beginRow() }
        if column < report.questions.count {
            addQuestion()
            column += 1
        }
        guard column == report.questions.count else { return }
        table.endRow()
        row += 1
        column = 0
    }

    private mutating func beginRow() {
        guard row > 0 else { return table.add("rank", "userId", "username", "score", "correctAnswers") }
        let player = report.players[row - 1]
        table.add("\(player.rank)", player.userId, player.username, "\(player.score)", "\(player.correctAnswers)")
        answers = [:]
        for answer in player.answers {
            if let index = indices[answer.questionId], answers[index] == nil { answers[index] = answer }
        }
    }

    private mutating func addQuestion() {
        let question = report.questions[column]
        guard row > 0 else {
            let name = "Q\(column + 1)"
            return table.add(
                "\(name) \(question.question)", "\(name) correct answer", "\(name) correct", "\(name) points", "\(name) seconds")
        }
        guard let answer = answers[column] else {
            return table.add("", row == 1 ? question.text(of: question.correctAnswer) : "", "", "", "")
        }
        table.add(
            question.text(of: answer.answer), question.text(of: question.correctAnswer), answer.correct ? "yes" : "no", "\(answer.points)",
            Self.seconds(answer.elapsedMs))
    }

    /// `1.25`; `0.5`.
    private static func seconds(_ milliseconds: Int) -> String {
        let digits = String(1_000 + milliseconds % 1_000).dropFirst()
        return "\(milliseconds / 1_000).\(digits)"
    }
}

extension SessionReport.QuestionSummary {
    fileprivate func text(of answer: Answer) -> String {
        switch answer {
        case .index(let index): options.indices.contains(index) ? options[index] : "\(index)"
        case .text(let text): text
        case .list(let answers): answers.map(text(of:)).joined(separator: "; ")
        }
    }
}
