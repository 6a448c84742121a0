import DequeModule
import EngineIOCore
import Logging
public import NIOCore
import SocketIOCore
import WebSocketCore

/// A client in a namespace. Bound to its event loop: handlers run there and may use it freely. Other threads use its ``reference``.
public final class ServerSocket {
    /// The socket's id for other clients. It is also a room with this socket alone, for `to(_:)`.
    public let id: String
    public let namespace: Namespace
    public let handshake: Handshake
    /// The application's data of this socket, set by a middleware or a handler.
    public var data: (any Sendable)?

    let connection: EngineConnection
    /// This loop's share of the namespace.
    let members: NamespaceShard
    var memberships = Memberships()
    /// The last visit of several rooms that reached this socket, so that it is reached once.
    var visitMark: UInt64 = 0

    var handlers: [String: EventHandler] = [:]
    /// Bytes of the longest name in `handlers`; a longer one is not looked up, since hashing a string normalises it, which takes quadratic
    /// time if one letter has many marks.
    var longestHandlerName = 0
    /// The handler of the last event: most clients send the same event repeatedly.
    var latest: (name: ShortEventName, handler: EventHandler)?
    /// Handlers of all events, called before the event's own.
    var catchAll: [(id: ListenerID, handler: EventHandler)] = []
    var disconnectHandlers: [(DisconnectReason) -> Void] = []
    /// State that few sockets need. Nil if none of it is needed.
    var rare: RareListeners?
    /// Nil until the client is asked for an acknowledgement.
    private var owed: OwedAcknowledgements?
    /// Nil until an event has to wait or gets a concurrent handler.
    var kept: KeptEvents?
    private var address: SocketReference.Address?
    /// The data that resumes this socket under connection state recovery.
    let recovery: SocketRecovery?
    public private(set) var isConnected = true
    /// Whether its end is being handled; it may still be in its rooms.
    private var isEnding = false
    /// Whether an asynchronous handler runs that later events wait for.
    var isHolding = false
    private var hasRefusedRoom = false

    /// - Parameter restored: the session that the client resumes.
    init(
        connection: EngineConnection, namespace: Namespace, handshake: Handshake, data: (any Sendable)?, restored: PersistedSession? = nil
    ) {
        self.connection = connection
        self.namespace = namespace
        members = connection.shard.members(of: namespace)
        self.handshake = handshake
        self.data = restored?.data ?? data
        let shard = connection.shard
        id = restored?.socketID ?? shard.makeSessionID().description
        recovery =
            shard.configuration.recovery == nil
            ? nil : SocketRecovery(privateID: restored?.privateID ?? shard.makeSessionID().description, isRecovered: restored != nil)
    }

    /// ``data`` as a type of the application. Nil if there is none, or if it has another type.
    public func data<Value: Sendable>(as type: Value.Type = Value.self) -> Value? { data as? Value }

    /// Whether the client resumed an earlier socket under connection state recovery: it has that socket's id, rooms and data, and the
    /// missed events have been sent.
    public var recovered: Bool { recovery?.isRecovered ?? false }

    public var eventLoop: any EventLoop { connection.shard.loop }

    /// This socket for use on other threads.
    public var reference: SocketReference {
        if let address { return SocketReference(address: address) }
        let address = SocketReference.Address(
            id: id, namespace: namespace, handle: connection.shard.handle, socket: NIOLoopBound(self, eventLoop: connection.shard.loop))
        // It refers to the socket, so it is kept only until the socket ends.
        if isConnected { self.address = address }
        return SocketReference(address: address)
    }

    // MARK: Rooms

    /// The rooms it is in, its own id among them.
    public var rooms: Set<String> { isConnected ? Set(memberships.names + [id]) : [] }

    var description: SocketDescription { SocketDescription(id: id, handshake: handshake, rooms: rooms, data: data) }

    /// Enters a room. This is ignored if its name is too long, or if the socket is in the maximum number of rooms. The first
    /// refusal of a socket is logged as a warning, later ones for debugging.
    ///
    /// After a broadcast of the same handler it may take effect a little later, behind that broadcast. The same applies to ``leave(_:)``
    /// and ``disconnect(close:)``.
    public func join(_ room: String) {
        guard isConnected else { return }
        guard connection.shard.settleLocalMail() else { return mail { .join($0, room: room) } }
        enter(room)
    }

    /// Enters rooms, each as ``join(_:)-(String)`` does.
    public func join(_ rooms: [String]) { for room in rooms { join(room) } }

    public func leave(_ room: String) {
        guard isConnected else { return }
        guard connection.shard.settleLocalMail() else { return mail { .leave($0, room: room) } }
        exit(room)
    }

    /// Ends this socket. The client does not reconnect by itself.
    ///
    /// - Parameter close: also ends the connection below it.
    public func disconnect(close: Bool = false) {
        guard isConnected else { return }
        guard connection.shard.settleLocalMail() else {
            return mail { socket in .perform { socket.value.disconnect(close: close) } }
        }
        disconnectNow(close: close)
    }

    /// Carries out a disconnect.
    func disconnectNow(close: Bool) {
        if isConnected { connection.sockets.disconnect(self, close: close, on: connection) }
    }

    // MARK: Internals

    /// - Parameter missed: the events of the resumed session that the client did not get.
    func begin(restored: RestoredSession? = nil) {
        namespace.adapter.add(self)
        connection.shard.counters.socketsOpened.add()
        if let restored { resume(restored) }
        // Before everything else, including broadcasts under way.
        connection.sendMessage { SocketIOEncoder.connect(namespace: namespace.name, sid: id, pid: recovery?.privateID, into: &$0) }
        for handler in namespace.catchAllHandlers { onAny(handler) }
        for handler in namespace.connectionHandlers where isConnected { handler(self) }
        members.began(handlers: handlers.count)
    }

    /// Enters the rooms of an earlier socket and sends the missed events. They were within the limits then, so they are now.
    private func resume(_ restored: RestoredSession) {
        let rooms = restored.session.rooms.filter { $0 != id }
        if !rooms.isEmpty { namespace.adapter.addAll(Array(rooms), to: self) }
        for packet in restored.missed {
            let encoded = EncodedPacket(packet, namespace: namespace.name)
            connection.send(encoded, isVolatile: false)
        }
    }

    /// Puts an item for this socket behind the mail of its loop.
    private func mail(_ item: (NIOLoopBound<ServerSocket>) -> LoopMailbox.Item) {
        connection.shard.handle.enqueue(item(reference.address.socket))
    }

    /// Sends a packet that `body` writes, behind this loop's earlier broadcasts.
    ///
    /// - Parameter body: returns the attachments of the packet.
    @inline(__always)
    func send(_ body: (inout ByteBuffer) -> [ByteBuffer]) {
        guard isConnected else { return }
        guard connection.shard.settleLocalMail() else { return sendLater(EncodedPacket(body)) }
        var attachments: [ByteBuffer] = []
        connection.sendMessage { attachments = body(&$0) }
        connection.send(attachments: attachments)
    }

    /// Sends an encoded event, behind this loop's earlier broadcasts.
    func send(_ packet: EncodedPacket, isVolatile: Bool = false) {
        guard isConnected else { return }
        // A volatile event does not wait for mail.
        guard connection.shard.settleLocalMail() || isVolatile else { return sendLater(packet) }
        connection.send(packet, isVolatile: isVolatile, compressed: packet.forms(from: connection.shard.compressionThreshold))
        tellOutgoing(packet)
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
        arguments.packet.withArguments { written in
            let text = AcknowledgementText(id: id, namespace: namespace, arguments: written)
            connection.sendMessage(byteCount: text.byteCount) { text.write(to: $0) }
        }
    }

    /// Sends a packet in its place behind the mail of this loop.
    func sendLater(_ packet: EncodedPacket) { mail { .deliver($0, packet) } }

    /// Sends a packet.
    func deliver(_ packet: EncodedPacket) {
        guard isConnected else { return }
        connection.send(packet, isVolatile: false, compressed: packet.forms(from: connection.shard.compressionThreshold))
        tellOutgoing(packet)
    }

    /// Sends an event of a broadcast that asks for an acknowledgement.
    ///
    /// - Parameter completion: called once on the loop, with the answer, or with nil if the time is up, the socket disconnects or too many
    ///   acknowledgements are pending.
    func deliver(
        _ packet: EncodedPacket, asking id: UInt64, timeout: TimeAmount, acknowledgement completion: @escaping (Arguments?) -> Void
    ) {
        guard isConnected, mayAsk else { return completion(nil) }
        ask(id, until: connection.shard.loop.now + timeout, completion)
        deliver(packet)
    }

    /// Queues a broadcast for this receiver.
    func receive(_ broadcast: Broadcast) {
        guard isConnected else { return }
        connection.send(broadcast.packet, isVolatile: broadcast.options.flags.isVolatile, compressed: broadcast.compressed)
        if rare != nil { tellOutgoing(broadcast.packet) }
    }

    func enter(_ room: String) {
        guard isConnected, !room.utf8.elementsEqual(id.utf8) else { return }
        let configuration = connection.shard.configuration
        // Before it is compared with others: that normalises both, in quadratic time if one letter has many marks.
        guard room.utf8.count <= configuration.maximumRoomNameBytes else { return refuseRoom("a room's name is too long") }
        guard !memberships.contains(room) else { return }
        guard memberships.count < configuration.maximumRoomsPerSocket,
            memberships.byteCount + Memberships.cost(of: room) <= configuration.maximumRoomBytesPerSocket
        else { return refuseRoom("a socket may not join more rooms") }
        namespace.adapter.addAll([room], to: self)
    }

    /// Warns of the first refused room of this socket. A client that causes many fills no log with them.
    private func refuseRoom(_ reason: Logger.Message) {
        connection.shard.logger.log(level: hasRefusedRoom ? .debug : .warning, reason, metadata: ["socket": "\(id)"])
        hasRefusedRoom = true
    }

    func exit(_ room: String) {
        guard room.utf8.count <= connection.shard.configuration.maximumRoomNameBytes else { return }
        namespace.adapter.del(room, from: self)
    }

    func receiveAcknowledgement(_ arguments: Arguments, id: UInt64?) {
        if let id { owed?.pending.take(id)?(arguments) }
    }

    /// Whether another acknowledgement may be pending.
    var mayAsk: Bool { owedAcknowledgements < connection.shard.configuration.maximumPendingAcknowledgements }

    /// The acknowledgements that this client owes.
    var owedAcknowledgements: Int { owed?.pending.count ?? 0 }

    /// Registers a pending acknowledgement.
    func ask(_ id: UInt64, until deadline: NIODeadline, _ completion: @escaping (Arguments?) -> Void) {
        let owed = owed ?? OwedAcknowledgements()
        self.owed = owed
        owed.pending.add(id, deadline: deadline, completion)
        if deadline < owed.armedDeadline { arm(owed, deadline) }
    }

    private func arm(_ owed: OwedAcknowledgements, _ deadline: NIODeadline) {
        owed.armedDeadline = deadline
        connection.shard.armAcknowledgement(deadline, connection)
    }

    /// The earliest deadline has come. Its acknowledgement may have come in time.
    func acknowledgementsDue(now: NIODeadline) {
        guard let owed else { return }
        owed.armedDeadline = .distantFuture
        while let completion = owed.pending.takeDue(now: now) { completion(nil) }
        if let next = owed.pending.nextDeadline, next < owed.armedDeadline { arm(owed, next) }
    }

    func end(_ reason: DisconnectReason) {
        guard isConnected, !isEnding else { return }
        isEnding = true
        for handler in rare?.disconnecting ?? [] { handler(reason) }
        if let recovery, reason.isRecoverable { persist(recovery) }
        namespace.adapter.delAll(self)
        connection.shard.dropIfEmpty(members)
        isConnected = false
        address = nil
        connection.shard.counters.socketsClosed.add()
        for completion in owed?.pending.takeAll() ?? [] { completion(nil) }
        let handlers = disconnectHandlers
        disconnectHandlers = []
        for handler in handlers { handler(reason) }
        if !isHolding { dropHandlers() }
        if namespace.parent != nil { connection.shard.io?.left(namespace) }
    }

    private func persist(_ recovery: SocketRecovery) {
        namespace.adapter.persistSession(PersistedSession(socketID: id, privateID: recovery.privateID, rooms: rooms, data: data))
    }

    /// Handlers and data may refer to the socket. They are released when no handler can be called any more.
    func dropHandlers() {
        let dropped = (handlers, latest, catchAll, data, rare)
        handlers = [:]
        latest = nil
        catchAll = []
        data = nil
        rare = nil
        // Released when no property of the socket is being changed: their deinitialisation may call back.
        withExtendedLifetime(dropped) {}
    }
}
