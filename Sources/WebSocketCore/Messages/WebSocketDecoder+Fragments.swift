import NIOCore

/// Messages in more than one frame, and frames in more than one piece.
extension WebSocketDecoder {
    /// Consumes a data frame's header; its payload follows piece by piece.
    mutating func begin(_ header: FrameHeader, _ input: inout ByteBuffer) {
        input.moveReaderIndex(forwardBy: header.headerBytes)
        if header.opcode == .continuation {
            self.fragments += 1
        } else {
            self.messageOpcode = header.opcode
            self.messageBits = header.reservedBits
            self.fragments = 1
            self.validator = UTF8Validator()
        }
        self.state = .withinFrame(remaining: header.payloadBytes, mask: header.mask, isFinal: header.isFinal)
    }

    /// Moves what is there of a frame's payload into the message.
    /// - Returns: The message, when this was its end.
    mutating func continueFrame(
        _ input: inout ByteBuffer, remaining: Int, mask: UInt32, isFinal: Bool
    ) throws(WebSocketProtocolError) -> WebSocketEvent? {
        let count = min(remaining, input.readableBytes)
        if count > 0 {
            // What an extension transformed is text only afterwards.
            let isText = self.messageOpcode == .text && self.messageBits.isEmpty
            guard self.gather(&input, count: count, mask: mask, isText: isText) else { throw self.fail(.invalidUTF8) }
        }
        guard count == remaining else {
            self.state = .withinFrame(remaining: remaining - count, mask: Masking.advance(mask, by: count), isFinal: isFinal)
            return nil
        }
        self.state = .betweenFrames
        guard isFinal, let opcode = self.messageOpcode else { return nil }
        guard opcode == .binary || self.validator.isComplete else { throw self.fail(.invalidUTF8) }
        let message = self.message
        self.message = ByteBuffer()
        self.messageOpcode = nil
        if !self.messageBits.isEmpty { return .extended(opcode, self.messageBits, message) }
        return opcode == .binary ? .binary(message) : .text(message)
    }

    /// The buffer grows by doubling as bytes arrive, never by what a header announces: a header costs a peer nothing.
    /// - Returns: Whether the message can still be valid text.
    private mutating func gather(_ input: inout ByteBuffer, count: Int, mask: UInt32, isText: Bool) -> Bool {
        var validator = self.validator
        var isValid = true
        self.message.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
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
        input.moveReaderIndex(forwardBy: count)
        return isValid
    }
}
