extension String {
    /// Whether it has control characters beside line breaks and tabs. A NUL would end the text in other programs, the rest can disturb a
    /// terminal.
    package var hasControlCharacters: Bool {
        var text = self
        return text.withUTF8 { ControlCharacters.are(in: UnsafeRawBufferPointer($0)) }
    }
}

/// Looks for control characters in UTF-8, mostly eight bytes at a time.
package enum ControlCharacters {
    /// U+0000 to U+001F without line breaks and tabs, U+007F, and U+0080 to U+009F, whose first byte is 0xC2.
    static func are(in bytes: UnsafeRawBufferPointer) -> Bool {
        var previous: UInt8 = 0
        var index = 0
        while index < bytes.count {
            if index &+ 8 <= bytes.count, isPrintable(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) {
                index &+= 8
                previous = 0
                continue
            }
            switch bytes[index] {
            case 0x09, 0x0A, 0x0D: break
            case 0x00..<0x20, 0x7F: return true
            case 0x80...0x9F where previous == 0xC2: return true
            default: break
            }
            previous = bytes[index]
            index &+= 1
        }
        return false
    }

    /// Whether all eight bytes are from 0x20 to 0x7E. It may say no to a word of which they are, never yes to another.
    package static func isPrintable(_ word: UInt64) -> Bool {
        let low: UInt64 = 0x0101_0101_0101_0101
        let high: UInt64 = 0x8080_8080_8080_8080
        return (word | (word &- low &* 0x20) | (word &+ low)) & high == 0
    }
}
