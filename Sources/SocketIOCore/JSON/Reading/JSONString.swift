/// The text of a JSON string.
enum JSONString {
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
    ///   - raw: what stands between the quotes.
    ///   - hasEscapes: whether there is a backslash in it.
    @inline(__always)
    static func decode(_ raw: UnsafeRawBufferPointer, hasEscapes: Bool) -> String {
        hasEscapes ? self.unescape(raw) : String(decoding: raw, as: UTF8.self)
    }

    /// Half a surrogate pair becomes U+FFFD: JSON can spell it, a Swift string cannot hold it.
    private static func unescape(_ raw: UnsafeRawBufferPointer) -> String {
        // No escape is shorter than the UTF-8 it stands for, but one that is cut off may be.
        String(unsafeUninitializedCapacity: raw.count + 3) { target in
            var input = 0
            var output = 0
            func put(_ scalar: Unicode.Scalar) {
                for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                    target[output] = byte
                    output += 1
                }
            }
            while input < raw.count {
                let byte = raw[input]
                guard byte == JSONByte.backslash, input + 1 < raw.count else {
                    target[output] = byte
                    output += 1
                    input += 1
                    continue
                }
                input += 2
                switch raw[input - 1] {
                case UInt8(ascii: "b"): put("\u{08}")
                case UInt8(ascii: "f"): put("\u{0C}")
                case UInt8(ascii: "n"): put("\n")
                case UInt8(ascii: "r"): put("\r")
                case UInt8(ascii: "t"): put("\t")
                case UInt8(ascii: "u"):
                    let unit = self.unit(raw, at: input)
                    input = min(input + 4, raw.count)
                    if let low = self.lowSurrogate(raw, at: input), unit & 0xFC00 == 0xD800 {
                        input += 6
                        let value = 0x10000 + (UInt32(unit & 0x3FF) << 10 | UInt32(low & 0x3FF))
                        put(Unicode.Scalar(value) ?? "\u{FFFD}")
                    } else {
                        put(Unicode.Scalar(unit) ?? "\u{FFFD}")
                    }
                case let other: put(Unicode.Scalar(other))
                }
            }
            return output
        }
    }

    /// Four hexadecimal digits.
    private static func unit(_ raw: UnsafeRawBufferPointer, at offset: Int) -> UInt16 {
        guard offset + 4 <= raw.count else { return 0xFFFD }
        var unit: UInt16 = 0
        for index in offset..<offset + 4 {
            guard let digit = self.hexadecimal(raw[index]) else { return 0xFFFD }
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
