import EngineIOCore
import Logging
import NIOCore
import SocketIOCore

/// The Socket.IO side of one connection: the sockets it has, and packets that wait for their attachments. What a well-behaved client
/// never sends closes the connection (`socket.io-protocol` v5).
final class SocketIOClientState {
    /// The socket of the namespace `/`, the only one so far.
    private var socket: ServerSocket?
    private var isConnecting = false
    private var wasAccepted = false
    private var reassembler: BinaryReassembler
    /// Attachments are due.
    private var isReassembling = false
    /// Packets with attachments that began, counted while a deadline for one is set.
    private var reassemblies = 0
    private var reassembliesAtDeadline: Int?

    private let limits: SocketIOLimits

    init(limits: SocketIOLimits) {
        self.limits = limits
        reassembler = BinaryReassembler(limits: limits)
    }

    /// Whether a namespace was ever joined, or a middleware is deciding: who leaves again may take its time.
    var hasJoined: Bool { wasAccepted || isConnecting }

    // MARK: Receiving

    func receive(text: ByteBuffer, on connection: EngineConnection) {
        do {
            try receive(SocketIOPacket.decode(text, limits: limits), on: connection)
        } catch {
            reject(connection)
        }
    }

    /// An Engine.IO message that nobody else holds, its type character included: the hot path.
    func receive(message: ReceivedPacket, on connection: EngineConnection) {
        do throws(SocketIOProtocolError) {
            try message.parse(at: 1, limits: limits, from: .client)
        } catch {
            return reject(connection)
        }
        if message.kind == .event, message.isInMainNamespace, !isReassembling, let socket {
            return socket.receive(Arguments(message))
        }
        do {
            try receive(SocketIOPacket(message), on: connection)
        } catch {
            reject(connection)
        }
    }

    private func receive(_ packet: SocketIOPacket, on connection: EngineConnection) throws {
        guard !isReassembling else { throw ClientViolation.attachmentMissing }
        try handle(packet, on: connection)
    }

    func receive(binary: ByteBuffer, on connection: EngineConnection) {
        do {
            let outcome = try reassembler.receive(binary: binary)
            isReassembling = reassembler.isPending
            if case .complete(let packet, let attachments) = outcome { try handle(packet, attachments: attachments, on: connection) }
        } catch {
            reject(connection)
        }
    }

    private func armAttachmentDeadline(on connection: EngineConnection) {
        reassembliesAtDeadline = reassemblies
        connection.shard.arm(.attachments, connection)
    }

    /// Attachments have had their time: are they still those of the same packet?
    func attachmentsDue(on connection: EngineConnection) {
        let before = reassembliesAtDeadline
        reassembliesAtDeadline = nil
        guard isReassembling else { return }
        guard reassemblies == before else { return armAttachmentDeadline(on: connection) }
        reject(connection)
    }

    private func reject(_ connection: EngineConnection) {
        connection.shard.counters.protocolErrors.add()
        connection.close(.parseError)
    }

    private func handle(_ packet: SocketIOPacket, attachments: [ByteBuffer] = [], on connection: EngineConnection) throws {
        switch packet.kind {
        case .connect: try connect(packet, on: connection)
        case .disconnect:
            guard let socket, packet.namespace == "/" else { throw ClientViolation.notJoined }
            self.socket = nil
            socket.end(.clientNamespaceDisconnect)
        case .event:
            guard let socket, packet.namespace == "/" else { throw ClientViolation.notJoined }
            socket.receive(Arguments(packet, attachments: attachments))
        case .ack:
            guard let socket, packet.namespace == "/" else { throw ClientViolation.notJoined }
            socket.receiveAcknowledgement(Arguments(packet, attachments: attachments), id: packet.id)
        case .binaryEvent, .binaryAck:
            if attachments.isEmpty, packet.attachmentCount > 0 {
                guard socket != nil, packet.namespace == "/" else { throw ClientViolation.notJoined }
                _ = try reassembler.receive(packet)
                isReassembling = true
                reassemblies &+= 1
                if reassembliesAtDeadline == nil { armAttachmentDeadline(on: connection) }
            } else {
                guard let socket, packet.namespace == "/" else { throw ClientViolation.notJoined }
                if packet.kind == .binaryEvent {
                    socket.receive(Arguments(packet, attachments: attachments))
                } else {
                    socket.receiveAcknowledgement(Arguments(packet, attachments: attachments), id: packet.id)
                }
            }
        case .connectError: throw ClientViolation.serversOnly
        }
    }

    // MARK: Connecting

    private func connect(_ packet: SocketIOPacket, on connection: EngineConnection) throws {
        let namespace = packet.namespace
        guard namespace == "/" else {
            connection.shard.counters.joins.add(.unknownNamespace)
            connection.sendMessage { buffer in
                SocketIOEncoder.connectError(namespace: namespace, message: "Invalid namespace", data: nil, into: &buffer)
            }
            return
        }
        guard socket == nil, !isConnecting else { throw ClientViolation.alreadyJoined }
        let payload = packet.payload
        guard payload.readableBytes <= connection.shard.configuration.maximumAuthBytes else { throw ClientViolation.authTooLarge }
        guard connection.keep(auth: payload.readableBytes) else { throw ClientViolation.noRoomForAuth }
        var handshake = connection.handshake
        handshake.auth = payload.readableBytes > 0 ? JSONSlice(unchecked: payload) : nil
        guard let io = connection.shard.io else { return }
        let middlewares = io.middlewares
        if middlewares.isEmpty { return accept(handshake, attachment: nil, on: connection) }
        isConnecting = true
        let bound = NIOLoopBound((state: self, connection: connection), eventLoop: connection.shard.loop)
        let loop = connection.shard.loop
        let request = ConnectRequest(handshake: handshake, namespace: namespace)
        let presented = handshake
        io.track(for: connection) {
            var request = request
            let refusal: ConnectError?
            do {
                for middleware in middlewares { try await middleware(&request) }
                refusal = nil
            } catch let error as ConnectError {
                refusal = error
            } catch {
                io.logger.error("a connection middleware failed", metadata: ["error": "\(error)"])
                refusal = .middlewareFailed
            }
            let attachment = request.attachment
            loop.execute {
                bound.value.state.decided(refusal, handshake: presented, attachment: attachment, on: bound.value.connection)
            }
        }
    }

    private func decided(
        _ refusal: ConnectError?, handshake: Handshake, attachment: (any Sendable)?, on connection: EngineConnection
    ) {
        isConnecting = false
        guard !connection.session.isClosed else { return }
        let shard = connection.shard
        let outer = shard.takenFrom
        shard.takenFrom = connection
        defer { shard.takenFrom = outer }
        if let refusal {
            connection.shard.counters.joins.add(refusal.isFailure ? .failed : .refused)
            connection.sendMessage { buffer in
                SocketIOEncoder.connectError(namespace: "/", message: refusal.message, data: refusal.data, into: &buffer)
            }
            // The reference leaves the connection open for another try; the connect time-out ends it.
            connection.armConnectDeadline()
        } else {
            accept(handshake, attachment: attachment, on: connection)
        }
    }

    private func accept(_ handshake: Handshake, attachment: (any Sendable)?, on connection: EngineConnection) {
        connection.shard.counters.joins.add(.accepted)
        connection.confirm()
        let socket = ServerSocket(connection: connection, handshake: handshake, attachment: attachment)
        self.socket = socket
        wasAccepted = true
        socket.begin()
    }

    // MARK: Ending

    /// The server ends a socket, and with it the connection or not.
    func disconnect(_ socket: ServerSocket, close: Bool, on connection: EngineConnection) {
        guard self.socket === socket else { return }
        self.socket = nil
        connection.sendMessage { SocketIOEncoder.disconnect(namespace: "/", into: &$0) }
        socket.end(.serverNamespaceDisconnect)
        if close { connection.closeAfterFlush() }
    }

    /// The time of an acknowledgement that the client owes has come.
    func acknowledgementsDue(now: NIODeadline) { socket?.acknowledgementsDue(now: now) }

    func connectionClosed(_ reason: DisconnectReason) {
        let last = socket
        socket = nil
        last?.end(reason)
    }
}
