/// The bytes that have a meaning in JSON.
@usableFromInline
package enum JSONByte {
    @inlinable package static var space: UInt8 { 0x20 }
    @inlinable package static var newline: UInt8 { 0x0A }
    @inlinable package static var carriageReturn: UInt8 { 0x0D }
    @inlinable package static var tab: UInt8 { 0x09 }
    @inlinable package static var quote: UInt8 { 0x22 }
    @inlinable package static var backslash: UInt8 { 0x5C }
    @inlinable package static var slash: UInt8 { 0x2F }
    @inlinable package static var comma: UInt8 { 0x2C }
    @inlinable package static var colon: UInt8 { 0x3A }
    @inlinable package static var openBrace: UInt8 { 0x7B }
    @inlinable package static var closeBrace: UInt8 { 0x7D }
    @inlinable package static var openBracket: UInt8 { 0x5B }
    @inlinable package static var closeBracket: UInt8 { 0x5D }
    @inlinable package static var minus: UInt8 { 0x2D }
    @inlinable package static var plus: UInt8 { 0x2B }
    @inlinable package static var point: UInt8 { 0x2E }
    @inlinable package static var zero: UInt8 { 0x30 }
    @inlinable package static var nine: UInt8 { 0x39 }
}

/// Reads eight bytes at a time. In each result the highest bit of a byte is set where the byte matches, exactly so for the lowest
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

    /// True for bytes that a string must escape: quote, backslash and control characters.
    @inline(__always)
    static func special(_ word: UInt64) -> UInt64 {
        matches(word, JSONByte.quote) | matches(word, JSONByte.backslash) | controlCharacters(word)
    }
}
