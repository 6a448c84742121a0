import NIOCore

/// Control frames: they arrive whole and may stand between the fragments of a message.
extension WebSocketDecoder {
    mutating func control(
        _ header: FrameHeader, _ input: inout ByteBuffer, _ scratch: inout ByteBuffer
    ) throws(WebSocketProtocolError) -> WebSocketEvent {
        _ = Self.unmask(header, &input, &scratch)
        switch header.opcode {
        case .ping: return .ping(scratch)
        case .pong: return .pong(scratch)
        default: return try close(scratch)
        }
    }

    /// A close frame's payload is empty, or a code and a reason (§5.5.1).
    private mutating func close(_ payload: ByteBuffer) throws(WebSocketProtocolError) -> WebSocketEvent {
        var reason = payload
        if reason.readableBytes == 0 {
            finish()
            return .close(nil, reason: reason)
        }
        guard let number = reason.readInteger(as: UInt16.self) else { throw fail(.invalidClosePayload) }
        let code = WebSocketCloseCode(rawValue: number)
        guard code.mayBeSent else { throw fail(.invalidCloseCode) }
        var validator = UTF8Validator()
        guard reason.withUnsafeReadableBytes({ validator.consume($0) }), validator.isComplete else { throw fail(.invalidUTF8) }
        finish()
        return .close(code, reason: reason)
    }
}
