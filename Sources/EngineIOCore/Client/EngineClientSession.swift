/// The client's end of an Engine.IO 4 session, without its I/O: the polling cycle, the upgrade with its probe, heartbeats and the end.
///
/// The owner performs what the inputs return: it sends requests and frames, keeps the packets that wait, and owns the clock. Times are
/// durations since any fixed origin of one monotonic clock.
///
///     var session = EngineClientSession(transports: .pollingThenUpgrade)
///     session.start()                       // .poll: a GET without sid, or .openWebSocket
///     session.open(packet, now: now)        // the first packet: .upgrade asks for a WebSocket beside polling
///     session.receive(type, …)              // every further one
///     session.nextGet(), nextPost()         // after each answer, and when packets wait
public struct EngineClientSession: Sendable {
    /// The transports of a client, in their order.
    public enum Transports: Sendable, Hashable {
        case polling
        case webSocket
        /// The reference's default: polling at once, a WebSocket as soon as one works.
        case pollingThenUpgrade
    }

    public enum State: Sendable, Hashable {
        /// The open packet is due.
        case opening
        case open
        case closed
    }

    /// How far a WebSocket beside polling has come.
    public enum Upgrade: Sendable, Hashable {
        case none
        /// The connection is being opened.
        case connecting
        /// `2probe` is out; `3probe` is due.
        case probing
        /// The probe was answered: no new request is sent, and those under way end first.
        case pausing
    }

    public enum Start: Sendable, Hashable {
        case poll
        case openWebSocket
    }

    /// The owner's next step after a packet.
    public enum Reception: Sendable, Hashable {
        /// Hand the payload to Socket.IO.
        case deliver
        case ignore
        /// Send `3` with the same payload, over the transport that brought the ping.
        case pong
        /// The probe was answered: ask ``completeUpgrade()``, now and after each request that ends.
        case probed
        /// Close the WebSocket of the probe; polling goes on.
        case abandonWebSocket
        /// End the session.
        case close(EngineClientCloseReason)
    }

    /// How the owner ends a session that this end closes.
    public enum Farewell: Sendable, Hashable {
        /// Send a close frame.
        case closeWebSocket
        /// Send the packet `1` with a POST.
        case postClose
        /// There is no session on the server, or it has ended: close the connections.
        case none
    }

    public let transports: Transports
    public private(set) var state = State.opening
    public private(set) var transport: EngineTransport
    public private(set) var upgrade = Upgrade.none
    public private(set) var isGetInFlight = false
    public private(set) var isPostInFlight = false
    private var grace = HeartbeatGrace()
    /// Intervals of the open packet, together.
    private var heartbeat = Duration.zero
    private var pingTimeout = Duration.zero
    /// A ping is due before this time: one interval and one timeout after the last (engine.io-protocol v4, "Heartbeat"), and possibly one
    /// more timeout (``HeartbeatGrace``). nil: not open.
    public private(set) var heartbeatDeadline: Duration?

    public init(transports: Transports) {
        self.transports = transports
        transport = transports == .webSocket ? .websocket : .polling
    }

    // MARK: Opening

    /// The first request. Over polling it counts as the GET under way.
    public mutating func start() -> Start {
        guard transport == .polling else { return .openWebSocket }
        isGetInFlight = true
        return .poll
    }

    /// The open packet has arrived.
    ///
    /// - Returns: Whether to open a WebSocket beside polling; report what becomes of it to ``webSocketOpened()`` or ``abandonUpgrade()``.
    public mutating func open(_ packet: OpenPacket, now: Duration) -> Bool {
        guard state == .opening else { return false }
        state = .open
        pingTimeout = .milliseconds(packet.pingTimeoutMs)
        heartbeat = .milliseconds(packet.pingIntervalMs) + pingTimeout
        heartbeatDeadline = now + heartbeat
        guard transports == .pollingThenUpgrade, packet.upgrades.contains(.websocket) else { return false }
        upgrade = .connecting
        return true
    }

    // MARK: Receiving

    /// A packet from the session's transport, the open packet excepted. nil: a type that does not exist, or an empty frame.
    @inlinable
    public mutating func receive(_ type: EnginePacketType?, now: @autoclosure () -> Duration) -> Reception {
        if type == .message, isOpen { return .deliver }
        return receiveControl(type, now: now())
    }

    @inlinable
    public var isOpen: Bool { state == .open }

    @usableFromInline
    mutating func receiveControl(_ type: EnginePacketType?, now: Duration) -> Reception {
        guard state != .closed else { return .ignore }
        guard state == .open else { return .close(.parseError) }
        switch type {
        case .ping:
            heartbeatDeadline = now + heartbeat
            grace.reset()
            return .pong
        case .message: return .deliver
        case .close: return .close(.transportClose)
        case .noop, .pong: return .ignore
        case .open, .upgrade, nil: return .close(.parseError)
        }
    }

    /// A packet from the WebSocket that is to take over.
    public mutating func receiveProbe(_ type: EnginePacketType?, isProbe: Bool) -> Reception {
        guard state == .open, upgrade == .probing, type == .pong, isProbe else {
            upgrade = .none
            return .abandonWebSocket
        }
        upgrade = .pausing
        return .probed
    }

    // MARK: The polling cycle

    /// Returns whether to send a GET now; it is then under way until ``getEnded()``.
    public mutating func nextGet() -> Bool {
        guard state == .open, transport == .polling, upgrade != .pausing, !isGetInFlight else { return false }
        isGetInFlight = true
        return true
    }

    public mutating func getEnded() { isGetInFlight = false }

    /// Returns whether the packets that wait may leave with a POST now; it is then under way until ``postEnded()``.
    public mutating func nextPost() -> Bool {
        guard state == .open, transport == .polling, upgrade != .pausing, !isPostInFlight else { return false }
        isPostInFlight = true
        return true
    }

    public mutating func postEnded() { isPostInFlight = false }

    // MARK: The upgrade

    /// The WebSocket beside polling is open. Returns whether to send `2probe` on it.
    public mutating func webSocketOpened() -> Bool {
        guard state == .open, upgrade == .connecting else { return false }
        upgrade = .probing
        return true
    }

    /// The WebSocket beside polling failed, ended or took too long: polling goes on. Ask ``nextGet()`` and ``nextPost()`` again.
    public mutating func abandonUpgrade() { upgrade = .none }

    /// Returns whether the WebSocket takes over now: send `5` on it, then what waits.
    public mutating func completeUpgrade() -> Bool {
        guard state == .open, upgrade == .pausing, !isGetInFlight, !isPostInFlight else { return false }
        upgrade = .none
        transport = .websocket
        return true
    }

    // MARK: The end

    /// Checks for a silent server. Call it at ``heartbeatDeadline``, which may have moved afterwards.
    ///
    /// - Parameter hasUnread: whether bytes of the server have arrived that were not read.
    /// - Returns: Whether to end the session with ``EngineClientCloseReason/pingTimeout``.
    public mutating func heartbeatDue(now: Duration, hasUnread: @autoclosure () -> Bool) -> Bool {
        guard state == .open, let deadline = heartbeatDeadline, now >= deadline else { return false }
        guard grace.extends(lateness: now - deadline, hasUnread: hasUnread()) else { return true }
        heartbeatDeadline = now + pingTimeout
        return false
    }

    /// This end closes, or the transport is lost. The second time there is nothing to do.
    public mutating func close() -> Farewell {
        let before = state
        state = .closed
        upgrade = .none
        heartbeatDeadline = nil
        guard before == .open else { return before == .opening && transport == .websocket ? .closeWebSocket : .none }
        return transport == .websocket ? .closeWebSocket : .postClose
    }
}

/// Why a client's session ended. The raw values are those of the reference's `disconnect` event.
public enum EngineClientCloseReason: String, Sendable, CaseIterable {
    case transportError = "transport error"
    case transportClose = "transport close"
    case pingTimeout = "ping timeout"
    case parseError = "parse error"
    /// This end closed.
    case forcedClose = "forced close"
}
