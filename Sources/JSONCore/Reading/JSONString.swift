/// The text of a JSON string.
package enum JSONString {
    @inline(__always)
    static func hexadecimal(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte &- UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte &- UInt8(ascii: "a") &+ 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte &- UInt8(ascii: "A") &+ 10)
        default: nil
        }
    }

    /// - Parameters:
    ///   - raw: the bytes between the quotes.
    ///   - hasEscapes: whether there is a backslash in it.
    @inlinable
    package static func decode(_ raw: UnsafeRawBufferPointer, hasEscapes: Bool) -> String {
        hasEscapes ? unescape(raw) : String(decoding: raw, as: UTF8.self)
    }

    /// Whether a string, as it is written, says the same as a text.
    @inline(__always)
    package static func equals(_ raw: UnsafeRawBufferPointer, hasEscapes: Bool, _ wanted: UnsafeBufferPointer<UInt8>) -> Bool {
        guard hasEscapes else {
            guard raw.count == wanted.count else { return false }
            for index in 0..<wanted.count where raw[index] != wanted[index] { return false }
            return true
        }
        // An escape is one to six times as long as the bytes that it stands for, so that most need no decoding. U+FFFD stands for half a
        // surrogate pair: three bytes for six.
        guard raw.count > wanted.count, raw.count <= 6 &* wanted.count else { return false }
        return unescape(raw).utf8.elementsEqual(wanted)
    }

    /// Half a surrogate pair becomes U+FFFD: JSON can spell it, a Swift string cannot hold it.
    @usableFromInline
    static func unescape(_ raw: UnsafeRawBufferPointer) -> String {
        JSONWork.passed(raw.count)
        // No escape is shorter than the UTF-8 it stands for, but one that is cut off may be.
        return String(unsafeUninitializedCapacity: raw.count + 3) { target in
            var input = 0
            var output = 0
            func put(_ scalar: Unicode.Scalar) {
                for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                    target[output] = byte
                    output &+= 1
                }
            }
            while input < raw.count {
                let byte = raw[input]
                guard byte == JSONByte.backslash, input + 1 < raw.count else {
                    target[output] = byte
                    output &+= 1
                    input &+= 1
                    continue
                }
                input &+= 2
                let escaped = raw[input &- 1]
                guard escaped != UInt8(ascii: "u") else {
                    let unit = self.unit(raw, at: input)
                    input = min(input &+ 4, raw.count)
                    if unit & 0xFC00 == 0xD800, let low = lowSurrogate(raw, at: input) {
                        input &+= 6
                        let value = 0x10000 + (UInt32(unit & 0x3FF) << 10 | UInt32(low & 0x3FF))
                        put(Unicode.Scalar(value) ?? "\u{FFFD}")
                    } else if unit < 0x80 {
                        target[output] = UInt8(truncatingIfNeeded: unit)
                        output &+= 1
                    } else {
                        put(Unicode.Scalar(unit) ?? "\u{FFFD}")
                    }
                    continue
                }
                target[output] =
                    switch escaped {
                    case UInt8(ascii: "b"): 0x08
                    case UInt8(ascii: "f"): 0x0C
                    case UInt8(ascii: "n"): JSONByte.newline
                    case UInt8(ascii: "r"): JSONByte.carriageReturn
                    case UInt8(ascii: "t"): JSONByte.tab
                    default: escaped
                    }
                output &+= 1
            }
            return output
        }
    }

    /// Four hexadecimal digits.
    private static func unit(_ raw: UnsafeRawBufferPointer, at offset: Int) -> UInt16 {
        guard offset + 4 <= raw.count else { return 0xFFFD }
        var unit: UInt16 = 0
        for index in offset..<offset + 4 {
            guard let digit = hexadecimal(raw[index]) else { return 0xFFFD }
            unit = unit << 4 | digit
        }
        return unit
    }

    private static func lowSurrogate(_ raw: UnsafeRawBufferPointer, at offset: Int) -> UInt16? {
        guard offset + 6 <= raw.count, raw[offset] == JSONByte.backslash, raw[offset + 1] == UInt8(ascii: "u") else { return nil }
        let unit = self.unit(raw, at: offset + 2)
        return unit & 0xFC00 == 0xDC00 ? unit : nil
    }
}
