import Classroom

extension SessionReport {
    /// One row a player: rank, who, score, and for each question the answer, whether it was right, and its points.
    func csv() -> String {
        var table = CSVTable()
        var header = ["rank", "userId", "username", "score", "correctAnswers"]
        for (index, question) in questions.enumerated() {
            let name = "Q\(index + 1)"
            header += ["\(name) \(question.question)", "\(name) correct", "\(name) points"]
        }
        table.add(header)
        for player in players {
            let answers = Dictionary(player.answers.map { ($0.questionId, $0) }) { first, _ in first }
            var row = ["\(player.rank)", player.userId, player.username, "\(player.score)", "\(player.correctAnswers)"]
            for question in questions {
                guard let answer = answers[question.questionId] else {
                    row += ["", "", ""]
                    continue
                }
                row += [question.text(of: answer.answer), answer.correct ? "yes" : "no", "\(answer.points)"]
            }
            table.add(row)
        }
        return table.text
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
