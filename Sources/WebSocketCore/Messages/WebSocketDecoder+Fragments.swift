import NIOCore

/// A message in more than one frame, or in a frame that comes in more than one piece.
struct GatheredMessage {
    /// The bytes of the current frame's payload that have not arrived.
    var remaining: Int
    /// The frame's mask, rotated to the next byte.
    var mask: UInt32
    /// Whether the current frame is the message's last.
    var isFinal: Bool
    let opcode: WebSocketOpcode
    /// The reserved bits of the first frame.
    let reservedBits: WebSocketReservedBits
    var fragments = 1
    /// The message so far.
    var bytes = ByteBuffer()
    var validator = UTF8Validator()

    init(_ header: FrameHeader) {
        remaining = header.payloadBytes
        self.mask = header.mask
        isFinal = header.isFinal
        opcode = header.opcode
        reservedBits = header.reservedBits
    }

    /// Begins the next frame of the same message.
    mutating func goOn(with header: FrameHeader) {
        remaining = header.payloadBytes
        self.mask = header.mask
        isFinal = header.isFinal
        fragments += 1
    }

    /// Moves the available bytes of the frame's payload into the message. The buffer grows by doubling as bytes arrive, not by the length in
    /// a header, since a header costs a peer nothing.
    /// - Returns: Whether the message can still be valid text.
    mutating func take(from input: inout ByteBuffer) -> Bool {
        let count = min(remaining, input.readableBytes)
        guard count > 0 else { return true }
        let mask = self.mask
        // A message that an extension transformed is text only after the transformation is undone.
        let isText = opcode == .text && reservedBits.isEmpty
        var validator = self.validator
        var isValid = true
        bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
            input.withUnsafeReadableBytes { source in
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                let isASCII = Masking.copy(from: from, to: to, count: count, mask: mask)
                if isText, !(isASCII && validator.isComplete) {
                    isValid = validator.consume(UnsafeRawBufferPointer(start: to, count: count))
                }
            }
            return count
        }
        self.validator = validator
        remaining -= count
        self.mask = Masking.advance(mask, by: count)
        input.moveReaderIndex(forwardBy: count)
        return isValid
    }
}

extension WebSocketDecoder {
    /// Consumes a data frame's header; its payload follows piece by piece.
    mutating func begin(_ header: FrameHeader, _ input: inout ByteBuffer) {
        input.moveReaderIndex(forwardBy: header.headerBytes)
        if header.opcode == .continuation {
            gathered[0].goOn(with: header)
        } else {
            gathered = [GatheredMessage(header)]
        }
        state = .withinFrame
    }

    /// Takes the available bytes of a frame's payload.
    /// - Returns: The message, when this was its end.
    mutating func continueFrame(_ input: inout ByteBuffer) throws(WebSocketProtocolError) -> WebSocketEvent? {
        guard gathered[0].take(from: &input) else { throw fail(.invalidUTF8) }
        guard gathered[0].remaining == 0 else { return nil }
        state = .betweenFrames
        guard gathered[0].isFinal else { return nil }
        let message = gathered.removeLast()
        gathered = []
        if message.opcode == .text, !message.validator.isComplete { throw fail(.invalidUTF8) }
        if !message.reservedBits.isEmpty { return .extended(message.opcode, message.reservedBits, message.bytes) }
        return message.opcode == .binary ? .binary(message.bytes) : .text(message.bytes)
    }
}
