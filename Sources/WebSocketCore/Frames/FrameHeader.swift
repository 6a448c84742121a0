/// The two to fourteen bytes before a payload (RFC 6455 §5.2).
struct FrameHeader {
    var isFinal: Bool
    var opcode: WebSocketOpcode
    var reservedBits: WebSocketReservedBits
    var payloadBytes: Int
    /// The four bytes of the mask as a little-endian number, so that byte `i` is applied to payload byte `i % 4`.
    var mask: UInt32
    /// Bytes of the header itself.
    var headerBytes: Int

    enum Parsed {
        case header(FrameHeader)
        case incomplete
        case violation(WebSocketProtocolError.Kind)
    }

    /// Reads a header and checks everything that one frame alone can violate. A violation in the first two bytes is found
    /// without waiting for the rest.
    ///
    /// - Parameter extensions: the reserved bits that were negotiated. They mark the first frame of a data message and no other
    ///   (RFC 7692 §6.1 of the only one in use).
    @inline(__always)
    static func parse(_ bytes: UnsafeRawBufferPointer, role: WebSocketRole, extensions: WebSocketReservedBits = []) -> Parsed {
        guard bytes.count >= 2 else { return .incomplete }
        let first = bytes[0], second = bytes[1]
        let reservedBits = WebSocketReservedBits(rawValue: first)
        guard reservedBits.isSubset(of: extensions) else { return .violation(.reservedBits) }
        guard let opcode = WebSocketOpcode(rawValue: first & 0x0F) else { return .violation(.reservedOpcode) }
        guard reservedBits.isEmpty || opcode == .text || opcode == .binary else { return .violation(.reservedBits) }
        let isFinal = first & 0x80 != 0
        let isMasked = second & 0x80 != 0
        switch role {
        case .server: if !isMasked { return .violation(.maskMissing) }
        case .client: if isMasked { return .violation(.maskForbidden) }
        }
        let shortLength = Int(second & 0x7F)
        if opcode.isControl {
            guard isFinal else { return .violation(.fragmentedControlFrame) }
            guard shortLength <= 125 else { return .violation(.controlFrameTooLong) }
        }

        var length = shortLength
        var offset = 2
        if shortLength == 126 {
            guard bytes.count >= 4 else { return .incomplete }
            length = Int(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
            guard length > 125 else { return .violation(.lengthNotMinimal) }
            offset = 4
        } else if shortLength == 127 {
            guard bytes.count >= 10 else { return .incomplete }
            let long = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
            guard long > UInt64(UInt16.max) else { return .violation(.lengthNotMinimal) }
            guard let exact = Int(exactly: long) else { return .violation(.lengthOutOfRange) }
            length = exact
            offset = 10
        }
        var mask: UInt32 = 0
        if isMasked {
            guard bytes.count >= offset + 4 else {
                // The length is known: a caller may refuse it before the mask is here.
                return .header(
                    FrameHeader(
                        isFinal: isFinal, opcode: opcode, reservedBits: reservedBits, payloadBytes: length, mask: 0, headerBytes: offset + 4
                    ))
            }
            mask = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            offset += 4
        }
        return .header(
            FrameHeader(
                isFinal: isFinal, opcode: opcode, reservedBits: reservedBits, payloadBytes: length, mask: mask, headerBytes: offset))
    }
}
