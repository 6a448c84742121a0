import EngineIOCore
public import Logging
import NIOConcurrencyHelpers
import NIOCore
public import SocketIOCore
import WebSocketCore

/// A Socket.IO server, apart from the port it listens on. Handlers are registered before it serves; `SocketIOHummingbird` puts it on a
/// Hummingbird server's port.
///
/// A server that has served must be told to ``shutdown()``: until then it, its handlers and whatever they hold stay in memory.
public final class SocketIO: Sendable {
    private struct State {
        /// By name, without "/".
        var namespaces: [String: Namespace] = [:]
        var lastIndex = SocketIO.mainIndex
        var isShuttingDown = false
        var channels = 0
        var sessions = 0
        /// Sessions that poll, by the address that opened them.
        var pollingByAddress: [String: Int] = [:]
    }

    public let configuration: SocketIOConfiguration
    public let logger: Logger
    let endpoint: EngineEndpoint
    private let state = NIOLockedValueBox(State())
    private let loops: Loops
    private let main: Namespace
    private let backlog = Backlog()
    private let work = PendingWork()
    /// Large handshakes of sessions.
    let handshakes: MemoryBudget
    /// Bodies of requests that are being read or answered.
    let bodies: MemoryBudget
    /// Contexts of compression that outlive a message.
    let deflateContexts: MemoryBudget

    static let mainIndex: NamespaceIndex = 0

    public init(configuration: SocketIOConfiguration = .init(), logger: Logger = Logger(label: "socket.io")) {
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
            compressionThreshold: configuration.perMessageDeflate?.threshold ?? .max)
        main = SocketIO.makeNamespace(Namespace.mainName, SocketIO.mainIndex, configuration, loops)
    }

    // MARK: Namespaces

    /// The namespace of that name, with or without the slash before it; made when it is first asked for. Clients may join the namespaces that
    /// were asked for, and no others.
    public func of(_ name: String) -> Namespace {
        let name = name.hasPrefix("/") ? name : "/" + name
        if let known = namespace(named: name) { return known }
        let index = state.withLockedValue { state in
            state.lastIndex += 1
            return state.lastIndex
        }
        // Outside the lock: making an adapter is the application's own code.
        let made = SocketIO.makeNamespace(name, index, configuration, loops)
        let kept = state.withLockedValue { state -> Namespace? in
            if let known = state.namespaces[name] { return known }
            if !state.isShuttingDown { state.namespaces[name] = made }
            return state.isShuttingDown ? nil : made
        }
        if kept !== made { made.end() }
        return kept ?? made
    }

    /// nil: there is none of exactly that name.
    func namespace(named name: String) -> Namespace? {
        if name == Namespace.mainName { return main }
        // Texts are equal that look alike; clients know a namespace by its bytes.
        return state.withLockedValue { $0.namespaces[name] }.flatMap { $0.name.utf8.elementsEqual(name.utf8) ? $0 : nil }
    }

    @Sendable private static func uptime() -> Duration {
        .nanoseconds(Int64(clamping: NIODeadline.now().uptimeNanoseconds))
    }

    private static func makeNamespace(
        _ name: String, _ index: NamespaceIndex, _ configuration: SocketIOConfiguration, _ loops: Loops
    ) -> Namespace {
        let handlers = ServerSideHandlers()
        let local = InMemoryAdapter(
            namespace: name, index: index, loops: loops, serverSideHandlers: handlers, recovery: configuration.recovery,
            now: SocketIO.uptime)
        return Namespace(name, index: index, adapter: configuration.adapter(local), serverSideHandlers: handlers)
    }

    // MARK: The namespace "/"

    /// See ``Namespace/onConnection(_:)``.
    public func onConnection(_ handler: @escaping @Sendable (ServerSocket) -> Void) { main.onConnection(handler) }
    /// See ``Namespace/use(_:)``.
    public func use(_ middleware: @escaping Namespace.Middleware) { main.use(middleware) }
    public func use(_ middleware: @escaping @Sendable (inout ConnectRequest) throws -> Void) { main.use(middleware) }
    public func to(_ rooms: String...) -> BroadcastOperator { main.to(rooms) }
    public func to(_ rooms: [String]) -> BroadcastOperator { main.to(rooms) }
    public func `in`(_ rooms: String...) -> BroadcastOperator { main.to(rooms) }
    public func except(_ rooms: String...) -> BroadcastOperator { main.except(rooms) }
    public var local: BroadcastOperator { main.local }
    public var volatile: BroadcastOperator { main.volatile }
    /// Sends to everybody in the namespace "/".
    public func emit(_ event: String, _ arguments: any JSONWritable...) { main.everybody.send(EventPacket(event, arguments)) }
    public func fetchSockets() async throws -> [RemoteSocket] { try await main.fetchSockets() }
    public func socketsJoin(_ rooms: String...) { main.everybody.socketsJoin(rooms) }
    public func socketsLeave(_ rooms: String...) { main.everybody.socketsLeave(rooms) }
    public func disconnectSockets(close: Bool = false) { main.disconnectSockets(close: close) }

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

    /// Takes one of the places for TCP connections. False: there is none, or the server is shutting down.
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

    /// Takes one of the places for sessions. False: there is none, this address has its share of those that poll or of large handshakes, or
    /// the server is shutting down.
    ///
    /// - Parameter handshakeBytes: what ``handshakes`` is to count.
    func openSession(from address: String, polls: Bool, handshakeBytes: Int) -> Bool {
        guard handshakes.keep(handshakeBytes, insteadOf: 0, from: address) else { return false }
        let isOpen = state.withLockedValue { state in
            guard state.sessions < configuration.maximumSessions, !state.isShuttingDown else { return false }
            let polling = state.pollingByAddress[address, default: 0]
            guard !polls || polling < configuration.maximumPollingSessionsPerAddress else { return false }
            if polls { state.pollingByAddress[address] = polling + 1 }
            state.sessions += 1
            return true
        }
        if !isOpen { _ = handshakes.keep(0, insteadOf: handshakeBytes, from: address) }
        return isOpen
    }

    /// A session of this address ends, or has a WebSocket now.
    func stopsPolling(from address: String) {
        state.withLockedValue { state in
            guard let count = state.pollingByAddress[address] else { return }
            state.pollingByAddress[address] = count > 1 ? count - 1 : nil
        }
    }

    func closeSession() { state.withLockedValue { $0.sessions -= 1 } }

    func closeChannel() { state.withLockedValue { $0.channels -= 1 } }

    /// The places that are taken, for tests: what is left of them when all clients have gone was lost.
    var placesInUse: (channels: Int, sessions: Int, polling: Int) {
        state.withLockedValue { ($0.channels, $0.sessions, $0.pollingByAddress.values.reduce(0, +)) }
    }

    /// Runs work that a shutdown waits for. What it sends is this client's mail, also through actors and tasks that it waits for.
    func track(for client: EngineConnection, _ body: @escaping @Sendable () async -> Void) {
        let sender = client.shareOfMail()
        work.run { await MailShare.$ofTask.withValue(sender) { await body() } }
    }

    // MARK: Shutting down

    public var isShuttingDown: Bool { state.withLockedValue { $0.isShuttingDown } }

    /// Closes every session (1012, so that clients come back to the next server), waits for the handlers that run, and lets go of all that
    /// were registered. Takes at most `handlerGracePeriod` and `handlerCancellationTimeout` together: handlers that still run after the
    /// first are cancelled, and after the second nobody waits for them any more.
    public func shutdown() async {
        let namespaces = state.withLockedValue { state in
            state.isShuttingDown = true
            return [main] + state.namespaces.values
        }
        let shards = loops.end()
        for namespace in namespaces { namespace.end() }
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
