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
    public typealias Middleware = @Sendable (inout ConnectRequest) async throws -> Void

    private struct State {
        var shards: [ShardHandle] = []
        var shardByLoop: [ObjectIdentifier: Int] = [:]
        var middlewares: [Middleware] = []
        var connectionHandlers: [@Sendable (ServerSocket) -> Void] = []
        var isShuttingDown = false
        var channels = 0
        var sessions = 0
        /// Sessions that poll, by the address that opened them.
        var pollingByAddress: [String: Int] = [:]
    }

    public let configuration: SocketIOConfiguration
    public let logger: Logger
    private let state = NIOLockedValueBox(State())
    /// Held while a broadcast is put into the loops' mailboxes: all loops get broadcasts in one order.
    private let broadcastLock = NIOLock()
    private let backlog = Backlog()
    private let work = PendingWork()
    /// Large handshakes of sessions.
    let handshakes: MemoryBudget
    /// Bodies of requests that are being read or answered.
    let bodies: MemoryBudget

    public init(configuration: SocketIOConfiguration = .init(), logger: Logger = Logger(label: "socket.io")) {
        self.configuration = configuration
        self.logger = logger
        handshakes = MemoryBudget(
            maximum: configuration.maximumHandshakeBytes, perAddress: configuration.maximumHandshakeBytesPerAddress)
        bodies = MemoryBudget(maximum: configuration.maximumBodyBytes, perAddress: configuration.maximumBodyBytesPerAddress)
    }

    // MARK: Handlers

    /// Called for each new socket, on its loop. Register its handlers there. Ignored after ``shutdown()``.
    public func onConnection(_ handler: @escaping @Sendable (ServerSocket) -> Void) {
        state.withLockedValue { if !$0.isShuttingDown { $0.connectionHandlers.append(handler) } }
    }

    /// Asked for each client that joins, in the order of registration. Ignored after ``shutdown()``.
    public func use(_ middleware: @escaping Middleware) {
        state.withLockedValue { if !$0.isShuttingDown { $0.middlewares.append(middleware) } }
    }

    var middlewares: [Middleware] { state.withLockedValue { $0.middlewares } }
    var connectionHandlers: [@Sendable (ServerSocket) -> Void] { state.withLockedValue { $0.connectionHandlers } }

    // MARK: Sending

    /// The members of these rooms, or sockets of these ids.
    public func to(_ rooms: String...) -> BroadcastOperator { BroadcastOperator(io: self, targets: rooms) }

    /// Everybody but the members of this room.
    public func except(_ room: String) -> BroadcastOperator { BroadcastOperator(io: self, exceptions: [room]) }

    /// Sends to everybody.
    public func emit(_ event: String, _ arguments: any JSONWritable...) {
        BroadcastOperator(io: self).send(.event(event, namespace: "/", arguments: arguments))
    }

    func broadcast(_ broadcast: Broadcast) {
        let shards = state.withLockedValue { $0.shards }
        // Woken after the lock: nothing is called while it is held.
        let sender = SocketIO.mailSender(among: shards)
        let asleep = broadcastLock.withLock { shards.filter { $0.put(.broadcast(broadcast), from: sender) } }
        for shard in asleep { shard.scheduleDrain() }
    }

    /// The client for whose packets the calling loop or task works.
    private static func mailSender(among shards: [ShardHandle]) -> MailShare? {
        for shard in shards where shard.loop.inEventLoop {
            if let sender = shard.shard.value.mailSender { return sender }
        }
        return MailShare.ofTask
    }

    // MARK: Loops

    /// This loop's share, made on its first connection. Call on `loop`.
    func shard(for loop: any EventLoop) -> ShardHandle {
        loop.preconditionInEventLoop()
        return state.withLockedValue { state in
            if let index = state.shardByLoop[ObjectIdentifier(loop)] { return state.shards[index] }
            let index = state.shards.count
            let mailbox = LoopMailbox(
                loop: loop, maximumItems: configuration.maximumMailboxItems, maximumBytes: configuration.maximumMailboxBytes,
                backlog: backlog)
            let counters = ShardCounters()
            let sender: @Sendable () -> MailShare? = { [weak self] in
                self.flatMap { SocketIO.mailSender(among: $0.state.withLockedValue { $0.shards }) }
            }
            let shard = LoopShard(
                index: index, loop: loop, mailbox: mailbox, counters: counters, backlog: backlog, configuration: configuration,
                logger: logger, io: state.isShuttingDown ? nil : self, sender: sender)
            let handle = shard.handle
            state.shards.append(handle)
            state.shardByLoop[ObjectIdentifier(loop)] = index
            return handle
        }
    }

    /// The share that holds a session, by its id.
    func shard(at index: Int) -> ShardHandle? {
        state.withLockedValue { $0.shards.indices.contains(index) ? $0.shards[index] : nil }
    }

    // MARK: Counting

    /// Counts since the start, from all loops.
    public var statistics: SocketIOStatistics {
        var sum = SocketIOStatistics()
        for shard in state.withLockedValue({ $0.shards }) { sum.add(shard.counters) }
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
        let (shards, registered) = state.withLockedValue { state in
            let registered = (state.middlewares, state.connectionHandlers)
            state.isShuttingDown = true
            state.middlewares = []
            state.connectionHandlers = []
            return (state.shards, registered)
        }
        // They go outside the lock: what they held may come back here.
        withExtendedLifetime(registered) {}
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
