/// The rules for an answer that need no look at its question.
public enum AnswerRules {
    /// The longest text, in UTF-16 code units.
    public static let maximumTextLength = 500
    /// The longest that all texts of a list are together, in UTF-16 code units: each of them is folded several times.
    public static let maximumListTextLength = 4_000
    /// The pattern of a text answer, for people: anything but angle brackets and control characters.
    public static let textPattern = #"^[^<>\p{Cc}]{1,500}$"#
    public static let maximumIndex = 1_000_000

    public static func matchesPattern(_ text: String) -> Bool {
        !text.isEmpty && text.utf16.count <= maximumTextLength
            && text.unicodeScalars.allSatisfy { $0 != "<" && $0 != ">" && $0.properties.generalCategory != .control }
    }

    /// Throws when `value` is not an index, a text, or a list of either.
    static func check(_ value: Payload, name: String) throws(ClassroomError) {
        guard let elements = value.array else { return try checkOne(value, name: name) }
        guard (1...AnswerMatching.maximumListLength).contains(elements.count) else {
            throw ClassroomError(
                .invalid, "Validation error: \"\(name)\" must list 1 to \(AnswerMatching.maximumListLength) items")
        }
        var length = 0
        for element in elements {
            try checkOne(element, name: name)
            length += element.string?.utf16.count ?? 0
        }
        guard length <= maximumListTextLength else {
            throw ClassroomError(
                .invalid, "Validation error: \"\(name)\" must have at most \(maximumListTextLength) characters in all its items")
        }
    }

    private static func checkOne(_ value: Payload, name: String) throws(ClassroomError) {
        switch value {
        case .number:
            guard let index = value.int, (0...maximumIndex).contains(index) else {
                throw ClassroomError(.invalid, "Validation error: \"\(name)\" must be a whole number, 0 or more")
            }
        case .string(let text):
            guard matchesPattern(text) else {
                throw ClassroomError(.invalid, "Validation error: \"\(name)\" fails to match the required pattern: \(textPattern)")
            }
        default:
            throw ClassroomError(.invalid, "Validation error: \"\(name)\" must be a number, a text or a list of these")
        }
    }
}
