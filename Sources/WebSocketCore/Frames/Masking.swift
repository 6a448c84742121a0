/// Masks and unmasks payloads (RFC 6455 §5.3).
enum Masking {
    /// Copies `source` to `destination`, applying `mask`, eight bytes at a time.
    ///
    /// - Parameters:
    ///   - mask: the mask's bytes as a little-endian number; byte 0 is applied to `source[0]`.
    /// - Returns: Whether every byte written is ASCII: found in the same pass, it spares most text the UTF-8 validation.
    @inline(__always)
    static func copy(
        from source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer, count: Int, mask: UInt32
    ) -> Bool {
        let wide = UInt64(mask) << 32 | UInt64(mask)
        var seen: UInt64 = 0
        var offset = 0
        while offset &+ 8 <= count {
            let word = UInt64(littleEndian: source.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) ^ wide
            destination.storeBytes(of: word.littleEndian, toByteOffset: offset, as: UInt64.self)
            seen |= word
            offset &+= 8
        }
        if offset &+ 4 <= count {
            let word = UInt32(littleEndian: source.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) ^ mask
            destination.storeBytes(of: word.littleEndian, toByteOffset: offset, as: UInt32.self)
            seen |= UInt64(word)
            offset &+= 4
        }
        var rest = mask
        while offset < count {
            let byte = source.load(fromByteOffset: offset, as: UInt8.self) ^ UInt8(truncatingIfNeeded: rest)
            destination.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
            seen |= UInt64(byte)
            rest >>= 8
            offset &+= 1
        }
        return seen & 0x8080_8080_8080_8080 == 0
    }

    /// The mask as it applies `bytes` further into the payload.
    @inline(__always)
    static func advance(_ mask: UInt32, by bytes: Int) -> UInt32 {
        let shift = UInt32(truncatingIfNeeded: (bytes & 3) &* 8)
        return mask &>> shift | mask &<< ((32 &- shift) & 31)
    }
}
