import NIOCore
import SocketIOClient
import EngineIOCore
import JSONCore
import SocketIOCore

/// One virtual user with its connections: performs the user's actions and hands back what comes. Lives on its player's loop.
final class UserConnection: SocketIOConnectionDelegate, WebSocketConnectionDelegate, LoopTimerOwner {
    private enum Link {
        case socketIO(SocketIOConnection)
        case webSocket(WebSocketConnection)
    }

    /// An attempt to connect or to join a namespace. A class, so that a connected user does not carry its memory.
    private final class Attempt {
        var timings = ConnectTimings()
        /// When the last part was complete.
        var reachedAt: RunInstant
        init(_ now: RunInstant) { reachedAt = now }

        func part(at now: RunInstant) -> Duration {
            defer { reachedAt = now }
            return now.since(reachedAt)
        }
    }

    private var user: VirtualUser
    private let player: LoopPlayer
    private var link: Link?
    private var requests: UserRequests?
    private var request: ConnectionRequest?
    private var attempt: Attempt?
    /// The awaited acknowledgement: its number on the connection, and the user's number for it.
    private var pending: (id: UInt64, number: UInt64)?
    private let timer = LoopTimer()
    /// Inputs that came while actions were being performed.
    private var early: [VirtualUserInput] = []
    private var isPerforming = false

    init(_ user: VirtualUser, player: LoopPlayer) {
        self.user = user
        self.player = player
    }

    // MARK: The user

    func take(_ input: VirtualUserInput) {
        guard user.outcome == nil else { return }
        guard !isPerforming else { return early.append(input) }
        isPerforming = true
        play(input)
        while user.outcome == nil, !early.isEmpty { play(early.removeFirst()) }
        isPerforming = false
        if user.outcome == nil { arm() }
    }

    private func play(_ input: VirtualUserInput) {
        let actions = user.handle(input, at: player.now, measurements: &player.measurements)
        for action in actions { perform(action) }
    }

    private func perform(_ action: VirtualUserAction) {
        switch action {
        case .connect(let request): connect(request)
        case .join(let namespace, let auth):
            attempt = Attempt(player.now)
            guard case .socketIO(let connection) = link, connection.join(namespace, auth: auth) else {
                return refused(namespace, "not connected")
            }
        case .emit(let namespace, let event, let arguments, let number): emit(namespace, event, arguments, number)
        case .send(let message):
            guard case .webSocket(let connection) = link else { return }
            if !connection.send(message) { overflow() }
        case .request(let id, let request):
            let requests = self.requests ?? UserRequests(user: user.start.user, player: player)
            self.requests = requests
            requests.send(request) { [self] outcome in
                switch outcome {
                case .response(let response): take(.response(id: id, response))
                case .timeout: take(.requestFailed(id: id, reason: "request timeout"))
                case .failure(let error): take(.requestFailed(id: id, reason: Self.text(error)))
                }
            }
        case .log(let text): player.log(text)
        case .close: close()
        }
    }

    private func emit(_ namespace: String, _ event: String, _ arguments: ByteBuffer, _ number: UInt64?) {
        guard case .socketIO(let connection) = link else { return }
        func write(_ writer: inout JSONWriter) {
            if arguments.readableBytes > 0 { writer.raw(JSONSlice(unchecked: arguments)) }
        }
        if let number {
            guard let id = connection.emitWithAck(event, in: namespace, arguments: write) else { return overflow() }
            pending = (id, number)
        } else if !connection.emit(event, in: namespace, arguments: write) {
            overflow()
        }
    }

    private func overflow() { take(.disconnected(reason: "the server does not read")) }

    private func refused(_ namespace: String, _ reason: String) { take(.connectFailed(namespace: namespace, reason: reason)) }

    private func close() {
        player.client.cancel(timer)
        closeLink()
        requests.take()?.close()
        player.userEnded(user)
    }

    private func closeLink() {
        switch link.take() {
        case .socketIO(let connection): connection.close()
        case .webSocket(let connection): connection.close()
        case nil: break
        }
    }

    // MARK: Time

    /// One timer serves all deadlines.
    private func arm() {
        guard let deadline = user.deadline else { return }
        player.client.set(timer, for: player.startedAt + .nanoseconds(deadline.nanoseconds), owner: self)
    }

    func timerFired(_ timer: LoopTimer) { take(.timer) }

    // MARK: The connection

    private func connect(_ request: ConnectionRequest) {
        closeLink()
        self.request = request
        attempt = Attempt(player.now)
        do throws(SocketIOClientError) {
            let closed: EventLoopFuture<Void>
            if request.engine == .socketIO {
                let plan = try player.plan(for: request, user: user.start.user)
                let connection = SocketIOConnection(plan, on: player.client, delegate: self)
                link = .socketIO(connection)
                closed = connection.closeFuture
                connection.open()
            } else {
                guard let url = RequestURL(request.url) else { throw .invalidURL(request.url) }
                var server = request
                server.url = url.origin
                let plan = try player.plan(for: server, user: user.start.user)
                let connection = WebSocketConnection(plan, target: url.target, on: player.client, delegate: self)
                link = .webSocket(connection)
                closed = connection.closeFuture
                connection.open()
            }
            player.connectionOpened()
            let bound = NIOLoopBound(player, eventLoop: player.loop)
            closed.whenComplete { _ in bound.value.connectionClosed() }
        } catch {
            refused(request.namespace, Self.text(error))
        }
    }

    private func reached(_ milestone: ConnectionMilestone) {
        guard let attempt else { return }
        switch milestone {
        case .tcp: attempt.timings.tcp = attempt.part(at: player.now)
        case .tls: attempt.timings.tls = attempt.part(at: player.now)
        }
    }

    private func connected(_ namespace: String) {
        let timings = attempt?.timings ?? ConnectTimings()
        attempt = nil
        take(.connected(namespace: namespace, timings))
    }

    private func ended(reason: String, error: SocketIOClientError?) {
        link = nil
        pending = nil
        if user.isConnected {
            take(.disconnected(reason: reason))
        } else {
            take(.connectFailed(namespace: request?.namespace ?? "/", reason: error.map(Self.text) ?? reason))
        }
    }

    private func isCurrent(_ connection: SocketIOConnection) -> Bool {
        if case .socketIO(let current) = link { connection === current } else { false }
    }

    private func isCurrent(_ connection: WebSocketConnection) -> Bool {
        if case .webSocket(let current) = link { connection === current } else { false }
    }

    // MARK: Socket.IO

    func connection(_ connection: SocketIOConnection, reached milestone: ConnectionMilestone) {
        if isCurrent(connection) { reached(milestone) }
    }

    func connectionOpened(_ connection: SocketIOConnection) {
        guard isCurrent(connection), let request else { return }
        if let attempt { attempt.timings.handshake = attempt.part(at: player.now) }
        connection.join(request.namespace, auth: request.auth)
    }

    func connection(_ connection: SocketIOConnection, received reception: SocketIOClientSession.Reception) {
        guard isCurrent(connection) else { return }
        switch reception {
        case .event(let arguments, let namespace): take(.event(namespace: namespace, arguments))
        case .acknowledgement(let id, let arguments, _):
            guard let pending, pending.id == id else { return }
            self.pending = nil
            take(.acknowledgement(id: pending.number, arguments))
        case .joined(let namespace, _, _):
            if let attempt { attempt.timings.namespace = attempt.part(at: player.now) }
            connected(namespace)
        case .refused(let namespace, let message, _): take(.refused(namespace: namespace, message: message))
        case .left: take(.disconnected(reason: "io server disconnect"))
        case .incomplete, .ignored: break
        }
    }

    func connection(_ connection: SocketIOConnection, missed id: UInt64, in namespace: String) {}

    func connectionUpgraded(_ connection: SocketIOConnection) {}

    func connectionEnded(
        _ connection: SocketIOConnection, reason: EngineClientCloseReason, error: SocketIOClientError?,
        lost: [(namespace: String, lost: [UInt64])]
    ) {
        if isCurrent(connection) { ended(reason: reason.rawValue, error: error) }
    }

    // MARK: WebSocket

    func connection(_ connection: WebSocketConnection, reached milestone: ConnectionMilestone) {
        if isCurrent(connection) { reached(milestone) }
    }

    func connectionOpened(_ connection: WebSocketConnection) {
        guard isCurrent(connection) else { return }
        if let attempt { attempt.timings.handshake = attempt.part(at: player.now) }
        connected("")
    }

    func connection(_ connection: WebSocketConnection, received message: ByteBuffer) {
        if isCurrent(connection) { take(.message(message)) }
    }

    func connectionEnded(_ connection: WebSocketConnection, error: SocketIOClientError?) {
        guard isCurrent(connection) else { return }
        ended(reason: error.map(Self.text) ?? "the server closed the connection", error: error)
    }
}

extension UserConnection {
    /// Short, and the same for every user, so that reports can count it.
    private static func text(_ error: SocketIOClientError) -> String {
        switch error {
        case .invalidURL(let reason): "invalid URL: \(reason.prefix(80))"
        case .connectFailed(let reason): Self.systemReason(reason)
        case .handshakeRefused(let status, _): "handshake refused with status \(status)"
        case .protocolViolation(let reason): "protocol violation: \(reason)"
        case .connectTimeout: "connect timeout"
        default: "\(error)"
        }
    }

    /// The system's name of an error, which is the same for all users. NIO's texts also name addresses and options.
    private static func systemReason(_ text: String) -> String {
        let known = [
            ("Connection refused", "connection refused"), ("ECONNREFUSED", "connection refused"), ("Connection reset", "connection reset"),
            ("timed out", "connect timeout"), ("connectTimeout", "connect timeout"), ("Cannot assign", "no local port is free"),
            ("Too many open files", "too many open files"), ("unreachable", "unreachable"), ("Name or service", "unknown host"),
            ("NIOHostnameResolver", "unknown host"), ("CERTIFICATE_VERIFY_FAILED", "the certificate is not trusted"),
            ("UnableToValidateCertificate", "the certificate is not trusted"), ("handshakeFailed", "the TLS handshake failed"),
            ("closed the connection", "the server closed the connection"),
        ]
        return known.first { text.contains($0.0) }?.1 ?? String(text.prefix(80))
    }
}
