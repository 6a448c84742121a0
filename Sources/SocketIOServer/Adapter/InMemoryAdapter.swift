import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
public import SocketIOCore

/// Serves the sockets of this server: a broadcast is encoded once and put into the mailbox of each event loop, which writes it to its own
/// members. It is the adapter of a single server, and every other adapter wraps one.
public final class InMemoryAdapter: Adapter {
    /// The namespace's name.
    public let namespace: String
    public var local: InMemoryAdapter { self }
    let index: NamespaceIndex
    private let loops: Loops
    private let directory: RoomDirectory
    /// If nil, clients that come back begin anew.
    private let recovery: NIOLockedValueBox<RecoveryLog>?
    /// The sessions and events kept for clients that come back. Nil if nothing is kept.
    package let recoveryLimits: RecoveryLimits?
    private let now: @Sendable () -> Duration
    private let serverSideHandlers: ServerSideHandlers
    private let acknowledgementIDs: AcknowledgementIDs

    /// - Parameters:
    ///   - recovery: if nil, nothing is kept for clients that come back.
    ///   - now: reads a monotonic clock.
    init(
        namespace: String, index: NamespaceIndex, loops: Loops, serverSideHandlers: ServerSideHandlers,
        acknowledgementIDs: AcknowledgementIDs, recovery: RecoveryLimits?, now: @escaping @Sendable () -> Duration
    ) {
        self.acknowledgementIDs = acknowledgementIDs
        self.recovery = recovery.map { NIOLockedValueBox(RecoveryLog(limits: $0)) }
        recoveryLimits = recovery
        self.now = now
        self.serverSideHandlers = serverSideHandlers
        self.namespace = namespace
        self.index = index
        self.loops = loops
        directory = RoomDirectory(backlog: loops.backlog, maximumEvents: loops.maximumWaitingItems)
    }

    // MARK: Rooms

    public func add(_ socket: ServerSocket) { socket.members.sockets[RoomName(socket.id)] = socket }

    public func addAll(_ rooms: [String], to socket: ServerSocket) {
        for room in rooms where !socket.memberships.contains(room) {
            let isFirst = socket.members.join(socket, room: room)
            directory.joined(room, socket.id, isFirstOfLoop: isFirst, on: socket.eventLoop)
        }
    }

    public func del(_ room: String, from socket: ServerSocket) {
        guard let place = socket.memberships.remove(room) else { return }
        leave(place, socket)
    }

    public func delAll(_ socket: ServerSocket) {
        while let place = socket.memberships.popLast() { leave(place, socket) }
        socket.members.sockets[RoomName(socket.id)] = nil
    }

    private func leave(_ place: (room: RoomShard, index: Int), _ socket: ServerSocket) {
        let room = place.room.name
        let isLast = socket.members.leave(place)
        directory.left(room, socket.id, isLastOfLoop: isLast, on: socket.eventLoop)
    }

    /// Whether a socket of this server is in the room.
    public func hasRoom(_ room: String) -> Bool { room.utf8.count <= maximumNameBytes && directory.contains(room) }

    /// Reports every change of this server's rooms, in order and after the change, on some event loop. A room whose members live on several
    /// loops is created once and deleted once.
    public func onRoomEvent(_ handler: @escaping @Sendable (RoomEvent) -> Void) { directory.observe(handler) }

    // MARK: Addressed sockets

    /// Bytes of the longest name that a room or a socket has. A longer one addresses nobody, and is not looked up.
    var maximumNameBytes: Int { loops.maximumNameBytes }

    public func broadcast(_ packet: consuming EventPacket, to options: BroadcastOptions) {
        guard let options = options.withoutNames(longerThan: maximumNameBytes) else { return }
        guard let recovery, !options.flags.isVolatile else { return deliver(packet, to: options) }
        let event = packet
        let now = now()
        // Events must be numbered in the order in which they are sent, since an offset stands for all events before it.
        loops.enqueue {
            let numbered = recovery.withLockedValue { $0.append(event, to: options, now: now) }
            let encoded = EncodedPacket(numbered, namespace: namespace)
            return .broadcast(makeBroadcast(encoded, options))
        }
    }

    /// Sends an event as it is. For an adapter that numbers events itself, with the offset behind the arguments.
    public func deliver(_ packet: consuming EventPacket, to options: BroadcastOptions) {
        guard let options = options.withoutNames(longerThan: maximumNameBytes) else { return }
        let encoded = EncodedPacket(packet, namespace: namespace)
        loops.enqueue(.broadcast(makeBroadcast(encoded, options)))
    }

    public func broadcastWithAck(
        _ packet: EventPacket, to options: BroadcastOptions, clientCount: @escaping @Sendable (Int) -> Void,
        acknowledgement: @escaping @Sendable (BroadcastAnswer) -> Void
    ) {
        guard let options = options.withoutNames(longerThan: maximumNameBytes) else { return clientCount(0) }
        let index = index
        let id = acknowledgementIDs.next()
        let encoded = EncodedPacket(packet, namespace: namespace, id: id)
        let timeout = TimeAmount(options.flags.timeout ?? InMemoryAdapter.acknowledgementTimeout)
        loops.ask(byteCount: encoded.byteCount + options.byteCount) { shard in
            let sockets = shard.namespace(index)?.chosen(options) ?? []
            for socket in sockets {
                socket.deliver(encoded, asking: id, timeout: timeout) { answer in
                    guard let answer else { return }
                    acknowledgement(BroadcastAnswer(value: answer.first, attachments: answer.attachments))
                }
            }
            return sockets.count
        } then: { counts in
            clientCount(counts.reduce(0, +))
        }
    }

    /// How long clients may take to answer a broadcast without its own time-out.
    static let acknowledgementTimeout: Duration = .seconds(5)

    private func makeBroadcast(_ packet: EncodedPacket, _ options: BroadcastOptions) -> Broadcast {
        Broadcast(packet: packet, namespace: index, options: options, compressionThreshold: loops.compressionThreshold)
    }

    /// A loop for the timers of broadcasts.
    var timerLoop: any EventLoop { loops.all.first?.loop ?? MultiThreadedEventLoopGroup.singleton.any() }

    public func addSockets(_ options: BroadcastOptions, to rooms: [String]) { change(options, .join(rooms)) }
    public func delSockets(_ options: BroadcastOptions, from rooms: [String]) { change(options, .leave(rooms)) }
    public func disconnectSockets(_ options: BroadcastOptions, close: Bool) { change(options, .disconnect(close: close)) }

    private func change(_ options: BroadcastOptions, _ action: SocketChange.Action) {
        guard let options = options.withoutNames(longerThan: maximumNameBytes) else { return }
        loops.enqueue(.change(SocketChange(namespace: index, options: options, action: action)))
    }

    /// Calls back, on some event loop, once all earlier calls have been carried out on all loops.
    public func afterMail(_ body: @escaping @Sendable () -> Void) {
        loops.ask({ _ in }, then: { _ in body() })
    }

    public func fetchSockets(_ options: BroadcastOptions) async throws -> [SocketDescription] {
        guard let options = options.withoutNames(longerThan: maximumNameBytes) else { return [] }
        let index = index
        return await loops.collect { shard in (shard.namespace(index)?.chosen(options) ?? []).map(\.description) }.flatMap(\.self)
    }

    public func sockets(in rooms: [String]) async throws -> Set<String> {
        guard let options = BroadcastOptions(rooms: rooms).withoutNames(longerThan: maximumNameBytes) else { return [] }
        let index = index
        let ids = await loops.collect { shard in (shard.namespace(index)?.chosen(options) ?? []).map(\.id) }
        return Set(ids.joined())
    }

    // MARK: Servers

    /// There are no other servers.
    public func serverSideEmit(_ packet: EventPacket) {}
    public func serverSideEmitWithAck(_ packet: EventPacket, timeout: Duration) async throws -> [JSONSlice] { [] }
    public func serverCount() async throws -> Int { 1 }

    // MARK: Recovery

    public func persistSession(_ session: PersistedSession) {
        let now = now()
        recovery?.withLockedValue { $0.persist(session, now: now) }
    }

    public func restoreSession(_ privateID: String, offset: String) async throws -> RestoredSession? {
        let now = now()
        return recovery?.withLockedValue { $0.restore(privateID, offset: offset, now: now) }
    }

    /// Restores a session on a loop, in its place among the broadcasts: earlier ones are among the missed events, and later ones reach the
    /// socket that resumes the session.
    package func restoreSession(
        _ privateID: String, offset: String, at place: SessionPlace, _ body: @escaping @Sendable (RestoredSession?) -> Void
    ) {
        let now = now()
        loops.enqueue(on: place.handle) {
            let restored = recovery?.withLockedValue { $0.restore(privateID, offset: offset, now: now) }
            return .perform { body(restored) }
        }
    }

    func place(on handle: ShardHandle) -> SessionPlace { SessionPlace(loops: loops, handle: handle) }

    // MARK: The application

    /// Passes another server's event to the application. For adapters that receive such events.
    ///
    /// - Parameter acknowledge: sends the answer; nil if the other server wants none. Called as often as the application answers.
    public func receiveServerSideEmit(_ packet: EventPacket, acknowledge: (@Sendable ([any JSONWritable]) -> Void)? = nil) {
        serverSideHandlers.receive(ServerSideEvent(packet, acknowledge: acknowledge))
    }

    public func close() { directory.end() }
}

/// A change of the sockets that options name, in its place among the broadcasts.
struct SocketChange: Sendable {
    enum Action: Sendable {
        case join([String])
        case leave([String])
        case disconnect(close: Bool)
    }

    let namespace: NamespaceIndex
    let options: BroadcastOptions
    let action: Action

    /// Whether the change runs no handlers of the application.
    var isDelivery: Bool {
        if case .disconnect = action { false } else { true }
    }

    /// Its approximate memory in bytes.
    var byteCount: Int {
        let names: Int =
            switch action {
            case .join(let rooms), .leave(let rooms): rooms.reduce(0) { $0 + 64 + $1.utf8.count }
            case .disconnect: 0
            }
        return 256 + options.byteCount + names
    }

    func carryOut(on members: NamespaceShard) {
        // All sockets are chosen before the first is changed: a change may affect which others match.
        for socket in members.chosen(options) {
            switch action {
            case .join(let rooms): for room in rooms { socket.enter(room) }
            case .leave(let rooms): for room in rooms { socket.exit(room) }
            case .disconnect(let close): socket.disconnectNow(close: close)
            }
        }
    }
}
