import Classroom

/// What came of an import: counts, and what was wrong line by line.
struct QuizImportDocument: Encodable {
    struct Report: Encodable {
        var line: Int
        var reason: String
    }

    /// The most entries of each list; the counts tell how many there were.
    static let maximumReports = 1_000

    var quiz: QuizSummary
    var imported: Int
    var rejectedCount: Int
    var rejected: [Report]
    var notes: [Report]

    init(_ result: QuizImport) {
        quiz = QuizSummary(result.quiz)
        imported = result.quiz.questions.count
        rejectedCount = result.rejected.count
        rejected = result.rejected.prefix(Self.maximumReports).map { Report(line: $0.line, reason: $0.reason) }
        notes = result.notes.prefix(Self.maximumReports).map { Report(line: $0.line, reason: $0.reason) }
    }
}
