import Classroom

/// The limits of a quiz from the HTTP API or an import. Lengths are in UTF-16 units, as browsers count them.
public struct QuizLimits: Sendable, Hashable {
    public var maximumQuestions = 5_000
    /// Records of an imported file that are no questions.
    public var maximumRejectedRecords = 5_000
    public var maximumTitleLength = 200
    public var maximumQuestionLength = 2_000
    public var maximumOptionLength = 500
    public var minimumOptions = 2
    public var maximumOptions = 26
    /// The texts that count as correct, for a question without options.
    public var maximumAcceptedTexts = 20
    public var durationMs = 1_000...3_600_000

    public init() {}
}

/// The rule for a quiz's title.
enum QuizTitle {
    /// The title without the blanks around it.
    static func checked(_ title: String, limits: QuizLimits) throws(ClassroomError) -> String {
        // The number of blanks around it is limited, since they are looked at one by one.
        guard title.utf8.count <= 16 * limits.maximumTitleLength else { throw wrongLength(limits) }
        let trimmed = title.trimmingPrefix(while: \.isWhitespace)
        let end = trimmed.lastIndex { !$0.isWhitespace }.map(trimmed.index(after:)) ?? trimmed.startIndex
        let text = String(trimmed[..<end])
        guard (1...limits.maximumTitleLength).contains(text.utf16.count), !text.showsNothing else { throw wrongLength(limits) }
        guard !text.hasControlCharacters else { throw ClassroomError(.invalid, "title: has control characters") }
        return text
    }

    private static func wrongLength(_ limits: QuizLimits) -> ClassroomError {
        ClassroomError(.invalid, "title: must have 1 to \(limits.maximumTitleLength) characters")
    }
}
