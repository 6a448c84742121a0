/// A session's identifier: 120 bits, which clients see as 20 characters of base64url. The first two characters name the session's event loop,
/// so that any loop can find it without a shared table. The other 18 are 108 random bits.
public struct SessionID: Hashable, Sendable {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    public static let length = 20
    /// Shards are numbered below this.
    public static let maximumShards = 4_096
    private static let wordMask: UInt64 = 1 << 60 - 1
    private static let randomMask: UInt64 = 1 << 48 - 1

    /// Ten characters each, six bits a character.
    private let high: UInt64
    private let low: UInt64

    /// - Parameter random: two words of cryptographic randomness, of which 48 and 60 bits are used.
    public init(random: (UInt64, UInt64), shard: Int) {
        precondition(shard >= 0 && shard < Self.maximumShards, "more event loops than a session identifier can name")
        high = UInt64(shard) << 48 | random.0 & Self.randomMask
        low = random.1 & Self.wordMask
    }

    /// - Returns: Nil if the text is not an identifier of this server.
    public init?(_ text: String) {
        guard text.utf8.count == Self.length else { return nil }
        var (high, low): (UInt64, UInt64) = (0, 0)
        for byte in text.utf8 {
            guard let value = Self.value(of: byte) else { return nil }
            high = (high << 6 | low >> 54) & Self.wordMask
            low = (low << 6 | value) & Self.wordMask
        }
        self.high = high
        self.low = low
    }

    /// The shard that the session belongs to.
    public var shard: Int { Int(high >> 48) }

    private static func value(of byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt64(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt64(byte - UInt8(ascii: "a") + 26)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0") + 52)
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}

extension SessionID: CustomStringConvertible {
    /// The text that clients see.
    public var description: String {
        String(unsafeUninitializedCapacity: Self.length) { bytes in
            for index in 0..<Self.length {
                let word = index < 10 ? high : low
                bytes[index] = Self.alphabet[Int(word >> UInt64(54 - 6 * (index % 10)) & 63)]
            }
            return Self.length
        }
    }
}
