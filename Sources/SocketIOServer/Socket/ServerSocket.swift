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
    public let namespace: Namespace
    public let handshake: Handshake
    /// Whatever belongs to this socket; set by a middleware or a handler.
    public var data: (any Sendable)?
    public private(set) var isConnected = true

    let connection: EngineConnection
    /// This loop's share of the namespace.
    let members: NamespaceShard
    var memberships = Memberships()
    /// The last visit to several rooms that met this socket, so that it is met once.
    var visitMark: UInt64 = 0

    private var handlers: [String: EventHandler] = [:]
    /// Bytes of the longest name in `handlers`; a longer one is not looked up. Hashing a text normalises it, in quadratic time where one
    /// letter has many marks.
    private var longestHandlerName = 0
    /// Most clients send one event many times over.
    private var latest: (name: ShortEventName, handler: EventHandler)?
    private var unhandled: EventHandler?
    /// Handlers of all events, called before the event's own.
    private var catchAll: [EventHandler] = []
    private var disconnectHandlers: [(DisconnectReason) -> Void] = []
    private var acknowledgements = PendingAcknowledgements()
    /// When the shard will have this socket look at them.
    private var armedDeadline = NIODeadline.distantFuture
    /// Events behind an asynchronous handler that is not done.
    private var held: Deque<Arguments> = []
    /// Events that wait, and those that asynchronous handlers work on beside others.
    private var keptEvents = 0
    private(set) var keptBytes = 0
    private var isHolding = false
    private var address: SocketReference.Address?

    init(connection: EngineConnection, namespace: Namespace, handshake: Handshake, data: (any Sendable)?) {
        self.connection = connection
        self.namespace = namespace
        members = connection.shard.members(of: namespace)
        self.handshake = handshake
        self.data = data
        id = connection.shard.makeSessionID()
    }

    public var eventLoop: any EventLoop { connection.shard.loop }

    /// This socket for use on other threads.
    public var reference: SocketReference {
        if let address { return SocketReference(address: address) }
        let address = SocketReference.Address(
            id: id, namespace: namespace.name, handle: connection.shard.handle, socket: NIOLoopBound(self, eventLoop: connection.shard.loop)
        )
        // It holds the socket: kept only until the socket ends.
        if isConnected { self.address = address }
        return SocketReference(address: address)
    }

    // MARK: Handlers

    /// Handles an event on the loop. What takes long or waits belongs into the asynchronous form. A later handler of the same event
    /// replaces an earlier one.
    public func on(_ event: String, _ handler: @escaping (EventRequest) -> Void) { register(event, handler) }

    /// Handles an event that has to wait for something. Later events of this socket wait behind it, in order, unless it is concurrent.
    public func on(_ event: String, concurrently: Bool = false, perform: @escaping @Sendable (AsyncEventRequest) async -> Void) {
        let reference = reference
        register(event) { request in
            let socket = request.socket
            // After the end of the server nothing would wait for the handler.
            guard let io = socket.connection.shard.io else { return }
            let request = AsyncEventRequest(socket: reference, arguments: request.arguments, acknowledge: request.acknowledge)
            let bytes = request.arguments.memoryBytes
            if concurrently {
                guard socket.take(bytes) else { return }
            } else {
                socket.beginHolding()
            }
            io.track(for: socket.connection) {
                await perform(request)
                reference.perform { socket in
                    if concurrently { socket.giveBack(bytes) } else { socket.resume() }
                }
            }
        }
    }

    /// Called for every event, before its own handler, in the order of registration.
    public func onAny(_ handler: @escaping (EventRequest) -> Void) {
        guard isConnected else { return }
        // The short way to the latest handler passes by these.
        let replaced = latest
        latest = nil
        catchAll.append(EventHandler(call: handler))
        withExtendedLifetime(replaced) {}
    }

    /// Handles the events that have no handler of their own. A later handler replaces an earlier one.
    public func onUnhandled(_ handler: @escaping (EventRequest) -> Void) {
        guard isConnected else { return }
        let replaced = unhandled
        unhandled = EventHandler(call: handler)
        // It goes when nothing of the socket is being changed: what it held may come back here.
        withExtendedLifetime(replaced) {}
    }

    /// Called once, on the loop, after the socket has left its rooms.
    public func onDisconnect(_ handler: @escaping (DisconnectReason) -> Void) {
        guard isConnected else { return }
        disconnectHandlers.append(handler)
    }

    // MARK: Sending

    public func emit(_ event: String, _ arguments: any JSONWritable...) {
        send { buffer in
            SocketIOEncoder.event(event, namespace: namespace.name, id: nil, into: &buffer) { writer in
                for argument in arguments { argument.write(to: &writer) }
            }
        }
    }

    /// Sends arguments as they were received, attachments included: no value is parsed.
    public func emit(_ event: String, _ arguments: Arguments) {
        send(attachments: arguments.attachments) { buffer in
            SocketIOEncoder.event(event, namespace: namespace.name, id: nil, attachments: arguments.attachments.count, into: &buffer) {
                $0.raw(arguments)
            }
        }
    }

    /// Sends an event and asks for an acknowledgement.
    ///
    /// - Parameter completion: called once on the loop: with the answer, or with nil when the time is up, the socket disconnects or too
    ///   many acknowledgements are owed.
    public func emit(
        _ event: String, _ arguments: any JSONWritable..., timeout: TimeAmount = .seconds(10),
        acknowledgement completion: @escaping (Arguments?) -> Void
    ) {
        let shard = connection.shard
        guard isConnected, acknowledgements.count < shard.configuration.maximumPendingAcknowledgements else { return completion(nil) }
        let deadline = shard.loop.now + timeout
        let id = acknowledgements.add(deadline: deadline, completion)
        if deadline < armedDeadline { armAcknowledgement(deadline) }
        send { buffer in
            SocketIOEncoder.event(event, namespace: namespace.name, id: id, into: &buffer) { writer in
                for argument in arguments { argument.write(to: &writer) }
            }
        }
    }

    /// Chooses the other members of these rooms, or sockets by their ids.
    public func to(_ rooms: String...) -> BroadcastOperator { broadcast.to(rooms) }
    public func to(_ rooms: [String]) -> BroadcastOperator { broadcast.to(rooms) }
    /// The same as ``to(_:)-(String...)``.
    public func `in`(_ rooms: String...) -> BroadcastOperator { broadcast.to(rooms) }
    /// Chooses everybody else but the members of these rooms.
    public func except(_ rooms: String...) -> BroadcastOperator { broadcast.except(rooms) }
    /// Chooses the other sockets of this server.
    public var local: BroadcastOperator { broadcast.local }

    /// Chooses everybody else in the namespace.
    public var broadcast: BroadcastOperator { BroadcastOperator(adapter: namespace.adapter, options: BroadcastOptions(except: [id])) }

    // MARK: Rooms

    /// The rooms it is in, its own id among them.
    public var rooms: Set<String> { isConnected ? Set(memberships.names + [id]) : [] }

    var description: SocketDescription { SocketDescription(id: id, handshake: handshake, rooms: rooms, data: data) }

    /// Enters a room. Ignored and logged when its name is too long, or the socket is in as many rooms as it may be.
    ///
    /// After a broadcast of the same handler it may take effect a little later, in its place behind that broadcast; the same goes for
    /// ``leave(_:)`` and ``disconnect(close:)``.
    public func join(_ room: String) {
        guard isConnected else { return }
        guard connection.shard.settleLocalMail() else { return mail { .join($0, room: room) } }
        enter(room)
    }

    public func leave(_ room: String) {
        guard isConnected else { return }
        guard connection.shard.settleLocalMail() else { return mail { .leave($0, room: room) } }
        exit(room)
    }

    /// Ends this socket: the client does not come back by itself.
    ///
    /// - Parameter close: also ends the connection below it.
    public func disconnect(close: Bool = false) {
        guard isConnected else { return }
        guard connection.shard.settleLocalMail() else {
            return mail { socket in .perform { socket.value.disconnect(close: close) } }
        }
        disconnectNow(close: close)
    }

    /// A disconnect whose turn it is.
    func disconnectNow(close: Bool) {
        if isConnected { connection.sockets.disconnect(self, close: close, on: connection) }
    }

    // MARK: Internals

    func begin() {
        namespace.adapter.add(self)
        connection.shard.counters.socketsOpened.add()
        // Before everything else that the socket gets, broadcasts under way among it.
        connection.sendMessage { SocketIOEncoder.connect(namespace: namespace.name, sid: id, pid: nil, into: &$0) }
        for handler in namespace.catchAllHandlers { onAny(handler) }
        for handler in namespace.connectionHandlers where isConnected { handler(self) }
    }

    /// Puts something for this socket behind the mail of its loop.
    private func mail(_ item: (NIOLoopBound<ServerSocket>) -> LoopMailbox.Item) {
        connection.shard.handle.enqueue(item(reference.address.socket))
    }

    /// Sends a packet that `body` writes, behind what this loop broadcast before.
    @inline(__always)
    func send(attachments: [ByteBuffer] = [], _ body: (inout ByteBuffer) -> Void) {
        guard isConnected else { return }
        guard connection.shard.settleLocalMail() else { return sendLater(EncodedPacket(attachments: attachments, body)) }
        connection.sendMessage(body)
        connection.send(attachments: attachments)
    }

    /// Answers with arguments as they were received.
    @inline(__always)
    func acknowledge(_ id: UInt64, with arguments: Arguments) {
        guard isConnected else { return }
        guard connection.shard.settleLocalMail() else { return sendLater(Acknowledgement.packet(id, namespace.name, arguments)) }
        guard arguments.attachments.isEmpty else {
            connection.sendMessage { Acknowledgement.write(id, self.namespace.name, arguments, into: &$0) }
            return connection.send(attachments: arguments.attachments)
        }
        let text = AcknowledgementText(id: id, namespace: namespace, arguments: arguments.packet.arguments)
        connection.sendMessage(byteCount: text.byteCount) { text.write(to: $0) }
    }

    /// Sends a packet in its place behind the mail of this loop.
    func sendLater(_ packet: EncodedPacket) { mail { .deliver($0, packet) } }

    /// A packet whose turn it is.
    func deliver(_ packet: EncodedPacket) {
        guard isConnected else { return }
        let isLong = packet.byteCount >= connection.shard.compressionThreshold
        connection.send(packet, isVolatile: false, compressed: isLong ? CompressedForms() : nil)
    }

    /// An event of a broadcast that the client is to acknowledge, whose turn it is.
    ///
    /// - Parameter completion: called once on the loop: with the answer, or with nil when the time is up, the socket disconnects or too
    ///   many acknowledgements are owed.
    func deliver(_ event: EventPacket, timeout: TimeAmount, acknowledgement completion: @escaping (Arguments?) -> Void) {
        let shard = connection.shard
        guard isConnected, acknowledgements.count < shard.configuration.maximumPendingAcknowledgements else { return completion(nil) }
        let deadline = shard.loop.now + timeout
        let id = acknowledgements.add(deadline: deadline, completion)
        if deadline < armedDeadline { armAcknowledgement(deadline) }
        connection.send(EncodedPacket(event, namespace: namespace.name, id: id), isVolatile: false)
    }

    /// One of a broadcast's receivers is visited.
    func receive(_ broadcast: Broadcast) {
        guard isConnected else { return }
        connection.send(broadcast.packet, isVolatile: broadcast.options.flags.isVolatile, compressed: broadcast.compressed)
    }

    func enter(_ room: String) {
        guard isConnected, room != id, !memberships.contains(room) else { return }
        let shard = connection.shard
        let configuration = shard.configuration
        guard room.utf8.count <= configuration.maximumRoomNameBytes else {
            return shard.logger.warning("a room's name is too long", metadata: ["socket": "\(id)"])
        }
        guard memberships.count < configuration.maximumRoomsPerSocket,
            memberships.byteCount + Memberships.cost(of: room) <= configuration.maximumRoomBytesPerSocket
        else { return shard.logger.warning("a socket may not join more rooms", metadata: ["socket": "\(id)"]) }
        namespace.adapter.addAll([room], to: self)
    }

    func exit(_ room: String) { namespace.adapter.del(room, from: self) }

    func receive(_ arguments: Arguments) {
        connection.shard.counters.eventsReceived.add()
        guard isHolding else { return dispatch(arguments) }
        let bytes = arguments.memoryBytes
        if take(bytes) { held.append(arguments) }
    }

    /// Counts an event that waits, or that an asynchronous handler works on beside others. False: there are too many, and the client is
    /// closed. One event may be as large as a packet can be; what comes behind it shares the limit with it.
    private func take(_ bytes: Int) -> Bool {
        let configuration = connection.shard.configuration
        guard keptEvents < configuration.maximumHeldEvents, keptEvents == 0 || keptBytes + bytes <= configuration.maximumHeldBytes else {
            connection.shard.logger.notice("closing a client whose events pile up", metadata: ["socket": "\(self.id)"])
            connection.close(.forcedClose, code: .policyViolation)
            return false
        }
        keptEvents += 1
        keptBytes += bytes
        return true
    }

    private func giveBack(_ bytes: Int) {
        keptEvents -= 1
        keptBytes -= bytes
    }

    /// After the end nothing would let go of a handler, which may hold the socket.
    func register(_ event: String, _ handler: @escaping (EventRequest) -> Void) {
        guard isConnected else { return }
        let replaced = (handlers.updateValue(EventHandler(call: handler), forKey: event), latest)
        latest = nil
        longestHandlerName = max(longestHandlerName, event.utf8.count)
        withExtendedLifetime(replaced) {}
    }

    private func dispatch(_ arguments: Arguments) {
        let request = EventRequest(socket: self, arguments: arguments)
        if let latest, arguments.packet.isNamed(latest.name) { return latest.handler.call(request) }
        for handler in catchAll { handler.call(request) }
        let name = arguments.name
        guard name.utf8.count <= longestHandlerName, let handler = handlers[name] else {
            unhandled?.call(request)
            return
        }
        if catchAll.isEmpty { latest = ShortEventName(name).map { ($0, handler) } }
        handler.call(request)
    }

    /// An asynchronous handler begins.
    func beginHolding() { isHolding = true }

    /// The asynchronous handler is done: the events behind it go on, also when the client has gone meanwhile.
    func resume() {
        isHolding = false
        while !isHolding, let arguments = held.popFirst() {
            giveBack(arguments.memoryBytes)
            dispatch(arguments)
        }
        if !isConnected, !isHolding { dropHandlers() }
    }

    func receiveAcknowledgement(_ arguments: Arguments, id: UInt64?) {
        if let id { acknowledgements.take(id)?(arguments) }
    }

    private func armAcknowledgement(_ deadline: NIODeadline) {
        armedDeadline = deadline
        connection.shard.armAcknowledgement(deadline, connection)
    }

    /// The time of the first acknowledgement that is owed has come, or of one that came in time.
    func acknowledgementsDue(now: NIODeadline) {
        armedDeadline = .distantFuture
        while let completion = acknowledgements.takeDue(now: now) { completion(nil) }
        if let next = acknowledgements.nextDeadline, next < armedDeadline { armAcknowledgement(next) }
    }

    func end(_ reason: DisconnectReason) {
        guard isConnected else { return }
        namespace.adapter.delAll(self)
        connection.shard.dropIfEmpty(members)
        isConnected = false
        address = nil
        connection.shard.counters.socketsClosed.add()
        for completion in acknowledgements.takeAll() { completion(nil) }
        let handlers = disconnectHandlers
        disconnectHandlers = []
        for handler in handlers { handler(reason) }
        if !isHolding { dropHandlers() }
    }

    /// Handlers and the data may hold the socket: they go when nothing can call the handlers any more.
    private func dropHandlers() {
        let dropped = (handlers, latest, unhandled, catchAll, data)
        handlers = [:]
        latest = nil
        unhandled = nil
        catchAll = []
        data = nil
        // They go when nothing of the socket is being changed: what they held may come back here.
        withExtendedLifetime(dropped) {}
    }
}

extension Arguments {
    /// What they keep in memory, roughly: the packet's buffers, the positions of its elements, the objects around them.
    var memoryBytes: Int {
        512 + packet.capacity + 8 * count + attachments.reduce(0) { $0 + $1.readableBytes + 64 }
    }
}
