/// The state of one Engine.IO session, without its I/O: which transport it uses, whether an upgrade is under way, and what a received
/// packet means now. The owner performs what the inputs return, and keeps the time.
public struct EngineSession: Sendable {
    public enum Upgrade: Sendable, Equatable {
        /// No WebSocket has asked.
        case none
        /// A WebSocket is open beside polling; nothing was received on it.
        case opened
        /// `2probe` was answered; waits for `5`.
        case probed
    }

    /// The owner's next step after a packet from the session's transport.
    public enum Reception: Equatable, Sendable {
        /// Hand the payload to Socket.IO.
        case deliver
        /// Nothing: the reference ignores it too.
        case ignore
        /// The answer to a ping: the next one is due an interval from now.
        case alive
        /// Close the session.
        case close(EngineCloseReason)
    }

    /// The owner's next step after a packet from a WebSocket that is to take over from polling.
    public enum ProbeReception: Equatable, Sendable {
        /// Answer `3probe` on the WebSocket, release a waiting GET with `6`.
        case answerProbe
        /// The WebSocket is the transport from now on: flush the queue to it.
        case switchTransport
        /// Close that WebSocket; the session goes on over polling.
        case rejectWebSocket
    }

    /// The owner's next step when the answer to a ping is due.
    public enum PongVerdict: Equatable, Sendable {
        /// The answer has come, or the session is closed.
        case settled
        /// The answer is due a ping timeout from now.
        case wait
        /// Close the session with ``EngineCloseReason/pingTimeout``.
        case close
    }

    public private(set) var transport: EngineTransport
    public private(set) var upgrade: Upgrade = .none
    public private(set) var isClosed = false
    public private(set) var awaitsPong = false
    private var grace = HeartbeatGrace()

    public init(transport: EngineTransport) {
        self.transport = transport
    }

    /// A packet from the session's own transport. nil: a type that does not exist, or an empty frame.
    public mutating func receive(_ type: EnginePacketType?) -> Reception {
        guard !isClosed else { return .ignore }
        switch type {
        case .message: return .deliver
        case .pong:
            guard awaitsPong else { return .ignore }
            awaitsPong = false
            grace.reset()
            return .alive
        case .noop, .open, .upgrade: return .ignore
        case .close: return .close(.transportClose)
        case .ping: return .close(.transportError)
        case nil: return .close(.parseError)
        }
    }

    /// The ping interval has passed. Returns whether a ping is to be sent; the answer is due a ping timeout from now.
    public mutating func pingDue() -> Bool {
        guard !isClosed, !awaitsPong else { return false }
        awaitsPong = true
        return true
    }

    /// The ping timeout has passed. ``HeartbeatGrace`` describes the parameters.
    public mutating func pongDue(lateness: Duration, hasUnread: @autoclosure () -> Bool) -> PongVerdict {
        guard !isClosed, awaitsPong else { return .settled }
        return grace.extends(lateness: lateness, hasUnread: hasUnread()) ? .wait : .close
    }

    /// A WebSocket asks to take over. False: there is one already, or polling is not the transport; accept it and close it.
    public mutating func openUpgrade() -> Bool {
        guard !isClosed, transport == .polling, upgrade == .none else { return false }
        upgrade = .opened
        return true
    }

    /// A packet from the WebSocket that asked to take over. A session that was closed meanwhile may still move: its client polls no more once
    /// the probe is answered, and finds on the WebSocket what was sent before the end.
    public mutating func receiveProbe(_ type: EnginePacketType?, isProbe: Bool) -> ProbeReception {
        guard upgrade != .none else { return .rejectWebSocket }
        switch type {
        case .ping where isProbe:
            upgrade = .probed
            return .answerProbe
        case .upgrade:
            upgrade = .none
            transport = .websocket
            return .switchTransport
        default:
            upgrade = .none
            return .rejectWebSocket
        }
    }

    /// The WebSocket that asked to take over has gone, or took too long.
    public mutating func abandonUpgrade() { upgrade = .none }

    /// Returns whether this closed it: false the second time.
    public mutating func close() -> Bool {
        guard !isClosed else { return false }
        isClosed = true
        return true
    }
}

/// Why a session ended. The raw values are those that Socket.IO's `disconnect` event gives.
public enum EngineCloseReason: String, Sendable, CaseIterable {
    case transportError = "transport error"
    case transportClose = "transport close"
    case forcedClose = "forced close"
    case pingTimeout = "ping timeout"
    case parseError = "parse error"
    case serverShuttingDown = "server shutting down"
}
