public import NIOCore

/// Writes frames (RFC 6455 §5.2), each appended to a buffer so that many leave in one write.
///
/// A client gives a mask to each frame, a server none. A mask has to be unpredictable (§10.3): take each from a strong random generator.
public enum WebSocketEncoder {
    /// Appends a frame.
    ///
    /// - Parameters:
    ///   - payload: a control frame's is at most 125 bytes.
    ///   - reservedBits: of a negotiated extension, on the first frame of a message.
    ///   - mask: required of a client, forbidden to a server. The most significant byte is applied first.
    public static func write(
        opcode: WebSocketOpcode, payload: ByteBuffer, fin: Bool = true, reservedBits: WebSocketReservedBits = [], mask: UInt32? = nil,
        into buffer: inout ByteBuffer
    ) {
        writeHeader(
            opcode: opcode, payloadBytes: payload.readableBytes, fin: fin, reservedBits: reservedBits, mask: mask, into: &buffer)
        let start = buffer.writerIndex
        buffer.writeImmutableBuffer(payload)
        if let mask { apply(mask, from: start, of: &buffer) }
    }

    /// Appends a frame's header; the caller appends exactly `payloadBytes` bytes next, masked if there is a mask.
    public static func writeHeader(
        opcode: WebSocketOpcode, payloadBytes: Int, fin: Bool = true, reservedBits: WebSocketReservedBits = [], mask: UInt32? = nil,
        into buffer: inout ByteBuffer
    ) {
        assert(payloadBytes >= 0 && (!opcode.isControl || (payloadBytes <= 125 && fin)), "A control frame is short and whole")
        let first = opcode.rawValue | (fin ? 0x80 : 0) | reservedBits.rawValue
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

    /// Bytes of the header of a frame without a mask (RFC 6455 §5.2).
    @inlinable
    package static func headerBytes(payloadBytes: Int) -> Int { payloadBytes <= 125 ? 2 : payloadBytes <= 0xFFFF ? 4 : 10 }

    /// Writes the header of a whole message without a mask, `headerBytes(payloadBytes:)` long, to the beginning of `target`.
    @inlinable
    package static func writeHeader(opcode: WebSocketOpcode, payloadBytes: Int, to target: UnsafeMutableRawBufferPointer) {
        target[0] = opcode.rawValue | 0x80
        if payloadBytes <= 125 {
            target[1] = UInt8(truncatingIfNeeded: payloadBytes)
        } else if payloadBytes <= 0xFFFF {
            target[1] = 126
            target.storeBytes(of: UInt16(truncatingIfNeeded: payloadBytes).bigEndian, toByteOffset: 2, as: UInt16.self)
        } else {
            target[1] = 127
            target.storeBytes(of: UInt64(payloadBytes).bigEndian, toByteOffset: 2, as: UInt64.self)
        }
    }

    /// Appends a frame around whatever `body` appends: the length is patched and the mask applied afterwards, and the payload is moved when
    /// it needs a longer header than the shortest.
    ///
    /// - Parameter mask: required of a client, forbidden to a server.
    @inlinable
    public static func writeFrame(
        opcode: WebSocketOpcode, mask: UInt32? = nil, into buffer: inout ByteBuffer, _ body: (inout ByteBuffer) -> Void
    ) {
        let start = buffer.writerIndex
        buffer.writeMultipleIntegers(opcode.rawValue | 0x80, UInt8(0))
        if mask != nil { buffer.writeInteger(UInt32(0)) }
        let payload = buffer.writerIndex
        body(&buffer)
        let count = buffer.writerIndex - payload
        if count <= 125 {
            buffer.setInteger(UInt8(truncatingIfNeeded: count), at: start + 1)
        } else {
            widenHeader(at: start, payloadAt: payload, payloadBytes: count, of: &buffer)
        }
        if let mask { finishMasked(mask, at: start, payloadBytes: count, of: &buffer) }
    }

    /// Makes room for a length of two or eight bytes.
    @usableFromInline
    static func widenHeader(at start: Int, payloadAt payload: Int, payloadBytes: Int, of buffer: inout ByteBuffer) {
        let isShort = payloadBytes <= Int(UInt16.max)
        let extra = isShort ? 2 : 8
        buffer.writeRepeatingByte(0, count: extra)
        buffer.withVeryUnsafeMutableBytes { bytes in
            let from = UnsafeRawBufferPointer(rebasing: bytes[payload..<payload + payloadBytes])
            // Slices of one buffer may overlap: `copyMemory` moves.
            UnsafeMutableRawBufferPointer(rebasing: bytes[payload + extra..<payload + extra + payloadBytes]).copyMemory(from: from)
        }
        buffer.setInteger(isShort ? UInt8(126) : UInt8(127), at: start + 1)
        if isShort {
            buffer.setInteger(UInt16(payloadBytes), at: start + 2)
        } else {
            buffer.setInteger(UInt64(payloadBytes), at: start + 2)
        }
    }

    /// Writes the mask behind the length, says in the header that there is one, and applies it to the payload, which ends the buffer.
    @usableFromInline
    static func finishMasked(_ mask: UInt32, at start: Int, payloadBytes: Int, of buffer: inout ByteBuffer) {
        let payload = buffer.writerIndex - payloadBytes
        buffer.setInteger(mask, at: payload - 4)
        let length: UInt8 = buffer.getInteger(at: start + 1) ?? 0
        buffer.setInteger(length | 0x80, at: start + 1)
        apply(mask, from: payload, of: &buffer)
    }

    /// Masks what stands in a buffer from `start` on: the one place where a payload is masked.
    private static func apply(_ mask: UInt32, from start: Int, of buffer: inout ByteBuffer) {
        let count = buffer.writerIndex - start
        guard count > 0 else { return }
        buffer.withVeryUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            _ = Masking.copy(from: base + start, to: base + start, count: count, mask: mask.byteSwapped)
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
        write(opcode: .close, payload: payload, mask: mask, into: &buffer)
    }
}
