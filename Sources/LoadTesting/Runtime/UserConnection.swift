import NIOCore
import NIOSSL
import SocketIOClient
import EngineIOCore
import JSONCore
import SocketIOCore

/// One virtual user with its connection: performs the user's actions and hands back what comes. Lives on its player's loop.
final class UserConnection: SocketIOConnectionDelegate {
    private var user: VirtualUser
    private let player: LoopPlayer
    private var connection: SocketIOConnection?
    private var request: ConnectionRequest?
    private var openedAt = RunInstant.zero
    private var askedAt = RunInstant.zero
    private var handshake: Duration?
    /// The connection's number of the acknowledgement that is awaited, and the user's.
    private var pending: (id: UInt64, number: UInt64)?
    private var timer: Scheduled<Void>?
    private var armedFor = NIODeadline.distantFuture

    init(_ user: VirtualUser, player: LoopPlayer) {
        self.user = user
        self.player = player
    }

    // MARK: The user

    func take(_ input: VirtualUserInput) {
        guard self.user.outcome == nil else { return }
        let actions = self.user.handle(input, at: self.player.now, measurements: &self.player.measurements)
        for action in actions { self.perform(action) }
        if self.user.outcome == nil { self.arm() }
    }

    private func perform(_ action: VirtualUserAction) {
        switch action {
        case .connect(let request): self.connect(request)
        case .join(let namespace, let auth):
            self.askedAt = self.player.now
            if self.connection?.join(namespace, auth: auth) != true { self.refused(namespace, "not connected") }
        case .emit(let namespace, let event, let arguments, let number): self.emit(namespace, event, arguments, number)
        case .log(let text): self.player.log(text)
        case .close: self.close()
        // A script with these steps is not run.
        case .send, .request: break
        }
    }

    private func emit(_ namespace: String, _ event: String, _ arguments: ByteBuffer, _ number: UInt64?) {
        guard let connection else { return }
        func write(_ writer: inout JSONWriter) {
            if arguments.readableBytes > 0 { writer.raw(JSONSlice(unchecked: arguments)) }
        }
        if let number {
            guard let id = connection.emitWithAck(event, in: namespace, arguments: write) else { return self.overflow() }
            self.pending = (id, number)
        } else if !connection.emit(event, in: namespace, arguments: write) {
            self.overflow()
        }
    }

    /// The server does not read any more. Not from within an action: the user is in the middle of its list.
    private func overflow() {
        self.later { $0.take(.disconnected(reason: "the server does not read")) }
    }

    private func refused(_ namespace: String, _ reason: String) {
        self.later { $0.take(.connectFailed(namespace: namespace, reason: reason)) }
    }

    private func later(_ body: @escaping @Sendable (UserConnection) -> Void) {
        let bound = NIOLoopBound(self, eventLoop: self.player.loop)
        self.player.loop.execute { body(bound.value) }
    }

    private func close() {
        self.timer?.cancel()
        self.timer = nil
        self.connection.take()?.close()
        self.player.userEnded(self.user.start)
    }

    // MARK: Time

    /// One timer serves all deadlines: one that moves later is left, and finds at its time that it is early.
    private func arm() {
        guard let deadline = self.user.deadline else { return }
        let at = self.player.startedAt + .nanoseconds(deadline.nanoseconds)
        if self.timer != nil, self.armedFor <= at { return }
        self.timer?.cancel()
        self.armedFor = at
        let bound = NIOLoopBound(self, eventLoop: self.player.loop)
        self.timer = self.player.loop.scheduleTask(deadline: at) { bound.value.timerFired() }
    }

    private func timerFired() {
        self.timer = nil
        self.take(.timer)
    }

    // MARK: The connection

    static func configuration(
        _ request: ConnectionRequest, localAddress: String?
    ) throws(SocketIOClientError) -> ConnectionConfiguration {
        var configuration = try ConnectionConfiguration(request.url)
        configuration.path = request.path
        configuration.transports =
            request.transports == [.websocket] ? .webSocket : request.transports == [.polling] ? .polling : .pollingThenUpgrade
        configuration.query = request.query.map { ($0.name, $0.value) }
        configuration.headers = request.headers.map { ($0.name, $0.value) }
        configuration.timeout = request.timeout
        if !request.verifiesCertificates { configuration.tls.certificateVerification = .none }
        // A literal address needs no look-up for each user.
        configuration.address = try? SocketAddress(ipAddress: configuration.url.host, port: configuration.url.port)
        configuration.localAddress = localAddress.flatMap { try? SocketAddress(ipAddress: $0, port: 0) }
        return configuration
    }

    private func connect(_ request: ConnectionRequest) {
        self.request = request
        self.askedAt = self.player.now
        do throws(SocketIOClientError) {
            let connection = SocketIOConnection(
                try self.player.plan(for: request, user: self.user.start.user), on: self.player.client, delegate: self)
            self.connection = connection
            self.player.connectionOpened()
            let player = self.player
            let bound = NIOLoopBound(player, eventLoop: player.loop)
            connection.closeFuture.whenComplete { _ in bound.value.connectionClosed() }
            connection.open()
        } catch {
            self.refused(request.namespace, Self.text(error))
        }
    }

    func connectionOpened(_ connection: SocketIOConnection) {
        guard connection === self.connection, let request else { return }
        let now = self.player.now
        self.handshake = now.since(self.askedAt)
        self.askedAt = now
        connection.join(request.namespace, auth: request.auth)
    }

    func connection(_ connection: SocketIOConnection, received reception: SocketIOClientSession.Reception) {
        guard connection === self.connection else { return }
        switch reception {
        case .event(let arguments, let namespace): self.take(.event(namespace: namespace, arguments))
        case .acknowledgement(let id, let arguments, _):
            guard let pending, pending.id == id else { return }
            self.pending = nil
            self.take(.acknowledgement(id: pending.number, arguments))
        case .joined(let namespace, _, _):
            let timings = ConnectTimings(handshake: self.handshake, namespace: self.player.now.since(self.askedAt))
            self.handshake = nil
            self.take(.connected(namespace: namespace, timings))
        case .refused(let namespace, let message, _): self.take(.connectFailed(namespace: namespace, reason: message))
        case .left: self.take(.disconnected(reason: "io server disconnect"))
        case .incomplete, .ignored: break
        }
    }

    func connection(_ connection: SocketIOConnection, missed id: UInt64, in namespace: String) {}

    func connectionUpgraded(_ connection: SocketIOConnection) {}

    func connectionEnded(
        _ connection: SocketIOConnection, reason: EngineClientCloseReason, error: SocketIOClientError?,
        lost: [(namespace: String, lost: [UInt64])]
    ) {
        guard connection === self.connection else { return }
        self.connection = nil
        self.pending = nil
        if self.user.isConnected {
            self.take(.disconnected(reason: reason.rawValue))
        } else {
            self.take(.connectFailed(namespace: self.request?.namespace ?? "/", reason: error.map(Self.text) ?? reason.rawValue))
        }
    }

    /// Short, and the same for every user, so that reports can count it.
    private static func text(_ error: SocketIOClientError) -> String {
        switch error {
        case .invalidURL(let reason): "invalid URL: \(reason)"
        case .connectFailed(let reason): Self.systemReason(reason)
        case .handshakeRefused(let status, _): "handshake refused with status \(status)"
        case .protocolViolation(let reason): "protocol violation: \(reason)"
        case .connectTimeout: "connect timeout"
        default: "\(error)"
        }
    }

    /// NIO's texts name addresses and options; the system's name of the error is enough.
    private static func systemReason(_ text: String) -> String {
        let known = [
            ("Connection refused", "connection refused"), ("ECONNREFUSED", "connection refused"), ("Connection reset", "connection reset"),
            ("timed out", "connect timeout"), ("connectTimeout", "connect timeout"), ("Cannot assign", "no local port is free"),
            ("Too many open files", "too many open files"), ("unreachable", "unreachable"), ("Name or service", "unknown host"),
            ("closed the connection", "the server closed the connection"),
        ]
        return known.first { text.contains($0.0) }?.1 ?? String(text.prefix(80))
    }
}
