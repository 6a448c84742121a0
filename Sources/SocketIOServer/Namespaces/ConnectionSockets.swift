import EngineIOCore
import Logging
import NIOCore
import SocketIOCore

/// The sockets of one connection, one in each namespace that its client has joined, and packets that wait for their attachments. Packets
/// that break the protocol close the connection (`socket.io-protocol` v5).
final class ConnectionSockets {
    /// The socket of the namespace `/`. The hot path reads it without comparing names.
    private var main: ServerSocket?
    /// The sockets of other namespaces, in the order in which they were joined.
    private var others: [ServerSocket] = []
    /// The namespaces whose middleware is deciding, each with the bytes of its `auth`.
    private var joining: [(namespace: String, authBytes: Int)] = []
    /// Nil until a packet with attachments comes. Most clients send none.
    private var reassembly: Reassembly?
    /// Whether attachments must follow.
    private var isReassembling = false
    private var wasAccepted = false

    private final class Reassembly {
        var reassembler: BinaryReassembler
        /// Counts packets with attachments while a deadline for one is set.
        var count = 0
        var countAtDeadline: Int?

        init(_ limits: SocketIOLimits) { reassembler = BinaryReassembler(limits: limits) }
    }

    /// Whether a namespace was ever joined, or a middleware is deciding. The deadline for joining does not apply then.
    var hasJoined: Bool { wasAccepted || !joining.isEmpty }

    /// By the name's bytes, as clients address namespaces: comparing strings normalises them, in quadratic time where one letter has many
    /// marks.
    private subscript(namespace: String) -> ServerSocket? {
        // Two short texts are compared at once, and nearly all packets are for this namespace.
        if namespace.utf8.count == 1, namespace == Namespace.mainName { return main }
        return others.first { $0.namespace.name.utf8.elementsEqual(namespace.utf8) }
    }

    private var all: [ServerSocket] { (main.map { [$0] } ?? []) + others }

    /// The acknowledgements that the client owes in all namespaces.
    var owedAcknowledgements: Int { all.reduce(0) { $0 + $1.owedAcknowledgements } }

    // MARK: Receiving

    func receive(text: ByteBuffer, on connection: EngineConnection) {
        do {
            try receive(SocketIOPacket.decode(text, limits: connection.shard.packetLimits), on: connection)
        } catch {
            reject(connection, error)
        }
    }

    /// An Engine.IO message that nobody else holds, its type character included: the hot path.
    func receive(message: ReceivedPacket, on connection: EngineConnection) {
        do throws(SocketIOProtocolError) {
            try message.parse(at: 1, limits: connection.shard.packetLimits, from: .client)
        } catch {
            return reject(connection, error)
        }
        if message.kind == .event, message.isInMainNamespace, !isReassembling, let main {
            return main.receive(Arguments(message))
        }
        do {
            try receive(SocketIOPacket(message), on: connection)
        } catch {
            reject(connection, error)
        }
    }

    private func receive(_ packet: SocketIOPacket, on connection: EngineConnection) throws {
        guard !isReassembling else { throw ClientViolation.attachmentMissing }
        try handle(packet, on: connection)
    }

    func receive(binary: ByteBuffer, on connection: EngineConnection) {
        do {
            guard let reassembly else { throw ClientViolation.strayBinary }
            let outcome = try reassembly.reassembler.receive(binary: binary)
            isReassembling = reassembly.reassembler.isPending
            if case .complete(let packet, let attachments) = outcome { try handle(packet, attachments: attachments, on: connection) }
        } catch {
            reject(connection, error)
        }
    }

    private func armAttachmentDeadline(_ reassembly: Reassembly, on connection: EngineConnection) {
        reassembly.countAtDeadline = reassembly.count
        connection.shard.arm(.attachments, connection)
    }

    /// The deadline for attachments has come. It counts if they are still those of the same packet.
    func attachmentsDue(on connection: EngineConnection) {
        guard let reassembly else { return }
        let before = reassembly.countAtDeadline
        reassembly.countAtDeadline = nil
        guard isReassembling else { return }
        guard reassembly.count == before else { return armAttachmentDeadline(reassembly, on: connection) }
        reject(connection, ClientViolation.attachmentMissing)
    }

    private func reject(_ connection: EngineConnection, _ error: any Error) {
        connection.shard.counters.protocolErrors.add()
        let isForbidden = (error as? SocketIOProtocolError)?.kind == .forbiddenKind
        let isStateViolated = isForbidden || (error as? ClientViolation)?.concernsState == true
        connection.close(.parseError, heard: isStateViolated ? .forcedServerClose : nil)
    }

    private func handle(_ packet: SocketIOPacket, attachments: [ByteBuffer] = [], on connection: EngineConnection) throws {
        switch packet.kind {
        case .connect: return try connect(packet, on: connection)
        case .connectError: throw ClientViolation.serversOnly
        case .disconnect, .event, .ack, .binaryEvent, .binaryAck: break
        }
        guard let socket = self[packet.namespace] else { throw ClientViolation.notJoined }
        if attachments.isEmpty, packet.attachmentCount > 0 {
            let reassembly = reassembly ?? Reassembly(connection.shard.packetLimits)
            self.reassembly = reassembly
            _ = try reassembly.reassembler.receive(packet)
            isReassembling = true
            reassembly.count &+= 1
            if reassembly.countAtDeadline == nil { armAttachmentDeadline(reassembly, on: connection) }
            return
        }
        switch packet.kind {
        case .event, .binaryEvent: socket.receive(Arguments(packet, attachments: attachments))
        case .ack, .binaryAck: socket.receiveAcknowledgement(Arguments(packet, attachments: attachments), id: packet.id)
        case .disconnect:
            remove(socket, on: connection)
            socket.end(.clientNamespaceDisconnect)
        case .connect, .connectError: break
        }
    }

    // MARK: Connecting

    private func connect(_ packet: SocketIOPacket, on connection: EngineConnection) throws {
        guard let io = connection.shard.io else { return }
        let configuration = connection.shard.configuration
        let name = packet.namespace
        guard self[name] == nil, !joining.contains(where: { $0.namespace.utf8.elementsEqual(name.utf8) }) else {
            throw ClientViolation.alreadyJoined
        }
        let payload = packet.payload
        guard payload.readableBytes <= configuration.maximumAuthBytes else { throw ClientViolation.authTooLarge }
        let auth = payload.readableBytes > 0 ? JSONSlice(unchecked: payload) : nil
        let namespace: Namespace
        switch io.enter(name, auth) {
        case .namespace(let entered): namespace = entered
        case .unknown: return refuse(name, .invalidNamespace, .unknownNamespace, on: connection)
        case .full: return refuse(name, .tooManyNamespaces, .tooManyNamespaces, on: connection)
        }
        guard (main == nil ? 0 : 1) + others.count + joining.count < configuration.maximumNamespacesPerConnection else {
            io.left(namespace)
            return refuse(name, .tooManyNamespaces, .tooManyNamespaces, on: connection)
        }
        guard connection.keep(auth: authBytes + payload.readableBytes) else {
            io.left(namespace)
            throw ClientViolation.noRoomForAuth
        }
        var request = ConnectRequest(handshake: connection.handshake, namespace: name)
        request.handshake.auth = auth
        let claim = configuration.recovery == nil ? nil : SessionClaim(auth)
        if let claim, configuration.recoverySkipsMiddlewares {
            restore(claim, request, namespace, wasApproved: false, on: connection, io)
        } else {
            decide(request, namespace, namespace.middlewares[...], claim, on: connection, io)
        }
    }

    /// Asks the remaining middlewares: on the loop as long as they do not wait, then in a task.
    ///
    /// - Parameter claim: the session that the client resumes if they approve.
    private func decide(
        _ request: ConnectRequest, _ namespace: Namespace, _ middlewares: ArraySlice<Namespace.RegisteredMiddleware>,
        _ claim: SessionClaim?,
        on connection: EngineConnection, _ io: SocketIO
    ) {
        var request = request
        var rest = middlewares
        while case .immediate(let middleware)? = rest.first {
            do { try middleware(&request) } catch {
                return decided(ConnectError(error, io.logger), request, namespace, claim, on: connection, io)
            }
            rest.removeFirst()
        }
        guard !rest.isEmpty else { return decided(nil, request, namespace, claim, on: connection, io) }
        beginWaiting(request, namespace)
        let bound = NIOLoopBound((sockets: self, connection: connection), eventLoop: connection.shard.loop)
        let loop = connection.shard.loop
        let logger = io.logger
        io.track(for: connection) { [request, rest] in
            var request = request
            var refusal: ConnectError?
            do {
                for middleware in rest {
                    switch middleware {
                    case .immediate(let body): try body(&request)
                    case .asynchronous(let body): try await body(&request)
                    }
                }
            } catch { refusal = ConnectError(error, logger) }
            loop.execute { [request, refusal] in
                bound.value.sockets.decided(refusal, request, namespace, claim, on: bound.value.connection, io)
            }
        }
    }

    private func decided(
        _ refusal: ConnectError?, _ request: ConnectRequest, _ namespace: Namespace, _ claim: SessionClaim?,
        on connection: EngineConnection, _ io: SocketIO
    ) {
        joining.removeAll { $0.namespace.utf8.elementsEqual(namespace.name.utf8) }
        guard !connection.session.isClosed else { return io.left(namespace) }
        if refusal == nil, let claim { return restore(claim, request, namespace, wasApproved: true, on: connection, io) }
        let shard = connection.shard
        let outer = shard.takenFrom
        shard.takenFrom = connection
        defer { shard.takenFrom = outer }
        if let refusal {
            io.left(namespace)
            _ = connection.keep(auth: authBytes)
            refuse(namespace.name, refusal, refusal.isFailure ? .failed : .refused, on: connection)
            // The reference leaves the connection open for another try; the connect time-out ends it.
            connection.armConnectDeadline()
        } else {
            accept(request, namespace, nil, on: connection)
        }
    }

    /// Notes that a decision about this namespace is pending.
    private func beginWaiting(_ request: ConnectRequest, _ namespace: Namespace) {
        joining.append((namespace.name, request.handshake.auth?.bytes.readableBytes ?? 0))
    }

    // MARK: Connection state recovery

    /// Asks the adapter for the session that a client resumes.
    ///
    /// - Parameter wasApproved: whether the middlewares have approved the client already.
    private func restore(
        _ claim: SessionClaim, _ request: ConnectRequest, _ namespace: Namespace, wasApproved: Bool, on connection: EngineConnection,
        _ io: SocketIO
    ) {
        beginWaiting(request, namespace)
        let bound = NIOLoopBound((sockets: self, connection: connection), eventLoop: connection.shard.loop)
        let restored: @Sendable (RestoredSession?) -> Void = { session in
            let (sockets, connection) = bound.value
            sockets.restored(session, request, namespace, wasApproved: wasApproved, on: connection, io)
        }
        let place = namespace.adapter.local.place(on: connection.shard.handle)
        if let adapter = namespace.adapter as? InMemoryAdapter {
            return adapter.restoreSession(claim.privateID, offset: claim.offset, at: place, restored)
        }
        let adapter = namespace.adapter
        io.track(for: connection) {
            do {
                if let adapter = adapter as? any PlacingAdapter {
                    return try await adapter.restoreSession(claim.privateID, offset: claim.offset, at: place, restored)
                }
                let session = try await adapter.restoreSession(claim.privateID, offset: claim.offset)
                place.take { restored(session) }
            } catch {
                io.logger.warning("no session is restored", metadata: ["namespace": "\(namespace.name)", "error": "\(error)"])
                place.take { restored(nil) }
            }
        }
    }

    /// - Parameter session: if nil, the client begins anew.
    private func restored(
        _ session: RestoredSession?, _ request: ConnectRequest, _ namespace: Namespace, wasApproved: Bool,
        on connection: EngineConnection, _ io: SocketIO
    ) {
        joining.removeAll { $0.namespace.utf8.elementsEqual(namespace.name.utf8) }
        guard !connection.session.isClosed else {
            if let session { namespace.adapter.persistSession(session.session) }
            return io.left(namespace)
        }
        let shard = connection.shard
        // More events than may wait for a client would close it each time.
        let fitting = session.flatMap { $0.queuedBytes <= shard.maximumQueuedBytes / 2 ? $0 : nil }
        guard fitting != nil || wasApproved else {
            return decide(request, namespace, namespace.middlewares[...], nil, on: connection, io)
        }
        let outer = shard.takenFrom
        shard.takenFrom = connection
        defer { shard.takenFrom = outer }
        accept(request, namespace, fitting, on: connection)
    }

    private func refuse(_ namespace: String, _ error: ConnectError, _ result: JoinResult, on connection: EngineConnection) {
        connection.shard.counters.joins.add(result)
        connection.sendMessage { buffer in
            SocketIOEncoder.connectError(namespace: namespace, message: error.message, data: error.data, into: &buffer)
        }
    }

    private func accept(
        _ request: ConnectRequest, _ namespace: Namespace, _ restored: RestoredSession?, on connection: EngineConnection
    ) {
        connection.shard.counters.joins.add(.accepted)
        connection.confirm()
        let socket = ServerSocket(
            connection: connection, namespace: namespace, handshake: request.handshake, data: request.data, restored: restored?.session)
        if namespace.isMain { main = socket } else { others.append(socket) }
        wasAccepted = true
        socket.begin(restored: restored)
    }

    /// The bytes of `auth` of all namespaces that the client is in or joins.
    private var authBytes: Int {
        all.reduce(joining.reduce(0) { $0 + $1.authBytes }) { $0 + ($1.handshake.auth?.bytes.readableBytes ?? 0) }
    }

    // MARK: Ending

    private func remove(_ socket: ServerSocket, on connection: EngineConnection) {
        if main === socket { main = nil } else { others.removeAll { $0 === socket } }
        _ = connection.keep(auth: authBytes)
    }

    /// The server ends a socket; with `close` all sockets of the connection, and the connection.
    func disconnect(_ socket: ServerSocket, close: Bool, on connection: EngineConnection) {
        for socket in close ? all : [socket] where self[socket.namespace.name] === socket {
            remove(socket, on: connection)
            connection.sendMessage { SocketIOEncoder.disconnect(namespace: socket.namespace.name, into: &$0) }
            socket.end(.serverNamespaceDisconnect)
        }
        if close { connection.closeAfterFlush() }
    }

    /// An acknowledgement is overdue.
    func acknowledgementsDue(now: NIODeadline) {
        guard !others.isEmpty else {
            main?.acknowledgementsDue(now: now)
            return
        }
        for socket in all { socket.acknowledgementsDue(now: now) }
    }

    func connectionClosed(_ reason: DisconnectReason) {
        let last = all
        main = nil
        others = []
        for socket in last { socket.end(reason) }
    }
}
