/// SHA-1 (RFC 3174), which the opening handshake asks for. It proves that the server read the request, and protects nothing.
enum SHA1 {
    /// RFC 3174 §6.1: the five words H0 to H4.
    struct Digest {
        fileprivate(set) var words: (UInt32, UInt32, UInt32, UInt32, UInt32) =
            (0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0)

        var bytes: [UInt8] {
            [words.0, words.1, words.2, words.3, words.4].flatMap { word in
                [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) }
            }
        }
    }

    /// The 20 bytes of the digest. The message is shorter than 2^32 bytes.
    static func hash(_ message: [UInt8]) -> [UInt8] { message.withUnsafeBytes { digest(of: $0) }.bytes }

    static func digest(of message: UnsafeRawBufferPointer) -> Digest {
        var digest = Digest()
        // §4: a one bit, zeros up to the last eight bytes of a block, the length in bits.
        let blocks = (message.count + 9 + 63) / 64
        let bits = UInt64(message.count) * 8
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 80) { schedule in
            for block in 0..<blocks {
                for word in 0..<16 {
                    let start = block * 64 + word * 4
                    var value: UInt32 = 0
                    if start + 4 <= message.count {
                        value = message.loadUnaligned(fromByteOffset: start, as: UInt32.self).bigEndian
                    } else {
                        for index in start..<(start + 4) {
                            let byte: UInt8 = index < message.count ? message[index] : index == message.count ? 0x80 : 0
                            value = value << 8 | UInt32(byte)
                        }
                    }
                    schedule[word] = value
                }
                if block == blocks - 1 {
                    schedule[14] = UInt32(truncatingIfNeeded: bits >> 32)
                    schedule[15] = UInt32(truncatingIfNeeded: bits)
                }
                absorb(schedule, into: &digest)
            }
        }
        return digest
    }

    /// §6.1, one block of 64 bytes, which stand in the first sixteen words of the schedule.
    private static func absorb(_ schedule: UnsafeMutableBufferPointer<UInt32>, into digest: inout Digest) {
        for word in 16..<80 {
            schedule[word] = rotate(schedule[word - 3] ^ schedule[word - 8] ^ schedule[word - 14] ^ schedule[word - 16], by: 1)
        }
        var (a, b, c, d, e) = digest.words
        func turn(_ mix: UInt32, _ constant: UInt32, _ round: Int) {
            let next = rotate(a, by: 5) &+ mix &+ e &+ constant &+ schedule[round]
            (e, d, c, b, a) = (d, c, rotate(b, by: 30), a, next)
        }
        for round in 0..<20 { turn(b & c | ~b & d, 0x5A82_7999, round) }
        for round in 20..<40 { turn(b ^ c ^ d, 0x6ED9_EBA1, round) }
        for round in 40..<60 { turn(b & c | b & d | c & d, 0x8F1B_BCDC, round) }
        for round in 60..<80 { turn(b ^ c ^ d, 0xCA62_C1D6, round) }
        digest.words.0 &+= a
        digest.words.1 &+= b
        digest.words.2 &+= c
        digest.words.3 &+= d
        digest.words.4 &+= e
    }

    @inline(__always)
    private static func rotate(_ word: UInt32, by count: UInt32) -> UInt32 { word << count | word >> (32 - count) }
}
