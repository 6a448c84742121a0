/// Finds the option that an answer means, and decides whether it is correct.
///
/// A text that equals an option means that option; if none is equal, one that is equal as people compare texts (``TextFolding``); else a numeric
/// text is an index. In a question without options a text is compared with the correct text as people do. A list is a set: order and repetition
/// don't count.
public enum AnswerMatching {
    /// Longest list that is accepted as an answer.
    public static let maximumListLength = 64

    /// The answer in its plainest form: options as indices, lists sorted and without repetition. Throws `invalid` for an option that doesn't exist.
    public static func resolve(_ answer: Answer, for question: Question) throws(ClassroomError) -> Answer {
        var options = Options(question.options)
        guard case .list(let elements) = answer else { return try resolveOne(answer, &options) }
        guard elements.count <= maximumListLength else {
            throw ClassroomError(.invalid, "Validation error: \"answer\" lists more than \(maximumListLength) items")
        }
        var seen: Set<Answer> = []
        var resolved: [Answer] = []
        for element in elements {
            let one = try resolveOne(element, &options)
            if seen.insert(folded(one)).inserted { resolved.append(one) }
        }
        return .list(resolved.sorted(by: precedes))
    }

    /// Whether a resolved answer is the correct one. Without options, a single text is correct if it is any of a list of correct texts.
    public static func isCorrect(_ resolved: Answer, for question: Question) -> Bool {
        let given = foldedSet(resolved)
        // A correct answer that doesn't resolve (an index beyond the options) can't be met.
        guard let correct = try? resolve(question.correctAnswer, for: question) else { return false }
        let expected = foldedSet(correct)
        if question.options.isEmpty, case .list = correct, given.count == 1 { return given.isSubset(of: expected) }
        return !given.isEmpty && given == expected
    }

    /// True if several options have to be chosen. Players must know that there are several; which ones stays secret until the reveal.
    public static func wantsSeveral(_ question: Question) -> Bool {
        guard !question.options.isEmpty, case .list(let correct)? = try? resolve(question.correctAnswer, for: question) else {
            return false
        }
        return correct.count > 1
    }

    /// A question's options. Their folded forms are computed once, and only for a text that equals none of them.
    private struct Options {
        let texts: [String]
        private lazy var folded = Dictionary(texts.enumerated().map { (ExactText(TextFolding.fold($1)), $0) }) { first, _ in first }

        init(_ texts: [String]) { self.texts = texts }

        mutating func index(of text: String) -> Int? {
            if texts.isEmpty { return nil }
            let trimmed = text.trimmingSpaces()
            // Compared by their bytes. Texts that differ only in their normal form are the same when they are folded.
            return texts.firstIndex { $0.hasSameBytes(as: text) } ?? texts.firstIndex { $0.trimmingSpaces().hasSameBytes(as: trimmed) }
                ?? folded[ExactText(TextFolding.fold(text))]
        }
    }

    private static func resolveOne(_ answer: Answer, _ options: inout Options) throws(ClassroomError) -> Answer {
        switch answer {
        case .list:
            throw ClassroomError(.invalid, "Validation error: \"answer\" must not be a list of lists")
        case .index(let index):
            guard index >= 0 else { throw outOfRange(options) }
            guard !options.texts.isEmpty else { return .text(String(index)) }
            guard index < options.texts.count else { throw outOfRange(options) }
            return .index(index)
        case .text(let text):
            if let option = options.index(of: text) { return .index(option) }
            if !options.texts.isEmpty, let index = Payload.string(text.withPlainDigits).int {
                return try resolveOne(.index(index), &options)
            }
            return .text(text.trimmingSpaces())
        }
    }

    private static func outOfRange(_ options: Options) -> ClassroomError {
        let last = options.texts.count - 1
        let range = last < 0 ? "at least 0" : "between 0 and \(last)"
        return ClassroomError(.invalid, "Validation error: \"answer\" must be \(range)")
    }

    static func fold(_ text: String) -> String { TextFolding.fold(text) }

    private static func folded(_ answer: Answer) -> Answer {
        if case .text(let text) = answer { .text(fold(text)) } else { answer }
    }

    private static func foldedSet(_ answer: Answer) -> Set<Answer> {
        if case .list(let elements) = answer { Set(elements.map(folded)) } else { [folded(answer)] }
    }

    private static func precedes(_ one: Answer, _ other: Answer) -> Bool {
        switch (one, other) {
        case (.index(let left), .index(let right)): left < right
        case (.index, _): true
        case (.text(let left), .text(let right)): left.utf8.lexicographicallyPrecedes(right.utf8)
        default: false
        }
    }
}
