/// A position in a JSON text.
///
/// It points into the text and does not own it. Each scanner is a local variable within the `withUnsafe…` closure that lends the bytes, and no
/// closure returns or stores one; the same holds for ``JSONWalk`` and ``JSONNumber``, which are made of the same pointer.
///
/// The members in this file trust the text to be valid, and use that only to skip faster: whatever the bytes are, they stay within them and
/// end. ``validate(maximumDepth:elements:collects:)`` trusts nothing.
@usableFromInline
package struct JSONScanner {
    @usableFromInline package let bytes: UnsafeRawBufferPointer
    @usableFromInline package var position: Int

    @inlinable
    @inline(__always)
    package init(_ bytes: UnsafeRawBufferPointer, at position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    /// The byte at the position, or zero at the end: zero is valid nowhere in JSON.
    @inlinable
    package var current: UInt8 {
        @inline(__always) get { position < bytes.count ? bytes[position] : 0 }
    }

    @inlinable
    @inline(__always)
    package mutating func skipWhitespace() {
        while true {
            switch current {
            case JSONByte.space, JSONByte.newline, JSONByte.carriageReturn, JSONByte.tab: position &+= 1
            default: return
            }
        }
    }

    /// Moves from a value's first byte past its last.
    package mutating func skipValue() {
        let start = position
        switch current {
        case JSONByte.quote: _ = skipString()
        case JSONByte.openBrace, JSONByte.openBracket: skipContainer()
        default: skipScalar()
        }
        JSONWork.passed(position &- start)
    }

    /// Moves from a value's first byte past its last, and notes where the containers in it end.
    mutating func skipValue(recording recorder: inout JSONStructure.Recorder) {
        guard current == JSONByte.openBrace || current == JSONByte.openBracket else { return skipValue() }
        let start = position
        let outer = recorder.open
        while position < bytes.count {
            switch bytes[position] {
            case JSONByte.quote:
                _ = skipString()
                continue
            case JSONByte.openBrace, JSONByte.openBracket: recorder.opened(at: position)
            case JSONByte.closeBrace, JSONByte.closeBracket: recorder.closed(at: position &+ 1)
            default: break
            }
            position &+= 1
            if recorder.open == outer { break }
        }
        JSONWork.passed(position &- start)
    }

    /// True if the value at the position has more containers within one another than that. Looks no further than the first that is too many.
    package func isNested(deeperThan maximumDepth: Int) -> Bool {
        var scanner = self
        var depth = 0
        defer { JSONWork.passed(scanner.position &- position) }
        while scanner.position < scanner.bytes.count {
            switch scanner.bytes[scanner.position] {
            case JSONByte.quote:
                _ = scanner.skipString()
                if depth == 0 { return false }
                continue
            case JSONByte.openBrace, JSONByte.openBracket:
                depth &+= 1
                if depth > maximumDepth { return true }
            case JSONByte.closeBrace, JSONByte.closeBracket: depth &-= 1
            default: break
            }
            scanner.position &+= 1
            if depth <= 0 { return false }
        }
        return false
    }

    /// Moves from a string's opening quote past its closing one.
    /// - Returns: Whether a backslash stands in it.
    @inline(__always)
    package mutating func skipString() -> Bool {
        position &+= 1
        var hasEscapes = false
        let count = bytes.count
        while position < count {
            if position &+ 8 <= count {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
                let found = JSONWord.matches(word, JSONByte.quote) | JSONWord.matches(word, JSONByte.backslash)
                if found == 0 {
                    position &+= 8
                    continue
                }
                position &+= found.trailingZeroBitCount >> 3
            }
            switch bytes[position] {
            case JSONByte.quote:
                position &+= 1
                return hasEscapes
            case JSONByte.backslash:
                hasEscapes = true
                position &+= 2
            default: position &+= 1
            }
        }
        position = count
        return hasEscapes
    }

    private mutating func skipContainer() {
        var depth = 0
        while position < bytes.count {
            switch bytes[position] {
            case JSONByte.quote:
                _ = skipString()
                continue
            case JSONByte.openBrace, JSONByte.openBracket: depth &+= 1
            case JSONByte.closeBrace, JSONByte.closeBracket: depth &-= 1
            default: break
            }
            position &+= 1
            if depth == 0 { return }
        }
    }

    /// A number or a literal ends where punctuation or whitespace begins.
    @inline(__always)
    private mutating func skipScalar() {
        while position < bytes.count {
            switch bytes[position] {
            case JSONByte.comma, JSONByte.closeBrace, JSONByte.closeBracket, JSONByte.space, JSONByte.newline,
                JSONByte.carriageReturn, JSONByte.tab:
                return
            default: position &+= 1
            }
        }
    }
}
