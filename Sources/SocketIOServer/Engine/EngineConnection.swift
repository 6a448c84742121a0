import DequeModule
import EngineIOCore
import Logging
import NIOCore
import SocketIOCore
import WebSocketCore

/// One client's Engine.IO session on its loop: its transport, its queue of packets, and its deadlines.
final class EngineConnection: TurnTaker {
    let shard: LoopShard
    let sid: SessionID
    let slot: ConnectionSlot
    private let request: Handshake.Request
    /// The handshake without the `auth` of a namespace.
    var handshake: Handshake { Handshake(request) }

    /// The WebSocket that is the transport.
    var webSocket: WebSocketTransport? {
        didSet {
            oldValue?.role = .none
            webSocket?.role = .primary
        }
    }
    /// The WebSocket that asked to take over from polling.
    var probe: WebSocketTransport? {
        didSet {
            oldValue?.role = .none
            probe?.role = .probe
        }
    }
    /// Frames that wait for the end of the batch.
    var pending = PendingFrames()
    /// Nil if the session began with a WebSocket.
    private(set) var polling: PollingState?
    /// Counts this session until its client has joined a namespace.
    private var unconfirmed: UnconfirmedSessions?
    /// The bytes that the server counts for its handshake.
    private var handshakeBytes: Int
    /// The mail that its packets have caused. Nil until there is some.
    private var mailShare: MailShare?
    /// The Socket.IO side.
    let sockets: ConnectionSockets
    /// Takes the messages on a bare Engine.IO server, instead of ``sockets``.
    private var bare: EngineSocket?

    // Small fields stand together, so that they share words.
    private var pingToken: UInt32 = 0
    private var upgradeToken: UInt32 = 0
    var session: EngineSession
    /// State of the session's machine that every packet needs, kept here to save a call.
    private(set) var isOpen = true
    private(set) var isWebSocket: Bool
    /// Whether the session is open and its messages are Socket.IO packets.
    private var takesPackets: Bool
    var isDirty = false
    var isDoomed = false
    private var hasConnectDeadline = false
    /// Whether this session counts among those that poll from its address.
    private var countsForAddress: Bool

    init(shard: LoopShard, sid: SessionID, handshake: Handshake, transport: EngineTransport) {
        self.shard = shard
        self.sid = sid
        request = handshake.request
        slot = shard.connections.reserve()
        session = EngineSession(transport: transport)
        isWebSocket = transport == .websocket
        polling = transport == .polling ? PollingState() : nil
        countsForAddress = transport == .polling
        sockets = ConnectionSockets()
        handshakeBytes = handshake.countedBytes(auth: 0, shard.configuration)
        let isBare = shard.io?.engineHandlers != nil
        takesPackets = !isBare
        if isBare { bare = EngineSocket(self) }
    }

    /// Registers the session and sends the open packet.
    func open() {
        shard.insert(self)
        let configuration = shard.configuration
        let canUpgrade =
            session.transport == .polling && configuration.allowUpgrades && configuration.transports.contains(.websocket)
        let packet = OpenPacket(
            sid: sid.description, upgrades: canUpgrade ? [.websocket] : [],
            pingIntervalMs: Int(configuration.pingInterval / .milliseconds(1)),
            pingTimeoutMs: Int(configuration.pingTimeout / .milliseconds(1)),
            maximumPayloadBytes: configuration.maximumHTTPBufferBytes)
        sendControl { packet.write(into: &$0) }
        shard.arm(.ping, self)
        if let bare, let io = shard.io { bare.begin(io) } else { armConnectDeadline() }
        // The request came before the server ended, which found no session to close.
        if shard.hasEnded { close(.serverShuttingDown, code: .serviceRestart) }
    }

    /// One at a time: a client may try to join as often as it likes.
    func armConnectDeadline() {
        guard !hasConnectDeadline else { return }
        hasConnectDeadline = true
        shard.arm(.connect, self)
    }

    /// The session counts as unused until ``confirm()``.
    func await(_ unconfirmed: UnconfirmedSessions) {
        self.unconfirmed = unconfirmed
        unconfirmed.open()
        if let oldest = shard.newcomers.add(slot), let connection = shard.connections[oldest] { connection.close(.forcedClose) }
    }

    /// The client has joined a namespace or came with a WebSocket, or the session ends. Nothing less counts: a mere request is cheap, and
    /// would make an unused session look used.
    func confirm() {
        guard let counted = unconfirmed.take() else { return }
        counted.confirm()
        shard.newcomers.remove(slot)
    }

    /// The session does not poll any more.
    func leaveAddress() {
        guard countsForAddress else { return }
        countsForAddress = false
        shard.io?.stopsPolling(from: handshake.address)
    }

    /// Reserves memory for the `auth` of a join. Returns false if there is no room.
    func keep(auth: Int) -> Bool { countHandshake(handshake.countedBytes(auth: auth, shard.configuration)) }

    /// The session has ended, so its handshake is released.
    func dropHandshake() { _ = countHandshake(0) }

    private func countHandshake(_ bytes: Int) -> Bool {
        guard bytes != handshakeBytes else { return true }
        guard let io = shard.io, io.handshakes.keep(bytes, insteadOf: handshakeBytes, from: handshake.address) else { return false }
        handshakeBytes = bytes
        return true
    }

    // MARK: Mail

    func shareOfMail() -> MailShare {
        if let mailShare { return mailShare }
        let configuration = shard.configuration
        let share = MailShare(
            maximumItems: configuration.maximumMailItemsPerConnection, maximumBytes: configuration.maximumMailBytesPerConnection)
        mailShare = share
        return share
    }

    /// Whether no packet of this client is taken now. A loop that is behind with its mail holds up the senders of that mail first.
    @inline(__always)
    var isHeld: Bool {
        guard isOpen else { return false }
        if shard.backlog.exists { return true }
        guard let mailShare, !mailShare.isEmpty else { return false }
        return mailShare.isFull || shard.backlog.isNear
    }

    // MARK: Deadlines

    func token(for kind: DeadlineKind) -> UInt32 {
        switch kind {
        case .ping, .pong: pingToken
        case .upgrade: upgradeToken
        case .connect, .pollingClose, .message, .attachments, .fetch: 0
        }
    }

    /// - Parameters:
    ///   - deadline: the intended time, which is a little before now.
    ///   - lateness: how late the loop is with its deadlines, this one or earlier ones.
    func deadlineDue(_ kind: DeadlineKind, at deadline: NIODeadline, lateness: TimeAmount) {
        switch kind {
        case .ping:
            guard session.pingDue() else { return }
            webSocket?.link.checkIntake()
            sendControl { $0.writeInteger(EnginePacketType.ping.rawValue) }
            shard.armPong(self, pingDue: deadline)
        case .pong: pongDue(lateness: Duration(lateness))
        case .connect:
            hasConnectDeadline = false
            if !sockets.hasJoined { close(.forcedClose, heard: .forcedServerClose) }
        case .upgrade: abandonProbe()
        case .pollingClose:
            abandonProbe()
            shard.remove(self)
        case .message: webSocket?.messageDue()
        case .attachments: sockets.attachmentsDue(on: self)
        case .fetch: fetchDue()
        }
    }

    private func pongDue(lateness: Duration) {
        let shard = shard.handle.shard
        guard session.awaitsPong, let webSocket else { return pongDue(lateness: lateness, hasUnread: false) }
        let hasUnread = webSocket.askUnread { [sid] in shard.value.sessions[sid]?.pongDue(lateness: lateness, hasUnread: $0) }
        if let hasUnread { pongDue(lateness: lateness, hasUnread: hasUnread) }
    }

    private func pongDue(lateness: Duration, hasUnread: Bool) {
        switch session.pongDue(lateness: lateness, hasUnread: hasUnread) {
        case .settled: break
        case .wait: shard.arm(.pong, self)
        case .close: close(.pingTimeout)
        }
    }

    // MARK: Receiving

    /// A text packet from the session's transport, type character included.
    func receive(text: consuming ByteBuffer) {
        let type = text.readInteger(as: UInt8.self).flatMap(EnginePacketType.init(rawValue:))
        receive(type, payload: text)
    }

    /// A whole text packet, held by nobody else.
    @inline(__always)
    func receive(_ packet: ReceivedPacket) {
        if takesPackets, packet.withText({ $0.first }) == EnginePacketType.message.rawValue {
            sockets.receive(message: packet, on: self)
        } else {
            receive(text: packet.withText { ByteBuffer(bytes: $0) })
        }
    }

    func receive(_ type: EnginePacketType?, payload: consuming ByteBuffer) {
        if type == .message, takesPackets { return sockets.receive(text: payload, on: self) }
        switch session.receive(type) {
        case .deliver: receive(bare: .text(payload))
        case .ignore: break
        case .alive:
            pingToken &+= 1
            shard.arm(.ping, self)
        case .close(let reason):
            if reason == .parseError || reason == .transportError { shard.counters.protocolErrors.add() }
            close(reason, answeringPollWith: reason == .transportClose ? .noop : .close)
        }
    }

    func receive(binary: ByteBuffer) {
        guard isOpen else { return }
        if takesPackets { sockets.receive(binary: binary, on: self) } else { receive(bare: .binary(binary)) }
    }

    /// A message of a bare Engine.IO session. It shows that the client uses the session.
    private func receive(bare message: EngineMessage) {
        confirm()
        bare?.receive(message)
    }

    // MARK: Upgrade

    /// A WebSocket for this polling session. Returns false if there is one already; the caller must close the new one.
    func openUpgrade(_ transport: WebSocketTransport) -> Bool {
        guard shard.configuration.allowUpgrades, session.openUpgrade() else { return false }
        probe = transport
        upgradeToken &+= 1
        shard.arm(.upgrade, self)
        return true
    }

    /// A text packet from the WebSocket that asked to take over.
    func receiveProbe(text: ByteBuffer, from transport: WebSocketTransport) {
        var text = text
        let type = text.readInteger(as: UInt8.self).flatMap(EnginePacketType.init(rawValue:))
        let isProbe = text.readableBytes == 5 && text.readableBytesView.elementsEqual("probe".utf8)
        switch session.receiveProbe(type, isProbe: isProbe) {
        case .answerProbe:
            guard transport.link.isWritable else { return abandonProbe() }
            transport.send(.text, ByteBuffer(string: "3probe"))
            // The client waits for its GET to end before it sends `5`.
            releasePoll(with: .noop)
        case .switchTransport:
            upgradeToken &+= 1
            probe = nil
            if polling?.isClosing == true { return sayFarewell(over: transport) }
            webSocket = transport
            isWebSocket = true
            shard.counters.upgrades.add()
            confirm()
            leaveAddress()
            releasePoll(with: .noop)
            moveQueueToWebSocket()
        case .rejectWebSocket: abandonProbe()
        }
    }

    func abandonProbe() {
        upgradeToken &+= 1
        session.abandonUpgrade()
        let transport = probe
        probe = nil
        transport?.close(code: nil)
    }

    private func moveQueueToWebSocket() {
        for packet in polling?.takeQueue() ?? [] {
            switch packet.message {
            case .text(let text): write(opcode: .text, text)
            case .binary(let bytes): write(opcode: .binary, bytes)
            }
        }
        if polling?.post == nil { polling = nil }
    }

    // MARK: Closing

    /// Ends the session: sockets hear of it, the transport is closed, the client's memory is freed. The second call does nothing.
    ///
    /// - Parameters:
    ///   - heard: the reason for the sockets, if it is another one.
    ///   - code: the code of the WebSocket's close frame. If nil, the frame has none.
    ///   - answer: what a waiting GET gets.
    func close(
        _ reason: EngineCloseReason, heard: DisconnectReason? = nil, code: WebSocketCloseCode? = nil,
        answeringPollWith answer: EnginePacketType = .close
    ) {
        guard session.close() else { return }
        isOpen = false
        takesPackets = false
        confirm()
        shard.remove(self)
        if !isDoomed { flush() }
        releasePoll(with: answer)
        polling?.discard()
        let transports = [probe, webSocket]
        probe = nil
        webSocket = nil
        for transport in transports { transport?.close(code: code) }
        pending.discard()
        ended(heard ?? DisconnectReason(reason))
    }

    /// Ends the session after the client has got the queued packets: `disconnect(close: true)`.
    func closeAfterFlush() {
        guard session.transport == .polling, let polling else {
            webSocket?.closesPatiently = !isDoomed
            return close(.forcedClose)
        }
        guard session.close() else { return }
        isOpen = false
        takesPackets = false
        // A client whose probe was answered polls no more: it reads the rest over that WebSocket.
        if session.upgrade != .probed { abandonProbe() }
        confirm()
        polling.isClosing = true
        ended(.forcedClose)
        flushPolling()
        if polling.hasWaitingGET {
            // Nothing is queued before the close packet.
            let farewell = polling.release(with: .noop, .close)
            shard.remove(self)
            farewell?.give()
        } else {
            shard.arm(.pollingClose, self)
        }
    }

    /// The session was closed while its client moved to the WebSocket: sends the waiting packets there.
    private func sayFarewell(over transport: WebSocketTransport) {
        for packet in polling?.takeQueue() ?? [] {
            switch packet.message {
            case .text(let text): transport.send(.text, text)
            case .binary(let bytes): transport.send(.binary, bytes)
            }
        }
        shard.remove(self)
        transport.closesPatiently = true
        transport.close(code: nil)
    }

    private func ended(_ reason: DisconnectReason) {
        sockets.connectionClosed(reason)
        bare.take()?.end(reason)
    }

    /// The client did not read: its queue is dropped with it.
    func closeSlowClient() {
        shard.counters.slowClientCloses.add()
        shard.logger.notice("closing a client that does not read", metadata: ["sid": "\(sid)"])
        close(.transportError, code: .policyViolation)
    }
}
