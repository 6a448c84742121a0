/// The content of a chat message: what is stored and sent of what somebody typed.
public enum ChatContent {
    /// In UTF-16 code units, after sanitising.
    public static let maximumLength = 2_000
    /// The most UTF-8 bytes before sanitising. A longer content is refused unread.
    public static let maximumRawBytes = 16_384

    /// Plain text without markup and control characters (line breaks and tabs stay). Blanks at the ends go, but not the indentation of the
    /// first of several lines: it may be code.
    public static func sanitised(_ raw: String) -> String {
        // First, so that a NUL in the middle of a tag's name hides nothing.
        let text = raw.utf8.contains(where: isControl) ? String(decoding: raw.utf8.filter { !isControl($0) }, as: UTF8.self) : raw
        return withoutBlankEnds(MarkupSanitizer.plainText(text))
    }

    /// The problem of a sanitised content; nil if there is none.
    public static func problem(_ sanitised: String) -> String? {
        if showsNothing(sanitised) { return "Validation error: \"content\" must not be empty" }
        // A UTF-8 byte is never more than one UTF-16 unit: short texts need no counting.
        if sanitised.utf8.count <= maximumLength || sanitised.utf16.count <= maximumLength { return nil }
        return "Validation error: \"content\" must be at most \(maximumLength) characters long"
    }

    /// Most messages have a printable ASCII character, and need no look at the properties of theirs.
    private static func showsNothing(_ text: String) -> Bool {
        !text.utf8.contains { $0 > 0x20 && $0 < 0x7F } && text.showsNothing
    }

    private static func withoutBlankEnds(_ text: String) -> String {
        let trimmed = text.trimmingSpaces()
        // Nothing stood before it, as before most texts.
        if trimmed.utf8.first == text.utf8.first, let first = text.utf8.first, first > 0x20, first < 0x7F { return trimmed }
        // By scalars: a character may have any number of marks, and to compare two of them takes quadratic time.
        let scalars = text.unicodeScalars
        guard trimmed.unicodeScalars.contains(where: isNewline), let first = scalars.firstIndex(where: { !$0.isSpace }) else {
            return trimmed
        }
        let blanks = scalars[..<first]
        let lineStart = blanks.lastIndex(where: isNewline).map { blanks.index(after: $0) } ?? blanks.startIndex
        return String(Substring(blanks[lineStart...])) + trimmed
    }

    /// Like `Character.isNewline`.
    private static func isNewline(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A...0x0D, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    private static func isControl(_ byte: UInt8) -> Bool {
        byte == 0x7F || byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D
    }
}
