/// Strings that nobody has checked.
extension JSONScanner {
    /// Moves from a string's opening quote past its closing one.
    /// - Returns: Whether a backslash stands in it.
    @inline(__always)
    mutating func validateString() throws(JSONSyntaxError) -> Bool {
        position &+= 1
        var hasEscapes = false
        let count = bytes.count
        while true {
            if position &+ 8 <= count {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
                let found = JSONWord.special(word) | (word & JSONWord.highBits)
                if found == 0 {
                    position &+= 8
                    continue
                }
                position &+= found.trailingZeroBitCount >> 3
            }
            guard position < count else { throw error(.unexpectedEnd) }
            switch bytes[position] {
            case JSONByte.quote:
                position &+= 1
                return hasEscapes
            case JSONByte.backslash:
                hasEscapes = true
                try validateEscape()
            case 0x00..<0x20: throw error(.invalidString)
            case 0x80...0xFF: try validateUTF8()
            default: position &+= 1
            }
        }
    }

    private mutating func validateEscape() throws(JSONSyntaxError) {
        position &+= 1
        guard position < bytes.count else { throw error(.unexpectedEnd) }
        switch bytes[position] {
        case JSONByte.quote, JSONByte.backslash, JSONByte.slash, UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            position &+= 1
        case UInt8(ascii: "u"):
            guard position &+ 4 < bytes.count else { throw error(.unexpectedEnd) }
            for _ in 0..<4 {
                position &+= 1
                guard JSONString.hexadecimal(bytes[position]) != nil else { throw error(.invalidEscape) }
            }
            position &+= 1
        default: throw error(.invalidEscape)
        }
    }

    /// One character of two to four bytes (Unicode 16, table 3-7). Text frames are valid already, but a polling payload may not
    /// be, and a slice of it may be sent on to others.
    private mutating func validateUTF8() throws(JSONSyntaxError) {
        let first = bytes[position]
        var lowest: UInt8 = 0x80, highest: UInt8 = 0xBF
        let length: Int
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, lowest) = (3, 0xA0)
        case 0xED: (length, highest) = (3, 0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, lowest) = (4, 0x90)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, highest) = (4, 0x8F)
        default: throw error(.invalidUTF8)
        }
        guard position &+ length <= bytes.count else { throw error(.invalidUTF8) }
        for index in 1..<length {
            let byte = bytes[position &+ index]
            guard byte >= lowest, byte <= highest else { throw error(.invalidUTF8) }
            (lowest, highest) = (0x80, 0xBF)
        }
        position &+= length
    }
}
