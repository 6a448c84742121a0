import NIOCore

extension JSONWriter {
    public mutating func string(_ value: String) {
        separate()
        quote(value)
    }

    public mutating func string(_ value: Substring) {
        separate()
        var value = value
        value.withUTF8 { quote($0) }
    }

    mutating func quote(_ value: String) {
        var value = value
        value.withUTF8 { quote($0) }
    }

    /// Copies and checks eight bytes at a time; most strings need no escape.
    private mutating func quote(_ text: UnsafeBufferPointer<UInt8>) {
        let count = text.count
        var copied = 0
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count &+ 2) { target in
            target[0] = JSONByte.quote
            copied = Self.copyPlain(UnsafeRawBufferPointer(text), to: target)
            guard copied == count else { return 1 &+ copied }
            target[count &+ 1] = JSONByte.quote
            return count &+ 2
        }
        if copied < count { escape(text, from: copied) }
    }

    /// Copies up to the first byte that needs an escape, to offset 1 of the target.
    /// - Returns: How many bytes that were.
    @inline(__always)
    private static func copyPlain(_ text: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer) -> Int {
        var index = 0
        while index &+ 8 <= text.count {
            let word = text.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            guard JSONWord.special(word) == 0 else { break }
            target.storeBytes(of: word, toByteOffset: index &+ 1, as: UInt64.self)
            index &+= 8
        }
        while index < text.count {
            let byte = text[index]
            guard byte >= 0x20, byte != JSONByte.quote, byte != JSONByte.backslash else { break }
            target[index &+ 1] = byte
            index &+= 1
        }
        return index
    }

    /// Writes the rest of a string that has something to escape in it, and the closing quote.
    private mutating func escape(_ text: UnsafeBufferPointer<UInt8>, from start: Int) {
        // A part at a time: the buffer has to have room for the longest that a part can become.
        let part = 256
        var index = start
        while index < text.count {
            let end = min(index &+ part, text.count)
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 6 &* (end &- index)) { target in
                var output = 0
                for byte in text[index..<end] { output = Self.escape(byte, to: target, at: output) }
                return output
            }
            index = end
        }
        buffer.writeInteger(JSONByte.quote)
    }

    /// - Returns: The offset behind what was written.
    @inline(__always)
    private static func escape(_ byte: UInt8, to target: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        let letter: UInt8
        switch byte {
        case JSONByte.quote, JSONByte.backslash: letter = byte
        case JSONByte.newline: letter = UInt8(ascii: "n")
        case JSONByte.carriageReturn: letter = UInt8(ascii: "r")
        case JSONByte.tab: letter = UInt8(ascii: "t")
        case 0x08: letter = UInt8(ascii: "b")
        case 0x0C: letter = UInt8(ascii: "f")
        case 0x00..<0x20:
            let digit = byte & 0x0F
            target[offset] = JSONByte.backslash
            target[offset &+ 1] = UInt8(ascii: "u")
            target[offset &+ 2] = JSONByte.zero
            target[offset &+ 3] = JSONByte.zero
            target[offset &+ 4] = byte < 0x10 ? JSONByte.zero : JSONByte.zero &+ 1
            target[offset &+ 5] = digit < 10 ? JSONByte.zero &+ digit : UInt8(ascii: "a") &+ digit &- 10
            return offset &+ 6
        default:
            target[offset] = byte
            return offset &+ 1
        }
        target[offset] = JSONByte.backslash
        target[offset &+ 1] = letter
        return offset &+ 2
    }
}
