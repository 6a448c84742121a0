#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
public import RedisCore

/// Redis in memory, for tests: over TCP on a port that the system picks, and without any port through ``session()``.
///
/// It knows the commands of this package's clients on the same codec, and is held to a real server by a suite that runs against both. It
/// runs only scripts that it was given: they come with their twins in Swift.
///
///     let redis = try await InMemoryRedis.start()
///     let client = try RedisClient(RedisConfiguration(port: redis.port), on: loop)
///     …
///     await redis.shutDown()
public final class InMemoryRedis: Sendable {
    /// Where the time comes from. Both kinds can be moved on with ``InMemoryRedis/advance(by:)``.
    public enum Time: Sendable, Hashable {
        /// The wall clock.
        case running
        /// Stands still, at milliseconds since 1970.
        case stopped(at: Int64)
    }

    struct State {
        var engine: RedisEngine
        var channels: [RedisEngine.ConnectionID: any Channel] = [:]
        var sessions: [RedisEngine.ConnectionID: [CheckedContinuation<RESPValue, Never>]] = [:]
        var advanced: Int64 = 0
        var listener: (any Channel)?
        var port = 0
        var refusesConnections = false
    }

    private let time: Time
    private let state: NIOLockedValueBox<State>
    /// All connections are on one loop: what they are sent is put into its queue under the lock, and so arrives in one order.
    private let eventLoop: any EventLoop

    /// Without a port, until ``listen(on:)``.
    public init(scripts: [RedisScript] = [], users: [String: String] = [:], time: Time = .running) {
        self.time = time
        state = NIOLockedValueBox(State(engine: RedisEngine(scripts: scripts, users: users)))
        eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    }

    /// One that listens on the loopback interface.
    public static func start(
        scripts: [RedisScript] = [], users: [String: String] = [:], time: Time = .running
    ) async throws -> InMemoryRedis {
        let redis = InMemoryRedis(scripts: scripts, users: users, time: time)
        try await redis.listen()
        return redis
    }

    /// The port; 0 while it does not listen.
    public var port: Int { state.withLockedValue(\.port) }

    /// - Parameter port: 0: the system picks one. Another is for coming back after ``shutDown()``.
    public func listen(on port: Int = 0) async throws {
        let listener = try await ServerBootstrap(group: eventLoop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(InMemoryRedisHandler(redis: self))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        self.state.withLockedValue { state in
            state.listener = listener
            state.port = listener.localAddress?.port ?? 0
        }
    }

    /// Stops listening and ends all connections; the data stays. ``listen(on:)`` brings it back.
    public func shutDown() async {
        let listener = self.state.withLockedValue { state in
            defer { state.listener = nil }
            return state.listener
        }
        try? await listener?.close()
        await disconnectAll()
    }

    /// Ends all connections, as a network does; new ones are accepted.
    public func disconnectAll() async {
        let channels = state.withLockedValue { Array($0.channels.values) }
        for channel in channels { try? await channel.close() }
    }

    /// Ends all connections and every new one at once, until ``acceptConnections()``: Redis is away, and keeps its port.
    public func refuseConnections() async {
        state.withLockedValue { $0.refusesConnections = true }
        await disconnectAll()
    }

    public func acceptConnections() { state.withLockedValue { $0.refusesConnections = false } }

    /// Loses everything: keys and scripts, as a server that restarts without its file.
    public func loseData() {
        self.state.withLockedValue { state in
            for index in state.engine.databases.indices { state.engine.databases[index].removeAll() }
            state.engine.loadedScripts = []
        }
    }

    /// Moves the time on: keys end, and reads that wait give up.
    public func advance(by time: Duration) {
        let work = self.state.withLockedValue { state in
            let (seconds, attoseconds) = time.components
            state.advanced += seconds * 1_000 + attoseconds / 1_000_000_000_000_000
            let outputs = state.engine.tick(at: self.now(state))
            return self.deliver(outputs, &state)
        }
        work()
    }

    /// Connections over TCP.
    public var connectionCount: Int { state.withLockedValue(\.channels.count) }

    private func now(_ state: State) -> Int64 {
        switch time {
        case .running: state.advanced + Int64(Self.wallClockMilliseconds)
        case .stopped(let start): state.advanced + start
        }
    }

    private static var wallClockMilliseconds: Int64 {
        let time = WallClock.now()
        return time.seconds * 1_000 + time.nanoseconds / 1_000_000
    }

    // MARK: Connections

    func opened(_ channel: any Channel) -> RedisEngine.ConnectionID? {
        self.state.withLockedValue { state in
            guard !state.refusesConnections, let id = state.engine.open() else { return nil }
            state.channels[id] = channel
            return id
        }
    }

    func closed(_ id: RedisEngine.ConnectionID) {
        self.state.withLockedValue { state in
            state.engine.close(id)
            state.channels[id] = nil
        }
    }

    func execute(_ command: [ByteBuffer], from id: RedisEngine.ConnectionID) {
        let work = self.state.withLockedValue { state in
            let outputs = state.engine.execute(command, from: id, at: self.now(state))
            return self.deliver(outputs, &state)
        }
        work()
    }

    /// Puts what is for channels into the loop's queue; what is for sessions is returned, to be done without the lock.
    private func deliver(_ outputs: [RedisEngine.Output], _ state: inout State) -> () -> Void {
        var resumptions: [(CheckedContinuation<RESPValue, Never>, RESPValue)] = []
        for output in outputs {
            switch output {
            case .send(let id, let value, let version):
                if let channel = state.channels[id] {
                    self.eventLoop.execute {
                        var bytes = channel.allocator.buffer(capacity: 64)
                        bytes.writeRESP(value, version: version)
                        channel.writeAndFlush(bytes, promise: nil)
                    }
                } else if state.sessions[id]?.isEmpty == false, let continuation = state.sessions[id]?.removeFirst() {
                    resumptions.append((continuation, value))
                }
            case .close(let id):
                if let channel = state.channels[id] { self.eventLoop.execute { channel.close(promise: nil) } }
            }
        }
        wakeUp(&state)
        return { for (continuation, value) in resumptions { continuation.resume(returning: value) } }
    }

    /// A clock that runs ends waits by itself.
    private func wakeUp(_ state: inout State) {
        guard time == .running, let deadline = state.engine.nextDeadline else { return }
        let delay = max(1, deadline - now(state))
        eventLoop.scheduleTask(in: .milliseconds(delay)) { self.advance(by: .zero) }
    }

    // MARK: In the process

    /// A connection without a socket. It carries out commands, and has no subscriptions.
    public func session(database: Int = 0) -> InMemoryRedisSession {
        let id = self.state.withLockedValue { state in
            let id = state.engine.open()
            if let id {
                state.sessions[id] = []
                // A session is trusted: it needs no password.
                state.engine.connections[id]?.isSignedIn = true
                state.engine.connections[id]?.version = .three
                state.engine.connections[id]?.database = database
            }
            return id
        }
        return InMemoryRedisSession(redis: self, id: id)
    }

    func send(_ commands: [RedisCommand], from id: RedisEngine.ConnectionID) async -> [RESPValue] {
        var replies: [RESPValue] = []
        for command in commands {
            let reply = await withCheckedContinuation { continuation in
                let work = self.state.withLockedValue { state in
                    state.sessions[id]?.append(continuation)
                    let words = [ByteBuffer(string: command.name)] + command.arguments.map(\.encoded)
                    let outputs = state.engine.execute(words, from: id, at: self.now(state))
                    return self.deliver(outputs, &state)
                }
                work()
            }
            replies.append(reply)
        }
        return replies
    }

    func endSession(_ id: RedisEngine.ConnectionID) {
        let waiting = self.state.withLockedValue { state in
            state.engine.close(id)
            return state.sessions.removeValue(forKey: id) ?? []
        }
        for continuation in waiting { continuation.resume(returning: .error("ERR the session ended")) }
    }
}

/// The time of day, which Redis's expiry times are.
private enum WallClock {
    static func now() -> (seconds: Int64, nanoseconds: Int64) {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return (Int64(time.tv_sec), Int64(time.tv_nsec))
    }
}
