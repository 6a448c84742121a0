extension StringProtocol {
    /// Without the white space at either end. Looks at scalars and not at characters: one character may have any number of them.
    func trimmingSpaces() -> String { Substring(self).unicodeScalars.trimmingSpaces() }
}

extension String {
    /// The same. Most texts have no white space there: they begin and end with printable ASCII.
    func trimmingSpaces() -> String {
        if let first = utf8.first, let last = utf8.last, first > 0x20, first < 0x7F, last > 0x20, last < 0x7F { return self }
        return Substring(self).unicodeScalars.trimmingSpaces()
    }
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
    var isSpace: Bool { value < 0x80 ? value == 0x20 || (0x09...0x0D).contains(value) : properties.isWhitespace }
}
