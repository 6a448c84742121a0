/// One user's answers in the order of their commits, with the total after each: the result of an answer does not change afterwards, unless
/// somebody deletes rows behind the server's back.
struct AnswerSheet: Hashable, Sendable {
    struct Line: Hashable, Sendable {
        var record: AnswerRecord
        var totalScore: Int
    }

    private(set) var lines: [Line] = []
    private var positions: [String: Int] = [:]
    /// The first question of the quiz without an answer, as far as it is known: those before it all have one.
    private(set) var firstOpen = 0

    subscript(questionID: String) -> Line? { positions[questionID].map { lines[$0] } }

    func contains(_ questionID: String) -> Bool { positions[questionID] != nil }

    /// False: the question was answered before, and nothing changed.
    mutating func append(_ record: AnswerRecord) -> Bool {
        guard positions[record.questionID] == nil else { return false }
        positions[record.questionID] = lines.count
        lines.append(Line(record: record, totalScore: (lines.last?.totalScore ?? 0) + record.points))
        return true
    }

    /// Goes on from the question that was open last to the first that is open now: each question is passed once.
    mutating func advance(in questions: [Question]) {
        while firstOpen < questions.count, contains(questions[firstOpen].id) { firstOpen += 1 }
    }

    /// Starts over because the quiz has changed.
    mutating func restart() { firstOpen = 0 }

    /// Removes an answer that is no longer stored, as if it had never been given.
    mutating func remove(_ questionID: String) {
        let records = lines.map(\.record).filter { $0.questionID != questionID }
        self = AnswerSheet()
        for record in records { _ = append(record) }
    }
}
