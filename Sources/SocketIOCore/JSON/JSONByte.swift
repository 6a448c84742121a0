/// The bytes that have a meaning in JSON.
@usableFromInline
enum JSONByte {
    static let space: UInt8 = 0x20
    static let newline: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let tab: UInt8 = 0x09
    @usableFromInline static let quote: UInt8 = 0x22
    static let backslash: UInt8 = 0x5C
    static let slash: UInt8 = 0x2F
    @usableFromInline static let comma: UInt8 = 0x2C
    @usableFromInline static let colon: UInt8 = 0x3A
    @usableFromInline static let openBrace: UInt8 = 0x7B
    @usableFromInline static let closeBrace: UInt8 = 0x7D
    @usableFromInline static let openBracket: UInt8 = 0x5B
    @usableFromInline static let closeBracket: UInt8 = 0x5D
    static let minus: UInt8 = 0x2D
    static let plus: UInt8 = 0x2B
    static let point: UInt8 = 0x2E
    static let zero: UInt8 = 0x30
    static let nine: UInt8 = 0x39
}

/// Eight bytes at a time. In each result the highest bit of a byte is set where the byte matches, exactly so for the lowest
/// match; a borrow may add false matches above it.
enum JSONWord {
    static let highBits: UInt64 = 0x8080_8080_8080_8080
    static let lowBits: UInt64 = 0x0101_0101_0101_0101

    @inline(__always)
    static func matches(_ word: UInt64, _ byte: UInt8) -> UInt64 {
        let difference = word ^ (Self.lowBits &* UInt64(byte))
        return (difference &- Self.lowBits) & ~difference & Self.highBits
    }

    @inline(__always)
    static func controlCharacters(_ word: UInt64) -> UInt64 {
        (word &- Self.lowBits &* 0x20) & ~word & Self.highBits
    }

    /// What cannot be copied into or out of a string as it is: quote, backslash and control characters.
    @inline(__always)
    static func special(_ word: UInt64) -> UInt64 {
        self.matches(word, JSONByte.quote) | self.matches(word, JSONByte.backslash) | self.controlCharacters(word)
    }
}
