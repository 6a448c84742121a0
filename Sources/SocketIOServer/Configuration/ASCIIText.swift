/// Compares a client's text with a known word, byte by byte and ignoring case (RFC 9110 §5.6.2).
///
/// A `String` of unknown length must not be compared, lowercased or hashed: Swift orders the marks of each letter, in quadratic time if one
/// letter has many. A header of 16 KiB would hold a loop for tens of milliseconds.
package enum ASCIIText {
    /// - Parameter word: in lower case.
    package static func equals(_ text: String, _ word: StaticString) -> Bool { equals(text.utf8, word) }

    package static func equals(_ text: some Sequence<UInt8>, _ word: StaticString) -> Bool {
        let word = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        return text.elementsEqual(word) { lowercased($0) == $1 }
    }

    /// Whether one of the comma-separated items of a field's values is that word.
    static func list(_ values: [String], contains word: StaticString) -> Bool { values.contains { list($0, contains: word) } }

    /// Whether one of the comma-separated items of a value is that word.
    static func list(_ value: String, contains word: StaticString) -> Bool {
        var rest = value.utf8[...]
        while let comma = rest.firstIndex(of: UInt8(ascii: ",")) {
            if equals(trimmed(rest[..<comma]), word) { return true }
            rest = rest[rest.index(after: comma)...]
        }
        return equals(trimmed(rest), word)
    }

    /// The comma-separated items of a field's values, without blanks around them.
    static func items(_ values: [String]) -> [String] {
        values.flatMap { value in
            value.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
                .map { String(decoding: Array(trimmed($0)), as: UTF8.self) }
        }
    }

    /// Whether a byte may stand in a token (RFC 9110 §5.6.2).
    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private static func trimmed(_ item: Substring.UTF8View) -> some Sequence<UInt8> {
        let start = item.drop { isBlank($0) }
        let end = start.lastIndex { !isBlank($0) }
        return end.map { start[...$0] } ?? start[start.endIndex...]
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
