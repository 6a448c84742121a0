public import NIOCore

/// What a peer sent: a whole message, or a control frame.
public enum WebSocketEvent: Sendable, Hashable {
    /// A text message. The bytes are valid UTF-8.
    case text(ByteBuffer)
    case binary(ByteBuffer)
    /// A text or binary message that a negotiated extension transformed, with its reserved bits. It comes only from a decoder that was given
    /// such bits. The receiver undoes the transformation, within its own limit, and checks that text is UTF-8.
    case extended(WebSocketOpcode, WebSocketReservedBits, ByteBuffer)
    /// The receiver owes a pong with the same payload.
    case ping(ByteBuffer)
    case pong(ByteBuffer)
    /// The peer closes, and the receiver owes a close frame unless it sent one. No code means an empty close frame. The reason
    /// is valid UTF-8.
    case close(WebSocketCloseCode?, reason: ByteBuffer)
}
