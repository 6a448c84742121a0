import DequeModule
import EngineIOCore
import Logging
public import NIOCore
public import SocketIOCore
import WebSocketCore

/// A client in a namespace. Bound to its event loop: handlers run there and may use it freely; what must leave the loop takes its
/// ``reference``.
public final class ServerSocket {
    /// Its name for other clients, and a room of its own for `to(_:)`.
    public let id: String
    public let handshake: Handshake
    /// Whatever belongs to this socket; set by a middleware or a handler.
    public var attachment: (any Sendable)?
    public private(set) var isConnected = true

    let connection: EngineConnection
    var memberships = Memberships()
    /// The last broadcast that visited this socket, so that it gets each once.
    var broadcastMark: UInt64 = 0

    private var handlers: [String: EventHandler] = [:]
    /// Most clients send one event many times over.
    private var latest: (name: ShortEventName, handler: EventHandler)?
    private var fallback: EventHandler?
    private var disconnectHandlers: [(DisconnectReason) -> Void] = []
    private var acknowledgements = PendingAcknowledgements()
    /// Events behind an asynchronous handler that is not done.
    private var held: Deque<Arguments> = []
    private var heldBytes = 0
    private var isHolding = false
    private var address: SocketReference.Address?

    init(connection: EngineConnection, handshake: Handshake, attachment: (any Sendable)?) {
        self.connection = connection
        self.handshake = handshake
        self.attachment = attachment
        id = connection.shard.makeSessionID()
    }

    public var eventLoop: any EventLoop { connection.shard.loop }

    /// This socket for use on other threads.
    public var reference: SocketReference {
        if let address { return SocketReference(address: address) }
        let address = SocketReference.Address(
            id: id, handle: connection.shard.handle, socket: NIOLoopBound(self, eventLoop: connection.shard.loop))
        // It holds the socket: kept only until the socket ends.
        if isConnected { self.address = address }
        return SocketReference(address: address)
    }

    // MARK: Handlers

    /// Handles an event on the loop. What takes long or waits belongs into the asynchronous form. A later handler of the same event
    /// replaces an earlier one.
    public func on(_ event: String, _ handler: @escaping (EventRequest) -> Void) { register(event, handler) }

    /// Handles an event whose payload and acknowledgement have types. A payload that does not fit, and an error that the handler throws,
    /// are answered with `{"error": …}` when an acknowledgement is asked for.
    public func on<Payload: Decodable, Answer: Encodable>(
        _ event: Event<Payload, Answer>, _ handler: @escaping (Payload) throws -> Answer
    ) {
        register(event.name) { request in
            do {
                let answer = try handler(request.arguments.first.decode(Payload.self))
                request.acknowledge?(JSONEncoded(answer))
            } catch {
                request.socket.connection.shard.io.logger.debug("a typed handler failed", metadata: ["event": "\(event.name)"])
                request.acknowledge?(JSONObject { $0.field("error", String(describing: error)) })
            }
        }
    }

    /// Handles an event without an answer whose payload has a type. A payload that does not fit is ignored and logged.
    public func on<Payload: Decodable>(_ event: Event<Payload, Void>, _ handler: @escaping (Payload) -> Void) {
        register(event.name) { request in
            do {
                handler(try request.arguments.first.decode(Payload.self))
            } catch {
                request.socket.connection.shard.io.logger.debug("a payload does not fit", metadata: ["event": "\(event.name)"])
            }
        }
    }

    /// Handles an event that has to wait for something. Later events of this socket wait behind it, in order, unless it is concurrent.
    public func on(_ event: String, concurrently: Bool = false, perform: @escaping @Sendable (AsyncEventRequest) async -> Void) {
        let reference = reference
        register(event) { [unowned self] request in
            let request = AsyncEventRequest(socket: reference, arguments: request.arguments, acknowledge: request.acknowledge)
            if !concurrently { isHolding = true }
            connection.shard.io.track {
                await perform(request)
                if !concurrently { reference.perform { $0.resume() } }
            }
        }
    }

    /// Handles the events that have no handler of their own.
    public func onAny(_ handler: @escaping (EventRequest) -> Void) {
        guard isConnected else { return }
        fallback = EventHandler(call: handler)
    }

    /// Called once, on the loop, after the socket has left its rooms.
    public func onDisconnect(_ handler: @escaping (DisconnectReason) -> Void) {
        guard isConnected else { return }
        disconnectHandlers.append(handler)
    }

    // MARK: Sending

    public func emit(_ event: String, _ arguments: any JSONWritable...) {
        guard isConnected else { return }
        connection.sendMessage { buffer in
            SocketIOEncoder.event(event, namespace: "/", id: nil, into: &buffer) { writer in
                for argument in arguments { argument.write(to: &writer) }
            }
        }
    }

    /// Sends arguments as they were received, attachments included: no value is parsed.
    public func emit(_ event: String, _ arguments: Arguments) {
        guard isConnected else { return }
        connection.sendMessage { buffer in
            SocketIOEncoder.event(event, namespace: "/", id: nil, attachments: arguments.attachments.count, into: &buffer) {
                $0.raw(arguments)
            }
        }
        connection.send(attachments: arguments.attachments)
    }

    /// Sends an event and asks for an acknowledgement.
    ///
    /// - Parameter completion: called once on the loop: with the answer, or with nil when the time is up, the socket disconnects or too
    ///   many acknowledgements are owed.
    public func emit(
        _ event: String, _ arguments: any JSONWritable..., timeout: TimeAmount = .seconds(10),
        acknowledgement completion: @escaping (Arguments?) -> Void
    ) {
        guard isConnected, acknowledgements.count < connection.shard.io.configuration.maximumPendingAcknowledgements else {
            return completion(nil)
        }
        let id = acknowledgements.add(completion)
        connection.sendMessage { buffer in
            SocketIOEncoder.event(event, namespace: "/", id: id, into: &buffer) { writer in
                for argument in arguments { argument.write(to: &writer) }
            }
        }
        // `assumeIsolated()` stops the process off the loop: a socket is not Sendable and never leaves it.
        eventLoop.assumeIsolated().scheduleTask(in: timeout) { [weak self] in self?.acknowledgements.take(id)?(nil) }
    }

    /// The other members of a room.
    public func to(_ room: String) -> BroadcastOperator { BroadcastOperator(io: connection.shard.io, targets: [room], exceptions: [id]) }

    /// Everybody else.
    public var broadcast: BroadcastOperator { BroadcastOperator(io: connection.shard.io, exceptions: [id]) }

    // MARK: Rooms

    /// The rooms it is in, its own id among them.
    public var rooms: Set<String> { isConnected ? Set(memberships.names + [id]) : [] }

    /// Enters a room. Ignored and logged when its name is too long, or the socket is in as many rooms as it may be.
    public func join(_ room: String) {
        guard isConnected, room != id, !memberships.contains(room) else { return }
        let configuration = connection.shard.io.configuration
        guard room.utf8.count <= configuration.maximumRoomNameBytes else {
            return connection.shard.io.logger.warning("a room's name is too long", metadata: ["socket": "\(id)"])
        }
        guard memberships.count < configuration.maximumRoomsPerSocket else {
            return connection.shard.io.logger.warning("a socket may not join more rooms", metadata: ["socket": "\(id)"])
        }
        connection.shard.settleLocalMail()
        connection.shard.join(self, room: room)
    }

    public func leave(_ room: String) {
        connection.shard.settleLocalMail()
        if let place = memberships.remove(room) { connection.shard.leave(place) }
    }

    /// Ends this socket: the client does not come back by itself.
    ///
    /// - Parameter close: also ends the connection below it.
    public func disconnect(close: Bool = false) {
        guard isConnected else { return }
        connection.client.disconnect(self, close: close, on: connection)
    }

    // MARK: Internals

    func begin() {
        connection.shard.sockets[id] = self
        connection.shard.counters.socketsOpened.add()
        connection.sendMessage { SocketIOEncoder.connect(namespace: "/", sid: id, pid: nil, into: &$0) }
        for handler in connection.shard.io.connectionHandlers where isConnected { handler(self) }
    }

    func send(_ packet: EncodedPacket, isVolatile: Bool = false) {
        guard isConnected else { return }
        connection.send(packet, isVolatile: isVolatile)
    }

    func receive(_ arguments: Arguments) {
        connection.shard.counters.eventsReceived.add()
        if isHolding {
            let configuration = connection.shard.io.configuration
            // One event may be as large as a packet can be; what comes behind it shares the limit with it.
            guard held.count < configuration.maximumHeldEvents,
                held.isEmpty || heldBytes + arguments.byteCount <= configuration.maximumHeldBytes
            else {
                connection.shard.io.logger.notice("closing a client whose events pile up", metadata: ["socket": "\(self.id)"])
                return connection.close(.forcedClose, code: .policyViolation)
            }
            held.append(arguments)
            heldBytes += arguments.byteCount
            return
        }
        dispatch(arguments)
    }

    /// After the end nothing would let go of a handler, which may hold the socket.
    private func register(_ event: String, _ handler: @escaping (EventRequest) -> Void) {
        guard isConnected else { return }
        handlers[event] = EventHandler(call: handler)
        latest = nil
    }

    private func dispatch(_ arguments: Arguments) {
        let request = EventRequest(socket: self, arguments: arguments)
        if let latest, arguments.packet.isNamed(latest.name) { return latest.handler.call(request) }
        let name = arguments.name
        guard let handler = handlers[name] else {
            fallback?.call(request)
            return
        }
        latest = ShortEventName(name).map { ($0, handler) }
        handler.call(request)
    }

    /// The asynchronous handler is done: the events behind it go on, also when the client has gone meanwhile.
    private func resume() {
        isHolding = false
        while !isHolding, let arguments = held.popFirst() {
            heldBytes -= arguments.byteCount
            dispatch(arguments)
        }
        if !isConnected, !isHolding { dropHandlers() }
    }

    func receiveAcknowledgement(_ arguments: Arguments, id: UInt64?) {
        if let id { acknowledgements.take(id)?(arguments) }
    }

    func end(_ reason: DisconnectReason) {
        guard isConnected else { return }
        connection.shard.settleLocalMail()
        while let place = memberships.popLast() { connection.shard.leave(place) }
        isConnected = false
        address = nil
        connection.shard.sockets[id] = nil
        connection.shard.counters.socketsClosed.add()
        for completion in acknowledgements.takeAll() { completion(nil) }
        let handlers = disconnectHandlers
        disconnectHandlers = []
        for handler in handlers { handler(reason) }
        if !isHolding { dropHandlers() }
    }

    /// Handlers may hold the socket: they go when nothing can call them any more.
    private func dropHandlers() {
        handlers = [:]
        latest = nil
        fallback = nil
    }
}
