/// The closing handshake of one end (RFC 6455 §7), as a value: which close frame is still to be sent, and who closes the TCP connection.
public struct WebSocketCloseHandshake: Sendable, Hashable {
    public enum State: Sendable, Hashable {
        case open
        /// Our close frame is out; data that still arrives is discarded, the peer's close frame is due.
        case closing
        /// Both close frames are through, or the connection has gone.
        case closed
    }

    /// What a close frame of the peer demands.
    public enum Reception: Sendable, Hashable {
        /// Answer with a close frame of this code, then end the connection as ``WebSocketCloseHandshake/endsConnection`` says.
        case reply(WebSocketCloseCode?)
        /// It answers ours: end the connection as ``WebSocketCloseHandshake/endsConnection`` says.
        case finished
        /// Nothing: the handshake is over.
        case ignored
    }

    public let role: WebSocketRole
    public private(set) var state = State.open

    public init(role: WebSocketRole) { self.role = role }

    /// True for the end that closes TCP when both close frames are through: the server does, and the client waits for it, for a bounded time
    /// (§7.1.1).
    public var endsConnection: Bool { role == .server }

    /// Whether data frames may still be sent.
    public var maySend: Bool { state == .open }

    /// This end wants to close. Returns whether a close frame is to be sent: false the second time.
    public mutating func begin() -> Bool {
        guard state == .open else { return false }
        state = .closing
        return true
    }

    /// The peer's close frame arrived. A reply repeats its code (§5.5.1).
    public mutating func receive(_ code: WebSocketCloseCode?) -> Reception {
        defer { state = .closed }
        switch state {
        case .open: return .reply(code)
        case .closing: return .finished
        case .closed: return .ignored
        }
    }

    /// The connection has gone. Returns whether that was clean: after both close frames.
    public mutating func connectionEnded() -> Bool {
        defer { state = .closed }
        return state == .closed
    }
}
