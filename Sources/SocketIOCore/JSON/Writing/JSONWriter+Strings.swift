import NIOCore

extension JSONWriter {
    public mutating func string(_ value: String) {
        self.separate()
        self.quote(value)
    }

    public mutating func string(_ value: Substring) {
        self.separate()
        var value = value
        value.withUTF8 { self.quote($0) }
    }

    mutating func quote(_ value: String) {
        var value = value
        value.withUTF8 { self.quote($0) }
    }

    /// Copies and checks eight bytes at a time; most strings need no escape.
    private mutating func quote(_ text: UnsafeBufferPointer<UInt8>) {
        let count = text.count
        var copied = 0
        self.buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count &+ 2) { target in
            target[0] = JSONByte.quote
            copied = Self.copyPlain(UnsafeRawBufferPointer(text), to: target)
            guard copied == count else { return 1 &+ copied }
            target[count &+ 1] = JSONByte.quote
            return count &+ 2
        }
        if copied < count { self.escape(text, from: copied) }
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

    /// The rest of a string with something to escape in it, and the closing quote.
    private mutating func escape(_ text: UnsafeBufferPointer<UInt8>, from start: Int) {
        var plain = start
        for index in start..<text.count {
            let byte = text[index]
            guard byte < 0x20 || byte == JSONByte.quote || byte == JSONByte.backslash else { continue }
            self.buffer.writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[plain..<index]))
            plain = index + 1
            switch byte {
            case JSONByte.quote: self.buffer.writeStaticString("\\\"")
            case JSONByte.backslash: self.buffer.writeStaticString("\\\\")
            case JSONByte.newline: self.buffer.writeStaticString("\\n")
            case JSONByte.carriageReturn: self.buffer.writeStaticString("\\r")
            case JSONByte.tab: self.buffer.writeStaticString("\\t")
            case 0x08: self.buffer.writeStaticString("\\b")
            case 0x0C: self.buffer.writeStaticString("\\f")
            default:
                self.buffer.writeStaticString(byte < 0x10 ? "\\u000" : "\\u001")
                let digit = byte & 0x0F
                self.buffer.writeInteger(digit < 10 ? JSONByte.zero + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
        self.buffer.writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[plain...]))
        self.buffer.writeInteger(JSONByte.quote)
    }
}
