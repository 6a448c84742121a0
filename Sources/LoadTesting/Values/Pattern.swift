import Foundation

/// A compiled regular expression of a capture or a match.
struct Pattern: Sendable {
    /// Texts longer than this are not searched: a backtracking expression must not stop a loop of virtual users.
    static let maximumTextLength = 1 << 20

    private let expression: NSRegularExpression

    init?(_ text: String) {
        guard let expression = try? NSRegularExpression(pattern: text) else { return nil }
        self.expression = expression
    }

    var groupCount: Int { expression.numberOfCaptureGroups }

    /// The group's text in the first match. Nil if there is none.
    func firstMatch(in text: String, group: Int) -> String? {
        guard text.utf16.count <= Self.maximumTextLength else { return nil }
        let whole = NSRange(text.startIndex..., in: text)
        guard let match = expression.firstMatch(in: text, range: whole), group < match.numberOfRanges,
            let range = Range(match.range(at: group), in: text)
        else { return nil }
        return String(text[range])
    }
}
