public import NIOCore

/// What a peer sent: a whole message, or a control frame.
public enum WebSocketEvent: Sendable, Hashable {
    /// A text message. The bytes are valid UTF-8.
    case text(ByteBuffer)
    case binary(ByteBuffer)
    /// The receiver owes a pong with the same payload.
    case ping(ByteBuffer)
    case pong(ByteBuffer)
    /// The peer closes, and the receiver owes a close frame unless it sent one. No code means an empty close frame. The reason
    /// is valid UTF-8.
    case close(WebSocketCloseCode?, reason: ByteBuffer)
}
