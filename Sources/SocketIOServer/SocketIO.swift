import EngineIOCore
public import Logging
import NIOConcurrencyHelpers
import NIOCore
import SocketIOCore
import WebSocketCore

/// A Socket.IO server, without the port that it listens on. Handlers are registered before it serves. `SocketIOHummingbird` puts it on a
/// Hummingbird server's port.
///
/// Call ``shutdown()`` when it has served: until then the server, its handlers and their captures stay in memory.
public final class SocketIO: Sendable {
    private struct State {
        var namespaces = NamespaceTable()
        /// In the order in which they are asked.
        var parents: [ParentNamespace] = []
        var lastIndex = SocketIO.mainIndex
        var isShuttingDown = false
        var channels = 0
        var sessions = 0
        /// Sessions that poll, by the ``AddressBlock`` that opened them.
        var pollingByAddress: [String: Int] = [:]
    }

    public let configuration: SocketIOConfiguration
    public let logger: Logger
    let endpoint: EngineEndpoint
    private let state = NIOLockedValueBox(State())
    private let loops: Loops
    let main: Namespace
    private let backlog = Backlog()
    private let work = PendingWork()
    /// The memory of sessions' large handshakes.
    let handshakes: MemoryBudget
    /// The memory of request bodies that are being read or answered.
    let bodies: MemoryBudget
    /// The memory of compression contexts that outlive a message.
    let deflateContexts: MemoryBudget

    static let mainIndex: NamespaceIndex = 0

    /// The handlers of a bare Engine.IO server. Nil for a Socket.IO server.
    let engineHandlers: EngineHandlers?

    public convenience init(configuration: SocketIOConfiguration = .init(), logger: Logger = Logger(label: "socket.io")) {
        self.init(configuration: configuration, logger: logger, engineHandlers: nil)
    }

    init(configuration: SocketIOConfiguration, logger: Logger, engineHandlers: EngineHandlers?) {
        self.engineHandlers = engineHandlers
        self.configuration = configuration
        self.logger = logger
        endpoint = EngineEndpoint(configuration: configuration)
        handshakes = MemoryBudget(
            maximum: configuration.maximumHandshakeBytes, perAddress: configuration.maximumHandshakeBytesPerAddress)
        bodies = MemoryBudget(maximum: configuration.maximumBodyBytes, perAddress: configuration.maximumBodyBytesPerAddress)
        deflateContexts = MemoryBudget(
            maximum: configuration.maximumDeflateContextBytes, perAddress: configuration.maximumDeflateContextBytesPerAddress)
        loops = Loops(
            backlog: backlog, maximumWaitingItems: configuration.maximumMailboxItems,
            // Ids of sockets are addressed as rooms are, and have 20 bytes here.
            maximumNameBytes: max(configuration.maximumRoomNameBytes, 64),
            compressionThreshold: configuration.perMessageDeflate?.threshold ?? .max)
        main = SocketIO.makeNamespace(Namespace.mainName, SocketIO.mainIndex, configuration, loops)
    }

    // MARK: Making namespaces

    func namespace(named name: String) -> Namespace? {
        name == Namespace.mainName ? main : state.withLockedValue { $0.namespaces[name] }
    }

    /// The result of looking up a namespace for a client that joins.
    enum Entry {
        /// Call ``left(_:)`` when it has left, or is refused.
        case namespace(Namespace)
        case unknown
        /// There is no room for another namespace.
        case full
    }

    /// The namespace that a client joins, made for it if a parent says so.
    func enter(_ name: String, _ auth: JSONSlice?) -> Entry {
        if name == Namespace.mainName { return .namespace(main) }
        let (known, parents, isFull) = state.withLockedValue { state -> (Namespace?, [ParentNamespace], Bool) in
            guard let known = state.namespaces[name] else {
                return (nil, state.parents, state.namespaces.isFull(at: configuration.maximumMadeNamespaces))
            }
            state.namespaces.enter(known)
            return (known, [], false)
        }
        if let known { return .namespace(known) }
        guard let parent = parents.first(where: { $0.matches(name, auth) }) else { return .unknown }
        // Making one only to drop it would cost an adapter.
        if isFull { return .full }
        return enter(makeNamespace(name, parent: parent), madeBy: parent)
    }

    /// The first client enters a namespace that was made for it, unless there is one of its name by now.
    private func enter(_ made: Namespace, madeBy parent: ParentNamespace) -> Entry {
        var dropped: Namespace?
        let entry = state.withLockedValue { state -> Entry in
            if let known = state.namespaces[made.name] {
                dropped = made
                state.namespaces.enter(known)
                return .namespace(known)
            }
            guard !state.isShuttingDown, !state.namespaces.isTaken(made.name) else {
                dropped = made
                return .unknown
            }
            guard !state.namespaces.isFull(at: configuration.maximumMadeNamespaces) else {
                dropped = made
                return .full
            }
            dropped = state.namespaces.makeRoom(maximum: configuration.maximumMadeNamespaces)
            state.namespaces.add(made)
            state.namespaces.enter(made)
            parent.add(made)
            return .namespace(made)
        }
        if let dropped { drop(dropped) }
        return entry
    }

    /// A client has left a namespace, or was refused.
    func left(_ namespace: Namespace) {
        guard namespace.parent != nil else { return }
        let isDropped = state.withLockedValue { state in
            guard state.namespaces.leave(namespace), configuration.cleanupEmptyChildNamespaces else { return false }
            state.namespaces.remove(namespace)
            return true
        }
        if isDropped { drop(namespace) }
    }

    private func drop(_ namespace: Namespace) {
        namespace.parent?.remove(namespace)
        namespace.end()
    }

    @Sendable private static func uptime() -> Duration {
        .nanoseconds(Int64(clamping: NIODeadline.now().uptimeNanoseconds))
    }

    func makeNamespace(_ name: String, parent: ParentNamespace? = nil) -> Namespace {
        let index = state.withLockedValue { state in
            state.lastIndex += 1
            return state.lastIndex
        }
        // Outside the lock: the application's code makes the adapter.
        return SocketIO.makeNamespace(name, index, configuration, loops, parent: parent)
    }

    /// Adds a namespace. Returns the existing one if the name is taken, and nil if the server ends.
    func keep(_ made: Namespace) -> Namespace? {
        state.withLockedValue { state in
            if let known = state.namespaces.byName[made.name] { return known }
            if !state.isShuttingDown { state.namespaces.add(made) }
            return state.isShuttingDown ? nil : made
        }
    }

    /// Returns false if the server ends.
    func keep(_ parent: ParentNamespace) -> Bool {
        state.withLockedValue { state in
            if !state.isShuttingDown { state.parents.append(parent) }
            return !state.isShuttingDown
        }
    }

    private static func makeNamespace(
        _ name: String, _ index: NamespaceIndex, _ configuration: SocketIOConfiguration, _ loops: Loops, parent: ParentNamespace? = nil
    ) -> Namespace {
        let handlers = ServerSideHandlers()
        let ids = AcknowledgementIDs()
        let local = InMemoryAdapter(
            namespace: name, index: index, loops: loops, serverSideHandlers: handlers, acknowledgementIDs: ids,
            recovery: configuration.recovery, now: SocketIO.uptime)
        return Namespace(
            name, index: index, adapter: configuration.adapter(local), serverSideHandlers: handlers, acknowledgementIDs: ids,
            parent: parent,
            recovers: configuration.recovery != nil)
    }

    // MARK: Loops

    /// This loop's share, made on its first connection. Call on `loop`.
    func shard(for loop: any EventLoop) -> ShardHandle {
        loop.preconditionInEventLoop()
        return loops.handle(for: loop) { index, hasEnded in
            let mailbox = LoopMailbox(
                loop: loop, maximumItems: configuration.maximumMailboxItems, maximumBytes: configuration.maximumMailboxBytes,
                backlog: backlog)
            let counters = ShardCounters()
            let sender: @Sendable () -> MailShare? = { [weak loops] in loops?.mailSender }
            let shard = LoopShard(
                index: index, loop: loop, mailbox: mailbox, counters: counters, backlog: backlog, configuration: configuration,
                logger: logger, io: hasEnded ? nil : self, sender: sender)
            return shard.handle
        }
    }

    /// The share that holds a session, by its id.
    func shard(at index: Int) -> ShardHandle? { loops[index] }

    // MARK: Counting

    /// Counts since the start, from all loops.
    public var statistics: SocketIOStatistics {
        var sum = SocketIOStatistics()
        for shard in loops.all { sum.add(shard.counters) }
        return sum
    }

    /// Takes a place for a TCP connection. Returns false if there is none, or if the server is shutting down.
    func openChannel() -> Bool {
        state.withLockedValue { state in
            guard state.channels < configuration.maximumConnections, !state.isShuttingDown else { return false }
            state.channels += 1
            return true
        }
    }

    func openSession(for handshake: Handshake, polls: Bool) -> Bool {
        openSession(from: handshake.address, polls: polls, handshakeBytes: handshake.countedBytes(auth: 0, configuration))
    }

    /// Takes a place for a session. Returns false if there is none, if this address has its maximum of polling sessions or large
    /// handshakes, or if the server is shutting down.
    ///
    /// - Parameter handshakeBytes: the bytes to count in ``handshakes``.
    func openSession(from address: String, polls: Bool, handshakeBytes: Int) -> Bool {
        guard handshakes.keep(handshakeBytes, insteadOf: 0, from: address) else { return false }
        let block = AddressBlock.of(address)
        let isOpen = state.withLockedValue { state in
            guard state.sessions < configuration.maximumSessions, !state.isShuttingDown else { return false }
            let polling = state.pollingByAddress[block, default: 0]
            guard !polls || polling < configuration.maximumPollingSessionsPerAddress else { return false }
            if polls { state.pollingByAddress[block] = polling + 1 }
            state.sessions += 1
            return true
        }
        if !isOpen { _ = handshakes.keep(0, insteadOf: handshakeBytes, from: address) }
        return isOpen
    }

    /// A session of this address ends, or has a WebSocket now.
    func stopsPolling(from address: String) {
        let block = AddressBlock.of(address)
        state.withLockedValue { state in
            guard let count = state.pollingByAddress[block] else { return }
            state.pollingByAddress[block] = count > 1 ? count - 1 : nil
        }
    }

    func closeSession() { state.withLockedValue { $0.sessions -= 1 } }

    func closeChannel() { state.withLockedValue { $0.channels -= 1 } }

    /// The places that are taken, for tests. After all clients have gone it must be zero.
    var placesInUse: (channels: Int, sessions: Int, polling: Int) {
        state.withLockedValue { ($0.channels, $0.sessions, $0.pollingByAddress.values.reduce(0, +)) }
    }

    /// Runs work that a shutdown waits for. Its sends count as this client's mail, also through actors and tasks that it awaits.
    func track(for client: EngineConnection, _ body: @escaping @Sendable () async -> Void) {
        let sender = client.shareOfMail()
        work.run { await MailShare.$ofTask.withValue(sender) { await body() } }
    }

    /// Runs work that a shutdown waits for and that belongs to no client yet.
    func track(_ body: @escaping @Sendable () async -> Void) { work.run(body) }

    /// What is in use at this moment, for the test kit.
    package func occupancy() async -> ServerOccupancy {
        let owed = await loops.collect { shard in shard.connections.all.reduce(0) { $0 + $1.sockets.owedAcknowledgements } }
        return ServerOccupancy(connections: placesInUse.channels, acknowledgements: owed.reduce(0, +), handlers: work.count)
    }

    // MARK: Shutting down

    public var isShuttingDown: Bool { state.withLockedValue { $0.isShuttingDown } }

    /// Closes all sessions (1012), evenly spread over a time, so that their clients do not come to the other servers all at once. No new session
    /// and no new connection is taken from the beginning on; a session is served until its turn comes. ``shutdown()`` is to follow.
    public func closeSessions(over time: Duration) async {
        state.withLockedValue { $0.isShuttingDown = true }
        let steps = max(1, Int(time / SocketIO.closingInterval))
        for remaining in stride(from: steps, through: 1, by: -1) {
            let open = await loops.collect { $0.closeSessions(oneIn: remaining) }.reduce(0, +)
            guard open > 0 else { return }
            try? await Task.sleep(for: SocketIO.closingInterval)
        }
    }

    private static let closingInterval: Duration = .milliseconds(10)

    /// Closes every session (1012, so that clients come back to the next server), waits for the handlers that run, and lets go of all that
    /// were registered. Takes at most `handlerGracePeriod` and `handlerCancellationTimeout` together: handlers that still run after the
    /// first are cancelled, and after the second it stops waiting for them.
    public func shutdown() async {
        let (namespaces, parents) = state.withLockedValue { state in
            state.isShuttingDown = true
            return ([main] + state.namespaces.all, state.parents)
        }
        let shards = loops.end()
        for namespace in namespaces { namespace.end() }
        for parent in parents { parent.end() }
        engineHandlers?.end()
        guard let loop = shards.first?.loop else { return }
        for handle in shards {
            let closing = work.begin()
            handle.run { [work] shard in
                shard.end()
                work.end(closing)
            }
        }
        if await work.wait(atMost: TimeAmount(configuration.handlerGracePeriod), on: loop) { return }
        work.cancelAll()
        if await work.wait(atMost: TimeAmount(configuration.handlerCancellationTimeout), on: loop) { return }
        logger.warning("handlers have not ended with the server", metadata: ["handlers": "\(work.count)"])
    }
}
