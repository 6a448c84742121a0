public import Classroom
import ClassroomLive

/// A file of questions, turned into a quiz.
public struct QuizImport: Sendable {
    /// The formats that can be read, by the names that `--format` and the HTTP API know.
    public enum Format: String, Sendable, CaseIterable {
        case opentriviaqa
    }

    /// The quiz; its questions are those that could be read.
    public let quiz: Quiz
    /// Records that were left out, each with its line and why.
    public let rejected: [OpenTriviaQAImport.Report]
    /// Records that were taken after a repair.
    public let notes: [OpenTriviaQAImport.Report]

    /// Reads all of `bytes`. A problem of a record concerns that record only.
    /// - Throws: a ``Refusal`` when no record can be read, when there are too many, or for a bad title.
    public init(
        _ bytes: some Sequence<UInt8>, format: Format, id: String, title: String, owner: String, limits: QuizLimits = QuizLimits()
    ) throws(Refusal) {
        let checkedTitle: String
        do throws(ClassroomError) {
            checkedTitle = try QuizTitle.checked(title, limits: limits)
        } catch {
            throw Refusal(message: error.message)
        }
        let parsed =
            switch format {
            case .opentriviaqa:
                OpenTriviaQAParser.parse(
                    bytes, maximumQuestions: limits.maximumQuestions, maximumRejected: limits.maximumRejectedRecords)
            }
        rejected = parsed.rejected
        notes = parsed.notes
        guard parsed.rejected.count <= limits.maximumRejectedRecords else {
            let first = parsed.rejected.first.map { "; line \($0.line): \($0.reason)" } ?? ""
            throw Refusal(
                message: "more than \(limits.maximumRejectedRecords) records cannot be used\(first)", rejected: parsed.rejected)
        }
        guard !parsed.questions.isEmpty else {
            throw Refusal(message: Self.summary(parsed.rejected), rejected: parsed.rejected)
        }
        guard parsed.questions.count <= limits.maximumQuestions else {
            throw Refusal(message: "more than \(limits.maximumQuestions) questions: a quiz has no more")
        }
        quiz = Quiz(id: id, title: checkedTitle, questions: parsed.questions, createdBy: owner)
    }

    /// The reason why nothing was imported: a summary, and each record with its line.
    public struct Refusal: Error, Sendable, Hashable {
        public var message: String
        public var rejected: [OpenTriviaQAImport.Report] = []
    }

    private static func summary(_ rejected: [OpenTriviaQAImport.Report]) -> String {
        guard let first = rejected.first else { return "no question could be read: the file has none" }
        let count = rejected.count == 1 ? "its only record was rejected" : "all \(rejected.count) records were rejected"
        return "no question could be read, \(count); line \(first.line): \(first.reason)"
    }

    /// A new id for a quiz.
    public static func newQuizID() -> String { RandomIdentifier.uuid() }
}
