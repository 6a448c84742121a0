/// Validates UTF-8 that arrives in pieces (Unicode 16, table 3-7: no overlong forms, no surrogates, nothing over U+10FFFF).
package struct UTF8Validator: Sendable {
    /// Continuation bytes still due of a sequence that the last piece broke off.
    private var due: UInt8 = 0
    /// What the next continuation byte may be: the second byte of some sequences has a narrower range.
    private var lowest: UInt8 = 0x80
    private var highest: UInt8 = 0xBF

    package init() {}

    /// Whether the text may end here.
    package var isComplete: Bool { due == 0 }

    /// - Returns: `false` as soon as no continuation could make the text valid.
    package mutating func consume(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        let count = bytes.count
        while index < count {
            if due == 0 {
                while index &+ 8 <= count,
                    bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
                {
                    index &+= 8
                }
                guard index < count else { break }
                guard begin(bytes[index]) else { return false }
            } else {
                let byte = bytes[index]
                guard byte >= lowest, byte <= highest else { return false }
                due &-= 1
                lowest = 0x80
                highest = 0xBF
            }
            index &+= 1
        }
        return true
    }

    private mutating func begin(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x00...0x7F: return true
        case 0xC2...0xDF: due = 1
        case 0xE0: (due, lowest) = (2, 0xA0)
        case 0xE1...0xEC, 0xEE...0xEF: due = 2
        case 0xED: (due, highest) = (2, 0x9F)
        case 0xF0: (due, lowest) = (3, 0x90)
        case 0xF1...0xF3: due = 3
        case 0xF4: (due, highest) = (3, 0x8F)
        default: return false
        }
        return true
    }
}
