/// Session identifiers: 20 characters of base64url. The first two name the event loop that holds the session, so that any loop finds it
/// without a table shared by all; the other 18 are 108 random bits.
public enum SessionID {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    public static let length = 20
    /// Shards are numbered below this.
    public static let maximumShards = 4_096

    /// - Parameter random: two words of cryptographic randomness, of which 54 bits each are used.
    public static func make(random: (UInt64, UInt64), shard: Int) -> String {
        precondition(shard >= 0 && shard < maximumShards, "more event loops than a session identifier can name")
        return String(unsafeUninitializedCapacity: length) { bytes in
            bytes[0] = alphabet[shard >> 6]
            bytes[1] = alphabet[shard & 63]
            var word = random.0
            for index in 2..<length {
                if index == 11 { word = random.1 }
                bytes[index] = alphabet[Int(word & 63)]
                word >>= 6
            }
            return length
        }
    }

    /// The shard that an identifier belongs to; nil when it cannot be one of ours.
    public static func shard(of sid: String) -> Int? {
        let bytes = sid.utf8
        guard bytes.count == length, let first = bytes.first, let high = alphabet.firstIndex(of: first),
            let low = alphabet.firstIndex(of: bytes[bytes.index(after: bytes.startIndex)])
        else { return nil }
        return high << 6 | low
    }
}
