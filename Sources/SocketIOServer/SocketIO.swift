import EngineIOCore
public import Logging
import NIOConcurrencyHelpers
import NIOCore
public import SocketIOCore
import WebSocketCore

/// A Socket.IO server, apart from the port it listens on. Handlers are registered before it serves; `SocketIOHummingbird` puts it on a
/// Hummingbird server's port.
public final class SocketIO: Sendable {
    public typealias Middleware = @Sendable (inout ConnectRequest) async throws -> Void

    private struct State {
        var shards: [ShardHandle] = []
        var shardByLoop: [ObjectIdentifier: Int] = [:]
        var middlewares: [Middleware] = []
        var connectionHandlers: [@Sendable (ServerSocket) -> Void] = []
        var isShuttingDown = false
        var tasks = 0
        var channels = 0
        var sessions = 0
        /// Sessions that poll, by the address that opened them.
        var pollingByAddress: [String: Int] = [:]
        var idleWaiters: [CheckedContinuation<Void, Never>] = []
    }

    public let configuration: SocketIOConfiguration
    public let logger: Logger
    private let state = NIOLockedValueBox(State())
    /// Held while a broadcast is put into the loops' mailboxes: all loops get broadcasts in one order.
    private let broadcastLock = NIOLock()

    public init(configuration: SocketIOConfiguration = .init(), logger: Logger = Logger(label: "socket.io")) {
        self.configuration = configuration
        self.logger = logger
    }

    // MARK: Handlers

    /// Called for each new socket, on its loop. Register its handlers there.
    public func onConnection(_ handler: @escaping @Sendable (ServerSocket) -> Void) {
        state.withLockedValue { $0.connectionHandlers.append(handler) }
    }

    /// Asked for each client that joins, in the order of registration.
    public func use(_ middleware: @escaping Middleware) {
        state.withLockedValue { $0.middlewares.append(middleware) }
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
        broadcastLock.withLock {
            for shard in shards { shard.enqueue(.broadcast(broadcast)) }
        }
    }

    // MARK: Loops

    /// This loop's share, made on its first connection. Call on `loop`.
    func shard(for loop: any EventLoop) -> ShardHandle {
        loop.preconditionInEventLoop()
        return state.withLockedValue { state in
            if let index = state.shardByLoop[ObjectIdentifier(loop)] { return state.shards[index] }
            let index = state.shards.count
            let mailbox = LoopMailbox(loop: loop)
            let counters = ShardCounters()
            let shard = LoopShard(index: index, loop: loop, mailbox: mailbox, counters: counters, io: self)
            let handle = ShardHandle(
                index: index, loop: loop, mailbox: mailbox, counters: counters, shard: NIOLoopBound(shard, eventLoop: loop))
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

    /// Takes one of the places for sessions. False: there is none, or this address has its share of those that poll.
    func openSession(pollingFrom address: String?) -> Bool {
        state.withLockedValue { state in
            guard state.sessions < configuration.maximumSessions else { return false }
            if let address {
                let count = state.pollingByAddress[address, default: 0]
                guard count < configuration.maximumPollingSessionsPerAddress else { return false }
                state.pollingByAddress[address] = count + 1
            }
            state.sessions += 1
            return true
        }
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

    /// Runs work that a shutdown waits for.
    func track(_ body: @escaping @Sendable () async -> Void) {
        state.withLockedValue { $0.tasks += 1 }
        Task {
            await body()
            state.withLockedValue { $0.tasks -= 1 }
            wakeIfIdle()
        }
    }

    // MARK: Shutting down

    public var isShuttingDown: Bool { state.withLockedValue { $0.isShuttingDown } }

    /// Closes every session (1012, so that clients come back to the next server) and returns when all are gone and no handler runs.
    public func shutdown() async {
        let shards = state.withLockedValue { state in
            state.isShuttingDown = true
            return state.shards
        }
        for handle in shards {
            handle.run { shard in
                shard.drainMailbox()
                for connection in shard.connections.all {
                    connection.close(.serverShuttingDown, code: .serviceRestart)
                    // One that was closed before waits for a last GET, which would be refused now.
                    shard.remove(connection)
                }
                shard.cancelTimers()
            }
        }
        await withCheckedContinuation { continuation in
            state.withLockedValue { $0.idleWaiters.append(continuation) }
            wakeIfIdle()
        }
    }

    func shardBecameEmpty() {
        if isShuttingDown { wakeIfIdle() }
    }

    private func wakeIfIdle() {
        let waiters = state.withLockedValue { state -> [CheckedContinuation<Void, Never>] in
            guard state.tasks == 0, !state.idleWaiters.isEmpty else { return [] }
            let open = state.shards.reduce(0) { $0 + $1.counters.connectionsOpened.read() - $1.counters.connectionsClosed.read() }
            guard open == 0 else { return [] }
            defer { state.idleWaiters = [] }
            return state.idleWaiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
