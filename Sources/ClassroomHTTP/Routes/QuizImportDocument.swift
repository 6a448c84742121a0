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
        rejected = Self.reports(result.rejected)
        notes = Self.reports(result.notes)
    }

    static func reports(_ reports: [OpenTriviaQAImport.Report]) -> [Report] {
        reports.prefix(maximumReports).map { Report(line: $0.line, reason: $0.reason) }
    }
}

/// An import of which nothing came: an error that says of each record what was wrong with it.
struct QuizImportRefusalDocument: Encodable {
    var code = ClassroomError.Code.invalid.rawValue
    var message: String
    var rejectedCount: Int
    var rejected: [QuizImportDocument.Report]

    init(_ refusal: QuizImport.Refusal) {
        message = refusal.message
        rejectedCount = refusal.rejected.count
        rejected = QuizImportDocument.reports(refusal.rejected)
    }
}
