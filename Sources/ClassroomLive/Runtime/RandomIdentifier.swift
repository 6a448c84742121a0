/// Identifiers from the system's generator.
package enum RandomIdentifier {
    /// A version 4 UUID (RFC 9562), in lower case.
    package static func uuid() -> String {
        var generator = SystemRandomNumberGenerator()
        let high = (generator.next() as UInt64) & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = (generator.next() as UInt64) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return String(unsafeUninitializedCapacity: 36) { bytes in
            var position = 0
            for digit in 0..<32 {
                if position == 8 || position == 13 || position == 18 || position == 23 {
                    bytes[position] = UInt8(ascii: "-")
                    position += 1
                }
                let word = digit < 16 ? high : low
                bytes[position] = hexDigit(word >> UInt64(60 - 4 * (digit & 15)) & 0xF)
                position += 1
            }
            return position
        }
    }

    /// 256 random bits, in hexadecimal: too many to guess.
    static func secret() -> String {
        var generator = SystemRandomNumberGenerator()
        return String(unsafeUninitializedCapacity: 64) { bytes in
            for word in 0..<4 {
                let value: UInt64 = generator.next()
                for digit in 0..<16 { bytes[word * 16 + digit] = hexDigit(value >> UInt64(60 - 4 * digit) & 0xF) }
            }
            return 64
        }
    }

    private static func hexDigit(_ value: UInt64) -> UInt8 {
        UInt8(truncatingIfNeeded: value < 10 ? 48 + value : 87 + value)
    }
}
