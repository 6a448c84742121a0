import Classroom

extension SessionReport {
    /// One row per player: rank, who, score, and for each question the answer, the correct one, whether it was right, its points, and the seconds
    /// that it took.
    func csv() -> String {
        var table = CSVTable()
        var header = ["rank", "userId", "username", "score", "correctAnswers"]
        for (index, question) in questions.enumerated() {
            let name = "Q\(index + 1)"
            header += ["\(name) \(question.question)", "\(name) correct answer", "\(name) correct", "\(name) points", "\(name) seconds"]
        }
        table.add(header)
        for player in players {
            let answers = Dictionary(player.answers.map { ($0.questionId, $0) }) { first, _ in first }
            var row = ["\(player.rank)", player.userId, player.username, "\(player.score)", "\(player.correctAnswers)"]
            for question in questions {
                let correct = question.text(of: question.correctAnswer)
                guard let answer = answers[question.questionId] else {
                    row += ["", correct, "", "", ""]
                    continue
                }
                row += [
                    question.text(of: answer.answer), correct, answer.correct ? "yes" : "no", "\(answer.points)",
                    Self.seconds(answer.elapsedMs),
                ]
            }
            table.add(row)
        }
        return table.text
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
