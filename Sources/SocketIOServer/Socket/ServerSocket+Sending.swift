public import NIOCore
public import SocketIOCore

extension ServerSocket {
    // MARK: To this client

    public func emit(_ event: String, _ arguments: any JSONWritable...) {
        if isPlain {
            sendEvent(event, id: nil, arguments)
        } else {
            send(EventPacket(event, arguments))
        }
    }

    /// Sends arguments as they were received, attachments included: no value is parsed.
    public func emit(_ event: String, _ arguments: Arguments) {
        guard isPlain else { return send(EventPacket(event, arguments)) }
        send { buffer in
            SocketIOEncoder.event(event, namespace: namespace.name, id: nil, attachments: arguments.attachments.count, into: &buffer) {
                $0.raw(arguments)
            }
            return arguments.attachments
        }
    }

    /// Sends an event and asks for an acknowledgement.
    ///
    /// - Parameter completion: called once on the loop, with the answer, or with nil if the time is up, the socket disconnects or too many
    ///   acknowledgements are pending.
    public func emit(
        _ event: String, _ arguments: any JSONWritable..., timeout: TimeAmount = .seconds(10),
        acknowledgement completion: @escaping (Arguments?) -> Void
    ) {
        guard let id = askNext(timeout: timeout, completion) else { return }
        sendEvent(event, id: id, arguments)
    }

    /// The number for a new acknowledgement. Nil if too many are pending; `completion` has been called then.
    func askNext(timeout: TimeAmount, _ completion: @escaping (Arguments?) -> Void) -> UInt64? {
        guard isConnected, mayAsk else {
            completion(nil)
            return nil
        }
        let id = namespace.acknowledgementIDs.next()
        ask(id, until: connection.shard.loop.now + timeout, completion)
        return id
    }

    /// Without listeners and recovery an event is encoded straight into the client's buffer.
    private var isPlain: Bool { recovery == nil && !isListenedTo }
    /// Whether there are listeners of outgoing events.
    private var isListenedTo: Bool { rare.map { !$0.outgoing.isEmpty } ?? false }

    func sendEvent(_ event: String, id: UInt64?, _ arguments: [any JSONWritable]) {
        guard !isListenedTo else { return send(EncodedPacket(EventPacket(event, arguments), namespace: namespace.name, id: id)) }
        send { buffer in
            SocketIOEncoder.event(event, namespace: namespace.name, id: id, into: &buffer) { writer in
                for argument in arguments { argument.write(to: &writer) }
            }
        }
    }

    /// Sends an event that does not ask for an acknowledgement. Under connection state recovery the adapter keeps it and gives it an offset.
    func send(_ event: EventPacket, isVolatile: Bool = false, compress: Bool? = nil) {
        guard isConnected else { return }
        if recovery == nil || isVolatile {
            var packet = EncodedPacket(event, namespace: namespace.name)
            packet.mayCompress = compress != false
            send(packet, isVolatile: isVolatile)
        } else {
            namespace.adapter.broadcast(event, to: BroadcastOptions(rooms: [id], flags: .init(compress: compress)))
        }
    }

    // MARK: To others

    /// Chooses the other members of these rooms, or sockets by their ids.
    public func to(_ rooms: String...) -> BroadcastOperator { broadcast.to(rooms) }
    public func to(_ rooms: [String]) -> BroadcastOperator { broadcast.to(rooms) }
    /// The same as ``to(_:)-(String...)``.
    public func `in`(_ rooms: String...) -> BroadcastOperator { broadcast.to(rooms) }
    public func `in`(_ rooms: [String]) -> BroadcastOperator { broadcast.to(rooms) }
    /// Chooses everybody else but the members of these rooms.
    public func except(_ rooms: String...) -> BroadcastOperator { broadcast.except(rooms) }
    public func except(_ rooms: [String]) -> BroadcastOperator { broadcast.except(rooms) }
    /// Chooses the other sockets of this server.
    public var local: BroadcastOperator { broadcast.local }

    /// Chooses everybody else in the namespace.
    public var broadcast: BroadcastOperator { BroadcastOperator(adapter: namespace.adapter, options: BroadcastOptions(except: [id])) }

    // MARK: Flags

    /// The next event is dropped if the client has fallen behind.
    public var volatile: SocketOperator { SocketOperator(socket: self).volatile }
    /// Whether the next event may be compressed.
    public func compress(_ isCompressed: Bool) -> SocketOperator { SocketOperator(socket: self).compress(isCompressed) }
    /// How long the client may take to acknowledge the next event.
    public func timeout(_ timeout: Duration) -> SocketOperator { SocketOperator(socket: self).timeout(timeout) }
}

/// One event to one socket, with flags: `socket.volatile.emit("position", x)`, `socket.timeout(.seconds(5)).emit("question") { … }`.
public struct SocketOperator {
    let socket: ServerSocket
    private var isVolatile = false
    private var compress: Bool?
    private var timeout: Duration?

    init(socket: ServerSocket) { self.socket = socket }

    private func with(_ change: (inout SocketOperator) -> Void) -> SocketOperator {
        var copy = self
        change(&copy)
        return copy
    }

    public var volatile: SocketOperator { with { $0.isVolatile = true } }
    public func compress(_ isCompressed: Bool) -> SocketOperator { with { $0.compress = isCompressed } }
    public func timeout(_ timeout: Duration) -> SocketOperator { with { $0.timeout = timeout } }

    /// The same flags for the other sockets.
    public var broadcast: BroadcastOperator {
        var chosen = isVolatile ? socket.broadcast.volatile : socket.broadcast
        if let compress { chosen = chosen.compress(compress) }
        return timeout.map { chosen.timeout($0) } ?? chosen
    }
    public func to(_ rooms: String...) -> BroadcastOperator { broadcast.to(rooms) }
    public func to(_ rooms: [String]) -> BroadcastOperator { broadcast.to(rooms) }
    public func `in`(_ rooms: String...) -> BroadcastOperator { broadcast.to(rooms) }
    public func `in`(_ rooms: [String]) -> BroadcastOperator { broadcast.to(rooms) }
    public func except(_ rooms: String...) -> BroadcastOperator { broadcast.except(rooms) }
    public func except(_ rooms: [String]) -> BroadcastOperator { broadcast.except(rooms) }
    public var local: BroadcastOperator { broadcast.local }

    public func emit(_ event: String, _ arguments: any JSONWritable...) {
        socket.send(EventPacket(event, arguments), isVolatile: isVolatile, compress: compress)
    }

    /// Sends an event and asks for an acknowledgement.
    ///
    /// - Parameter completion: called once on the loop, with the answer or why there is none.
    public func emit(
        _ event: String, _ arguments: any JSONWritable...,
        acknowledgement completion: @escaping (Result<Arguments, AcknowledgementError>) -> Void
    ) {
        let packet = EventPacket(event, arguments)
        socket.emitWithAck(packet, timeout: timeout ?? AcknowledgementError.defaultTimeout, compress: compress, completion)
    }
}

/// Why an acknowledgement did not come.
public enum AcknowledgementError: Error, Sendable, Hashable {
    case timedOut
    /// The socket had gone, or went before it answered.
    case disconnected
    /// The socket owes the maximum number of acknowledgements.
    case tooMany

    static let defaultTimeout = Duration.seconds(10)
}

extension ServerSocket {
    func emitWithAck(
        _ event: String, _ arguments: [any JSONWritable], timeout: Duration,
        _ completion: @escaping (Result<Arguments, AcknowledgementError>) -> Void
    ) {
        emitWithAck(EventPacket(event, arguments), timeout: timeout, completion)
    }

    func emitWithAck(
        _ event: EventPacket, timeout: Duration, compress: Bool? = nil,
        _ completion: @escaping (Result<Arguments, AcknowledgementError>) -> Void
    ) {
        guard isConnected else { return completion(.failure(.disconnected)) }
        guard mayAsk else { return completion(.failure(.tooMany)) }
        let id = askNext(timeout: TimeAmount(timeout)) { [unowned self] answer in
            completion(answer.map(Result.success) ?? .failure(isConnected ? .timedOut : .disconnected))
        }
        guard let id else { return }
        var packet = EncodedPacket(event, namespace: namespace.name, id: id)
        packet.mayCompress = compress != false
        send(packet)
    }
}
