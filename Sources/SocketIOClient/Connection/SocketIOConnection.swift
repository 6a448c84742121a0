public import EngineIOCore
public import NIOCore
public import SocketIOCore
import WebSocketCore

/// The events of a connection, on its loop. Packets that the owner sends within a call leave in one write with all others of the same read.
public protocol SocketIOConnectionDelegate: AnyObject {
    /// A stage of connecting was reached: TCP, then TLS if the URL asks for it.
    func connection(_ connection: SocketIOConnection, reached milestone: ConnectionMilestone)
    /// The session is open: join namespaces now.
    func connectionOpened(_ connection: SocketIOConnection)
    /// A packet arrived. Arguments that are not kept cost no memory.
    func connection(_ connection: SocketIOConnection, received reception: SocketIOClientSession.Reception)
    /// An acknowledgement did not come in time.
    func connection(_ connection: SocketIOConnection, missed id: UInt64, in namespace: String)
    /// A WebSocket took over from polling.
    func connectionUpgraded(_ connection: SocketIOConnection)
    /// The last call: the session has ended, or could not be opened. Its state for a later connection is in ``SocketIOConnection/session``.
    /// `lost` are the acknowledgements that will not come.
    func connectionEnded(
        _ connection: SocketIOConnection, reason: EngineClientCloseReason, error: SocketIOClientError?,
        lost: [(namespace: String, lost: [UInt64])])
}

extension SocketIOConnectionDelegate {
    public func connection(_ connection: SocketIOConnection, reached milestone: ConnectionMilestone) {}
}

/// One connection of a Socket.IO client, without reconnection: the callback-level interface for thousands of clients in one process. No task, no
/// promise and no allocation per message.
///
/// It lives on one event loop: make it, call it and release it there.
///
///     let connection = SocketIOConnection(plan, on: loop, delegate: user)
///     connection.open()                                    // then `connectionOpened`
///     connection.join("/", auth: auth)                     // then `.joined`
///     let id = connection.emitWithAck("echo", timeout: .seconds(10)) { $0.string("hi") }   // then `.acknowledgement` of that id
public final class SocketIOConnection {
    public let plan: ConnectionPlan
    public let loop: ClientLoop
    /// Namespaces, acknowledgements, and the state that a later connection may resume.
    public internal(set) var session: SocketIOClientSession
    var engine: EngineClientSession
    var delegate: (any SocketIOConnectionDelegate)?
    /// The WebSocket that is the transport, or is being opened as one.
    var webSocket: WebSocketClientHandler<SocketIOConnection>?
    /// A WebSocket that probes, to take over from polling.
    var probe: WebSocketClientHandler<SocketIOConnection>?
    var polling: PollingTransport?
    /// Open channels.
    var channels = 0
    private var closePromise: EventLoopPromise<Void>?
    private let timer = LoopTimer()
    private var openDeadline: Duration?
    /// Whether a read is being handled: frames are gathered and leave together.
    private var isReading = false
    private var batch = ByteBuffer()
    private static let maximumBatchBytes = 65_536

    /// - Parameters:
    ///   - session: the session of an earlier connection, to resume it, or a new one.
    ///   - delegate: held until the connection has ended.
    public init(
        _ plan: ConnectionPlan, on loop: ClientLoop, session: SocketIOClientSession? = nil, delegate: any SocketIOConnectionDelegate
    ) {
        self.plan = plan
        self.loop = loop
        self.session = session ?? SocketIOClientSession(limits: plan.configuration.limits.session)
        engine = EngineClientSession(transports: plan.configuration.transports)
        self.delegate = delegate
    }

    // MARK: Life

    /// Whether the session is open, which does not yet mean that a namespace is joined.
    public var isOpen: Bool { engine.isOpen }
    public var transport: EngineTransport { engine.transport }

    /// Connects. Once in the life of a connection.
    public func open() {
        let deadline = self.loop.now + self.plan.configuration.timeout
        self.openDeadline = deadline
        arm(deadline)
        switch engine.start() {
        case .openWebSocket: self.webSocket = openWebSocket(sid: nil)
        case .poll:
            let polling = PollingTransport(self)
            self.polling = polling
            polling.get(sid: nil)
        }
    }

    /// Closes the session and the connection as the protocols require. The delegate is called at once.
    public func close() {
        writeBatch()
        let farewell = engine.close()
        let webSocket = self.webSocket.take(), probe = probe.take(), polling = self.polling.take()
        probe?.close()
        switch farewell {
        case .closeWebSocket: webSocket?.close()
        case .postClose: polling?.sayClose()
        case .none: webSocket?.close()
        }
        if farewell != .postClose { polling?.close() }
        finish(.forcedClose, nil)
    }

    /// Drops the connection without a close frame, as a crash would.
    public func abort() { end(.forcedClose, nil) }

    /// Completes when the session has ended and each of its channels is closed.
    public var closeFuture: EventLoopFuture<Void> {
        let promise = closePromise ?? self.loop.eventLoop.makePromise()
        closePromise = promise
        completeIfClosed()
        return promise.futureResult
    }

    /// The transport was lost, or the server violated a protocol.
    func end(_ reason: EngineClientCloseReason, _ error: SocketIOClientError?) {
        writeBatch()
        _ = engine.close()
        self.webSocket.take()?.abort()
        probe.take()?.abort()
        self.polling.take()?.close()
        finish(reason, error)
    }

    private func finish(_ reason: EngineClientCloseReason, _ error: SocketIOClientError?) {
        self.loop.cancel(timer)
        guard let delegate = self.delegate.take() else { return completeIfClosed() }
        let lost = self.session.connectionEnded()
        delegate.connectionEnded(self, reason: reason, error: error, lost: lost)
        completeIfClosed()
    }

    func channelClosed() {
        channels -= 1
        completeIfClosed()
    }

    private func completeIfClosed() {
        guard self.delegate == nil, channels == 0 else { return }
        closePromise?.succeed()
    }

    // MARK: Time

    /// Schedules ``due()`` for that time or earlier. One timer serves all deadlines.
    func arm(_ deadline: Duration) {
        let deadline = Self.deadline(deadline)
        if deadline < timer.deadline { self.loop.set(timer, for: deadline, owner: self) }
    }

    private static func deadline(_ time: Duration) -> NIODeadline {
        let nanoseconds = time.components.seconds * 1_000_000_000 + time.components.attoseconds / 1_000_000_000
        return .uptimeNanoseconds(UInt64(max(nanoseconds, 0)))
    }

    private func due() {
        let now = self.loop.now
        if let openDeadline, !engine.isOpen {
            guard now < openDeadline else { return end(.transportError, .connectTimeout) }
            arm(openDeadline)
            return
        }
        if engine.heartbeatDue(now: now, hasUnread: hasUnread) { return end(.pingTimeout, nil) }
        for (namespace, id) in self.session.takeOverdue(now: now) { self.delegate?.connection(self, missed: id, in: namespace) }
        for deadline in [engine.heartbeatDeadline, self.session.nextDeadline] {
            if let deadline, self.delegate != nil { arm(deadline) }
        }
    }

    // MARK: Namespaces

    /// Asks to join a namespace; `.joined` or `.refused` follows. Returns false if it is joined or being joined, if there are too many, or
    /// if the session is not open.
    @discardableResult
    public func join(_ namespace: String = "/", auth: JSONSlice? = nil) -> Bool {
        guard engine.isOpen else { return false }
        var packet = ByteBuffer()
        packet.writeInteger(EnginePacketType.message.rawValue)
        guard self.session.join(namespace, auth: auth, into: &packet) else { return false }
        send { $0.writeImmutableBuffer(packet) }
        return true
    }

    /// Leaves a namespace. Returns the acknowledgements that will not come. Nil if it was not joined.
    @discardableResult
    public func leave(_ namespace: String = "/") -> [UInt64]? {
        var packet = ByteBuffer()
        packet.writeInteger(EnginePacketType.message.rawValue)
        guard let lost = self.session.leave(namespace, into: &packet) else { return nil }
        send { $0.writeImmutableBuffer(packet) }
        return lost
    }

    // MARK: Sending

    /// Whether the server takes what is sent. If false, it waits in this process.
    public var isWritable: Bool {
        self.webSocket?.isWritable ?? (self.polling.map { $0.queuedBytes == 0 } ?? false)
    }

    /// Sends an event. Returns false if the namespace is not joined, or if too much waits.
    ///
    /// - Parameters:
    ///   - attachments: binary values; each stands where ``JSONWriter/placeholder(_:)`` names it.
    ///   - arguments: writes one value after another.
    @discardableResult
    public func emit(
        _ event: String, in namespace: String = "/", attachments: [ByteBuffer] = [], arguments: (inout JSONWriter) -> Void = { _ in }
    ) -> Bool {
        guard self.session.state(of: namespace) == .joined, hasRoom else { return false }
        send(event, nil, namespace, attachments, arguments)
        return true
    }

    /// Sends an event that asks for an acknowledgement, and returns the acknowledgement's id. Nil where
    /// ``emit(_:in:attachments:arguments:)`` returns false, or if too many are pending.
    ///
    /// - Parameter timeout: when the delegate is told that it did not come. If nil, there is no time-out.
    public func emitWithAck(
        _ event: String, in namespace: String = "/", attachments: [ByteBuffer] = [], timeout: Duration? = nil,
        arguments: (inout JSONWriter) -> Void = { _ in }
    ) -> UInt64? {
        guard hasRoom else { return nil }
        let deadline = timeout.map { self.loop.now + $0 }
        guard let id = self.session.makeID(in: namespace, deadline: deadline) else { return nil }
        if let deadline { arm(deadline) }
        send(event, id, namespace, attachments, arguments)
        return id
    }

    /// Answers an event that asks for an acknowledgement. Returns false if the namespace is not joined any more, or if too much waits.
    @discardableResult
    public func acknowledge(
        _ id: UInt64, in namespace: String = "/", attachments: [ByteBuffer] = [], arguments: (inout JSONWriter) -> Void = { _ in }
    ) -> Bool {
        guard self.session.state(of: namespace) == .joined, hasRoom else { return false }
        var values: [ByteBuffer] = []
        send { buffer in
            buffer.writeInteger(EnginePacketType.message.rawValue)
            values = SocketIOEncoder.ack(
                id: id, namespace: namespace, attachments: attachments.count, into: &buffer, arguments: arguments)
        }
        for attachment in attachments { send(binary: attachment) }
        for value in values { send(binary: value) }
        return true
    }

    private func send(
        _ event: String, _ id: UInt64?, _ namespace: String, _ attachments: [ByteBuffer], _ arguments: (inout JSONWriter) -> Void
    ) {
        var values: [ByteBuffer] = []
        send { buffer in
            buffer.writeInteger(EnginePacketType.message.rawValue)
            values = SocketIOEncoder.event(
                event, namespace: namespace, id: id, attachments: attachments.count, into: &buffer, arguments: arguments)
        }
        for attachment in attachments { send(binary: attachment) }
        for value in values { send(binary: value) }
    }

    /// The channel's own flag is read first, which costs nothing.
    private var hasRoom: Bool {
        let maximum = self.plan.configuration.limits.maximumQueuedBytes
        if let webSocket { return webSocket.isWritable || webSocket.bufferedBytes < maximum }
        return (self.polling?.queuedBytes ?? maximum) < maximum
    }

    /// Sends an Engine.IO text packet, its type character included.
    func send(_ body: (inout ByteBuffer) -> Void) {
        guard engine.transport == .websocket else {
            var packet = ByteBuffer()
            body(&packet)
            self.polling?.queue(.text(packet))
            return
        }
        guard let webSocket else { return }
        if webSocket.compresses { return sendCompressed(webSocket, body) }
        if isReading {
            WebSocketEncoder.writeFrame(opcode: .text, mask: self.loop.nextMask(), into: &self.batch, body)
            if self.batch.readableBytes >= Self.maximumBatchBytes { writeBatch() }
        } else {
            var buffer = self.loop.takeSpare()
            WebSocketEncoder.writeFrame(opcode: .text, mask: self.loop.nextMask(), into: &buffer, body)
            webSocket.write(buffer)
            self.loop.recycle(buffer)
        }
    }

    /// The same over a WebSocket with compression: the packet must be written before its frame.
    private func sendCompressed(_ webSocket: WebSocketClientHandler<SocketIOConnection>, _ body: (inout ByteBuffer) -> Void) {
        var packet = ByteBuffer()
        body(&packet)
        guard isReading else { return webSocket.send(opcode: .text, packet) }
        webSocket.append(.text, packet, to: &self.batch)
        if self.batch.readableBytes >= Self.maximumBatchBytes { writeBatch() }
    }

    func send(binary: ByteBuffer) {
        guard engine.transport == .websocket else {
            self.polling?.queue(.binary(binary))
            return
        }
        writeBatch()
        self.webSocket?.send(opcode: .binary, binary)
    }

    /// Writes the frames that were gathered during a read.
    func writeBatch() {
        guard self.batch.readableBytes > 0 else { return }
        var batch = ByteBuffer()
        swap(&batch, &self.batch)
        self.webSocket?.write(batch)
        self.loop.recycle(batch)
    }

    func beginReading() {
        guard !isReading else { return }
        isReading = true
        self.batch = self.loop.takeSpare()
    }

    func readCompleted() {
        guard isReading else { return }
        isReading = false
        if self.batch.readableBytes > 0 {
            writeBatch()
        } else {
            var batch = ByteBuffer()
            swap(&batch, &self.batch)
            self.loop.recycle(batch)
        }
    }

    // MARK: Receiving

    /// The session's first packet.
    func receiveOpen(_ json: ByteBuffer) {
        guard let packet = OpenPacket(json: json) else { return violation("no open packet") }
        let upgrades = engine.open(packet, now: self.loop.now)
        self.openDeadline = nil
        // In place of the open deadline. Nothing else is due before the session is open.
        if let deadline = engine.heartbeatDeadline { self.loop.set(timer, for: Self.deadline(deadline), owner: self) }
        self.polling?.opened(packet)
        if upgrades { probe = openWebSocket(sid: packet.sid) }
        self.delegate?.connectionOpened(self)
    }

    /// A Socket.IO packet.
    func receiveMessage(_ message: ReceivedPacket, at offset: Int) {
        do throws(SocketIOProtocolError) {
            report(try self.session.receive(message, at: offset))
        } catch {
            violation("\(error)")
        }
    }

    func receiveAttachment(_ bytes: ByteBuffer) {
        do throws(SocketIOProtocolError) {
            report(try self.session.receive(binary: bytes))
        } catch {
            violation("\(error)")
        }
    }

    private func report(_ reception: SocketIOClientSession.Reception) {
        switch reception {
        case .incomplete, .ignored: break
        case .joined(let namespace, _, _):
            self.delegate?.connection(self, received: reception)
            // The delegate may leave or close the connection. It gets no more of them then.
            while let delegate, let event = self.session.takeEarlyEvent(in: namespace) {
                delegate.connection(self, received: .event(event, namespace: namespace))
            }
        default: self.delegate?.connection(self, received: reception)
        }
    }

    func violation(_ what: String) { end(.parseError, .protocolViolation(what)) }
}

extension SocketIOConnection: LoopTimerOwner {
    package func timerFired(_ timer: LoopTimer) { due() }
}
