extension StringProtocol {
    /// Without the white space at either end. Looks at scalars and not at characters: one character may have any number of them.
    func trimmingSpaces() -> String { Substring(self).unicodeScalars.trimmingSpaces() }

    /// Whether there is nothing but white space.
    var isBlank: Bool { unicodeScalars.allSatisfy(\.isSpace) }
}

extension Substring.UnicodeScalarView {
    /// Without the white space at either end.
    func trimmingSpaces() -> String {
        guard let first = firstIndex(where: { !$0.isSpace }), let last = lastIndex(where: { !$0.isSpace }) else { return "" }
        return String(Substring(self[first...last]))
    }
}

extension Unicode.Scalar {
    /// Like the property `isWhitespace`, which is slow to ask for.
    fileprivate var isSpace: Bool { value < 0x80 ? value == 0x20 || (0x09...0x0D).contains(value) : properties.isWhitespace }
}
