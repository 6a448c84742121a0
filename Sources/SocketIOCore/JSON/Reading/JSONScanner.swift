/// A position in a JSON text.
///
/// What is in this file trusts the text to have been validated, and only uses that to skip faster: whatever the bytes are, it stays
/// within them and ends. ``JSONScanner/validate(maximumDepth:elements:)`` trusts nothing.
struct JSONScanner {
    let bytes: UnsafeRawBufferPointer
    var position: Int

    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer, at position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    /// The byte at the position, or zero at the end: zero is valid nowhere in JSON.
    @inline(__always)
    var current: UInt8 { self.position < self.bytes.count ? self.bytes[self.position] : 0 }

    @inline(__always)
    mutating func skipWhitespace() {
        while true {
            switch self.current {
            case JSONByte.space, JSONByte.newline, JSONByte.carriageReturn, JSONByte.tab: self.position &+= 1
            default: return
            }
        }
    }

    /// Moves from a value's first byte past its last.
    mutating func skipValue() {
        switch self.current {
        case JSONByte.quote: _ = self.skipString()
        case JSONByte.openBrace, JSONByte.openBracket: self.skipContainer()
        default: self.skipScalar()
        }
    }

    /// Moves from a string's opening quote past its closing one.
    /// - Returns: Whether a backslash stands in it.
    @inline(__always)
    mutating func skipString() -> Bool {
        self.position &+= 1
        var hasEscapes = false
        let count = self.bytes.count
        while self.position < count {
            if self.position &+ 8 <= count {
                let word = UInt64(littleEndian: self.bytes.loadUnaligned(fromByteOffset: self.position, as: UInt64.self))
                let found = JSONWord.matches(word, JSONByte.quote) | JSONWord.matches(word, JSONByte.backslash)
                if found == 0 {
                    self.position &+= 8
                    continue
                }
                self.position &+= found.trailingZeroBitCount >> 3
            }
            switch self.bytes[self.position] {
            case JSONByte.quote:
                self.position &+= 1
                return hasEscapes
            case JSONByte.backslash:
                hasEscapes = true
                self.position &+= 2
            default: self.position &+= 1
            }
        }
        self.position = count
        return hasEscapes
    }

    private mutating func skipContainer() {
        var depth = 0
        while self.position < self.bytes.count {
            switch self.bytes[self.position] {
            case JSONByte.quote:
                _ = self.skipString()
                continue
            case JSONByte.openBrace, JSONByte.openBracket: depth &+= 1
            case JSONByte.closeBrace, JSONByte.closeBracket: depth &-= 1
            default: break
            }
            self.position &+= 1
            if depth == 0 { return }
        }
    }

    /// A number or a literal ends where punctuation or whitespace begins.
    @inline(__always)
    private mutating func skipScalar() {
        while self.position < self.bytes.count {
            switch self.bytes[self.position] {
            case JSONByte.comma, JSONByte.closeBrace, JSONByte.closeBracket, JSONByte.space, JSONByte.newline,
                JSONByte.carriageReturn, JSONByte.tab:
                return
            default: self.position &+= 1
            }
        }
    }
}
