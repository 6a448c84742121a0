public import Classroom

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

    /// Reads all of `bytes`. Whatever is wrong with a record concerns that record only.
    /// - Throws: `ClassroomError(.invalid)` when no record can be read, when there are too many, or for a bad title.
    public init(
        _ bytes: some Sequence<UInt8>, format: Format, id: String, title: String, owner: String, limits: QuizLimits = QuizLimits()
    ) throws(ClassroomError) {
        let title = try QuizTitle.checked(title, limits: limits)
        let parsed =
            switch format {
            case .opentriviaqa:
                OpenTriviaQAParser.parse(
                    bytes, maximumQuestions: limits.maximumQuestions, maximumRejected: limits.maximumRejectedRecords)
            }
        rejected = parsed.rejected
        notes = parsed.notes
        guard parsed.rejected.count <= limits.maximumRejectedRecords else {
            throw ClassroomError(.invalid, "more than \(limits.maximumRejectedRecords) records cannot be used")
        }
        guard !parsed.questions.isEmpty else {
            throw ClassroomError(.invalid, "no question could be read (\(parsed.rejected.count) records were rejected)")
        }
        guard parsed.questions.count <= limits.maximumQuestions else {
            throw ClassroomError(.invalid, "more than \(limits.maximumQuestions) questions: a quiz has no more")
        }
        quiz = Quiz(id: id, title: title, questions: parsed.questions, createdBy: owner)
    }

    /// A new id for a quiz.
    public static func newQuizID() -> String { RandomIdentifier.uuid() }
}
