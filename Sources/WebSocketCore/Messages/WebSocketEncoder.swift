public import NIOCore

/// Writes frames (RFC 6455 §5.2), each appended to a buffer so that many leave in one write.
public enum WebSocketEncoder {
    /// Appends a frame.
    ///
    /// - Parameters:
    ///   - payload: a control frame's is at most 125 bytes.
    ///   - mask: required of a client, forbidden to a server. The most significant byte is applied first.
    public static func write(
        opcode: WebSocketOpcode, payload: ByteBuffer, fin: Bool = true, mask: UInt32? = nil, into buffer: inout ByteBuffer
    ) {
        let count = payload.readableBytes
        self.writeHeader(opcode: opcode, payloadBytes: count, fin: fin, mask: mask, into: &buffer)
        guard let mask else {
            buffer.writeImmutableBuffer(payload)
            return
        }
        guard count > 0 else { return }
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
            payload.withUnsafeReadableBytes { source in
                if let from = source.baseAddress, let to = target.baseAddress {
                    _ = Masking.copy(from: from, to: to, count: count, mask: mask.byteSwapped)
                }
            }
            return count
        }
    }

    /// Appends a frame's header; the caller appends exactly `payloadBytes` bytes next, masked if there is a mask.
    public static func writeHeader(
        opcode: WebSocketOpcode, payloadBytes: Int, fin: Bool = true, mask: UInt32? = nil, into buffer: inout ByteBuffer
    ) {
        assert(payloadBytes >= 0 && (!opcode.isControl || (payloadBytes <= 125 && fin)), "A control frame is short and whole")
        let first = opcode.rawValue | (fin ? 0x80 : 0)
        let masked: UInt8 = mask == nil ? 0 : 0x80
        if payloadBytes <= 125 {
            buffer.writeMultipleIntegers(first, UInt8(payloadBytes) | masked)
        } else if payloadBytes <= Int(UInt16.max) {
            buffer.writeMultipleIntegers(first, 126 | masked, UInt16(payloadBytes))
        } else {
            buffer.writeMultipleIntegers(first, 127 | masked, UInt64(payloadBytes))
        }
        if let mask { buffer.writeInteger(mask) }
    }

    /// Appends an unmasked frame around whatever `body` appends: the length is patched afterwards, and the payload is moved when
    /// it needs a longer header than two bytes.
    @inlinable
    public static func writeFrame(
        opcode: WebSocketOpcode, into buffer: inout ByteBuffer, _ body: (inout ByteBuffer) -> Void
    ) {
        let start = buffer.writerIndex
        buffer.writeMultipleIntegers(opcode.rawValue | 0x80, UInt8(0))
        body(&buffer)
        let count = buffer.writerIndex - start - 2
        if count <= 125 {
            buffer.setInteger(UInt8(truncatingIfNeeded: count), at: start + 1)
        } else {
            self.widenHeader(at: start, payloadBytes: count, of: &buffer)
        }
    }

    /// Makes room for a length of two or eight bytes.
    @usableFromInline
    static func widenHeader(at start: Int, payloadBytes: Int, of buffer: inout ByteBuffer) {
        let isShort = payloadBytes <= Int(UInt16.max)
        let extra = isShort ? 2 : 8
        buffer.writeRepeatingByte(0, count: extra)
        buffer.withVeryUnsafeMutableBytes { bytes in
            let from = UnsafeRawBufferPointer(rebasing: bytes[start + 2..<start + 2 + payloadBytes])
            // Slices of one buffer may overlap: `copyMemory` moves.
            UnsafeMutableRawBufferPointer(rebasing: bytes[start + 2 + extra..<start + 2 + extra + payloadBytes]).copyMemory(from: from)
        }
        buffer.setInteger(isShort ? UInt8(126) : UInt8(127), at: start + 1)
        if isShort {
            buffer.setInteger(UInt16(payloadBytes), at: start + 2)
        } else {
            buffer.setInteger(UInt64(payloadBytes), at: start + 2)
        }
    }

    /// Appends a close frame.
    ///
    /// - Parameters:
    ///   - code: none leaves the payload empty.
    ///   - reason: cut at a character's boundary to the 123 bytes there is room for; without a code it is dropped.
    public static func writeClose(code: WebSocketCloseCode?, reason: String = "", mask: UInt32? = nil, into buffer: inout ByteBuffer) {
        var payload = ByteBuffer()
        if let code {
            assert(code.mayBeSent, "1005, 1006 and 1015 are never sent")
            payload.writeInteger(code.rawValue)
            var room = 123
            for character in reason {
                room -= character.utf8.count
                guard room >= 0 else { break }
                payload.writeString(String(character))
            }
        }
        self.write(opcode: .close, payload: payload, mask: mask, into: &buffer)
    }
}
