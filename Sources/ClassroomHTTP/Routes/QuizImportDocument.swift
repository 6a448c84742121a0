import Classroom
import JSONCore

/// The result of an import: counts, and the problems line by line. It writes itself: there may be two thousand reports, and `Encodable` takes
/// many times as long.
struct QuizImportDocument: JSONWritable {
    /// The most entries of each list; the counts tell how many there were.
    static let maximumReports = 1_000

    private let result: QuizImport

    init(_ result: QuizImport) { self.result = result }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("quiz")
            writer.object { writer in
                let quiz = QuizSummary(result.quiz)
                writer.field("id", quiz.id)
                writer.field("title", quiz.title)
                writer.field("createdBy", quiz.createdBy)
                writer.field("questionCount", quiz.questionCount)
            }
            writer.field("imported", result.quiz.questions.count)
            writer.field("rejectedCount", result.rejected.count)
            Self.write("rejected", result.rejected, to: &writer)
            Self.write("notes", result.notes, to: &writer)
        }
    }

    fileprivate static func write(_ name: String, _ reports: [OpenTriviaQAImport.Report], to writer: inout JSONWriter) {
        writer.key(name)
        writer.array { writer in
            for report in reports.prefix(maximumReports) {
                writer.object { writer in
                    writer.field("line", report.line)
                    writer.field("reason", report.reason)
                }
            }
        }
    }
}

/// A failed import: an error that names the problem of each record.
struct QuizImportRefusalDocument: JSONWritable {
    private let refusal: QuizImport.Refusal

    init(_ refusal: QuizImport.Refusal) { self.refusal = refusal }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("code", ClassroomError.Code.invalid.rawValue)
            writer.field("message", refusal.message)
            writer.field("rejectedCount", refusal.rejected.count)
            QuizImportDocument.write("rejected", refusal.rejected, to: &writer)
        }
    }
}
