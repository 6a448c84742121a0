public import Logging
import NIOConcurrencyHelpers
import NIOCore
public import RedisClient
import RedisCore
import SocketIOClusterCore
public import SocketIOServer

/// Joins servers through Redis, together with servers on Node that use the same adapter: broadcasts, rooms, `fetchSockets`, `socketsJoin`
/// and its siblings, `serverSideEmit` and acknowledgements reach the sockets of all of them.
///
///     let redis = try RedisClient(RedisConfiguration(url: "redis://localhost"), on: group.next())
///     redis.start()
///     configuration.adapter = RedisAdapter.factory(redis)
///
/// A broadcast is on its way to Redis and to this server's own sockets at the same time. So all sockets see the events of one server in its
/// order; events of several servers may come in another order on each. While Redis is away a server serves its own sockets. The other
/// servers miss its events, which are not sent again. Clients come back to their session on the server that they left (`recovery`).
///
/// One client serves all namespaces of a server. Its methods may be called from any thread.
public final class RedisAdapter: PlacingAdapter {
    public let local: InMemoryAdapter
    let redis: RedisClient
    /// The reader of the streams adapter. Nil with another adapter.
    let stream: EventStream?
    let wire: any ClusterWire
    let configuration: RedisAdapterConfiguration
    let logger: Logger
    let state: NIOLockedValueBox<State>

    /// A caller that waits for the other servers' answers to a request.
    struct Waiter {
        let continuation: CheckedContinuation<[ClusterMessage.Body], any Error>
        let timer: Scheduled<Void>
    }

    /// A caller that collects the acknowledgements of a broadcast.
    struct Collector {
        let clientCount: @Sendable (Int) -> Void
        let acknowledgement: @Sendable (BroadcastAnswer) -> Void
    }

    struct State {
        var requests: ClusterRequests
        var waiters: [String: Waiter] = [:]
        var collectors: [String: Collector] = [:]
        var subscribers: [RedisSubscriber] = []
        /// Subscriptions of the rooms that have their own channel.
        var roomSubscribers: [RoomName: RedisSubscriber] = [:]
        /// This server's sockets. Their ids are rooms too, which ``InMemoryAdapter/hasRoom(_:)`` does not know.
        var socketIDs: Set<RoomName> = []
        /// Changes of rooms that the loops have not carried out yet.
        var changesUnderWay = 0
        var requestsInWork = 0
        var acknowledgedBroadcasts = 0
        var unreadable = FaultReport()
        var overload = FaultReport()
        var unsent = FaultReport()
        var statistics = RedisAdapterStatistics()
        var isMeasuring = false
        var isClosed = false
    }

    /// Makes an adapter for each namespace.
    ///
    /// - Parameters:
    ///   - redis: started by the caller, who closes it after the server has shut down.
    ///   - reader: a second client, for the streams adapter only. Its reads block, and would hold back other commands.
    public static func factory(
        _ redis: RedisClient, reader: RedisClient? = nil, configuration: RedisAdapterConfiguration = RedisAdapterConfiguration(),
        logger: Logger = Logger(label: "socket.io.redis")
    ) -> AdapterFactory {
        let stream: EventStream? =
            if case .streams(let settings) = configuration.kind {
                EventStream(reader ?? redis, settings, logger: logger)
            } else {
                nil
            }
        return { local in RedisAdapter(local, redis, configuration, stream, logger) }
    }

    init(
        _ local: InMemoryAdapter, _ redis: RedisClient, _ configuration: RedisAdapterConfiguration, _ stream: EventStream?,
        _ logger: Logger
    ) {
        self.stream = stream
        self.local = local
        self.redis = redis
        self.configuration = configuration
        self.logger = logger
        switch configuration.kind {
        case .classic(let key): wire = ClassicWire(sender: RandomName.classic(), key: key, namespace: local.namespace)
        case .sharded(let prefix, let mode):
            wire = ShardedWire(sender: RandomName.hexadecimal(), prefix: prefix, namespace: local.namespace, mode: mode)
        case .streams(let settings):
            wire = StreamsWire(
                sender: RandomName.hexadecimal(), prefix: settings.channelPrefix, namespace: local.namespace, stream: settings.streamName,
                maximumLength: settings.maximumLength)
        }
        let requests = ClusterRequests(
            maximumRequests: configuration.maximumPendingRequests, maximumAnswerBytes: configuration.maximumAnswerBytes)
        state = NIOLockedValueBox(State(requests: requests))
        if let stream {
            // A server that others count must hear everything, so it begins to read the stream first.
            stream.add(self) { self.subscribe() }
        } else {
            subscribe()
        }
        if wire.subscription(toRoom: "", isSocketID: false) != nil { local.onRoomEvent { self.follow($0) } }
    }

    private func subscribe() {
        let subscribers = wire.subscriptions.map { subscription in
            redis.subscribe(to: subscription) { self.heard($0, of: subscription) }
        }
        let superfluous = state.withLockedValue { state in
            guard !state.isClosed else { return subscribers }
            state.subscribers = subscribers
            return []
        }
        for subscriber in superfluous { redis.cancel(subscriber) }
    }

    /// Counts since the start.
    public var statistics: RedisAdapterStatistics {
        state.withLockedValue { state in
            var statistics = state.statistics
            statistics.pendingRequests = state.requests.count
            return statistics
        }
    }

    // MARK: This server's sockets

    public func add(_ socket: ServerSocket) {
        state.withLockedValue { _ = $0.socketIDs.insert(RoomName(socket.id)) }
        local.add(socket)
        listen(toRoom: socket.id, isSocketID: true)
    }

    public func addAll(_ rooms: [String], to socket: ServerSocket) { local.addAll(rooms, to: socket) }
    public func del(_ room: String, from socket: ServerSocket) { local.del(room, from: socket) }

    public func delAll(_ socket: ServerSocket) {
        local.delAll(socket)
        state.withLockedValue { _ = $0.socketIDs.remove(RoomName(socket.id)) }
        ignore(room: socket.id)
    }

    // MARK: Addressed sockets

    public func broadcast(_ packet: consuming EventPacket, to options: BroadcastOptions) {
        let event = packet
        tell(options) {
            .broadcast(ClusterPacket(payload: ClusterPayload(event)), $0, requestID: nil)
        } here: { local in
            // With a stream this event has no offset, so that it is not kept for recovery.
            if self.stream == nil { local.broadcast(event, to: options) } else { local.deliver(event, to: options) }
        }
    }

    public func broadcastWithAck(
        _ packet: EventPacket, to options: BroadcastOptions, clientCount: @escaping @Sendable (Int) -> Void,
        acknowledgement: @escaping @Sendable (BroadcastAnswer) -> Void
    ) {
        if !options.flags.isLocal {
            let id = newRequestID()
            let collector = Collector(clientCount: clientCount, acknowledgement: acknowledgement)
            let isTaken = state.withLockedValue { state in
                guard !state.isClosed, state.collectors.count < configuration.maximumPendingRequests else { return false }
                state.collectors[id] = collector
                return true
            }
            if isTaken {
                let timeout = options.flags.timeout ?? configuration.requestTimeout
                // It is unknown here which clients will answer, so only the time-out ends it.
                redis.eventLoop.scheduleTask(in: TimeAmount(timeout)) {
                    _ = self.state.withLockedValue { $0.collectors.removeValue(forKey: id) }
                }
                let target = ClusterTarget(options)
                send { wire throws(ClusterCodingError) in
                    try wire.publication(of: .broadcast(ClusterPacket(payload: ClusterPayload(packet)), target, requestID: id))
                }
            } else {
                refuse("a broadcast with acknowledgements reaches this server's clients only")
            }
        }
        local.broadcastWithAck(packet, to: options, clientCount: clientCount, acknowledgement: acknowledgement)
    }

    public func addSockets(_ options: BroadcastOptions, to rooms: [String]) {
        tell(options) {
            .join($0, rooms: rooms)
        } here: { _ in
            self.changeRooms { $0.addSockets(options, to: rooms) }
        }
    }

    public func delSockets(_ options: BroadcastOptions, from rooms: [String]) {
        tell(options) {
            .leave($0, rooms: rooms)
        } here: {
            $0.delSockets(options, from: rooms)
        }
    }

    public func disconnectSockets(_ options: BroadcastOptions, close: Bool) {
        tell(options) {
            .disconnect($0, close: close)
        } here: {
            $0.disconnectSockets(options, close: close)
        }
    }

    /// Puts sockets of this server into rooms. Until the loops have done so, these rooms count as rooms with members.
    func changeRooms(_ change: (InMemoryAdapter) -> Void) {
        state.withLockedValue { $0.changesUnderWay += 1 }
        change(local)
        local.afterMail { self.state.withLockedValue { $0.changesUnderWay -= 1 } }
    }

    // MARK: Recovery

    public func persistSession(_ session: PersistedSession) {
        if stream == nil { local.persistSession(session) } else { keep(session) }
    }

    public func restoreSession(_ privateID: String, offset: String) async throws -> RestoredSession? {
        stream == nil ? try await local.restoreSession(privateID, offset: offset) : try await resume(privateID, offset: offset)
    }

    package func restoreSession(
        _ privateID: String, offset: String, at place: SessionPlace, _ body: @escaping @Sendable (RestoredSession?) -> Void
    ) async throws {
        if stream == nil {
            local.restoreSession(privateID, offset: offset, at: place, body)
        } else {
            try await resume(privateID, offset: offset, at: place, body)
        }
    }

    // MARK: Its end

    public func close() {
        let (subscribers, waiters, dropped) = state.withLockedValue { state in
            state.isClosed = true
            let subscribers = state.subscribers + state.roomSubscribers.values
            let (waiters, collectors) = (state.waiters, state.collectors)
            for id in waiters.keys { state.requests.cancel(id) }
            (state.subscribers, state.roomSubscribers, state.waiters, state.collectors) = ([], [:], [:], [:])
            return (subscribers, waiters, collectors)
        }
        // Released outside the lock: its deinitialisation may call back.
        withExtendedLifetime(dropped) {}
        stream?.remove(self)
        for subscriber in subscribers { redis.cancel(subscriber) }
        for waiter in waiters.values {
            waiter.timer.cancel()
            waiter.continuation.resume(throwing: RedisAdapterError.closed)
        }
        local.close()
    }

    // MARK: Sending

    /// Publishes an operation, unless it is for this server only, and carries it out here: at once or, with a stream, when this server
    /// reads its entry.
    private func tell(
        _ options: BroadcastOptions, _ body: (ClusterTarget) -> ClusterMessage.Body,
        here: @escaping @Sendable (InMemoryAdapter) -> Void
    ) {
        if options.flags.isLocal { return here(local) }
        let body = body(ClusterTarget(options))
        guard wire.hasStream else {
            send { wire throws(ClusterCodingError) in try wire.publication(of: body) }
            return here(local)
        }
        let local = local
        send(
            { wire throws(ClusterCodingError) in try wire.publication(of: body) },
            // An entry that did not reach the stream is delivered to this server's sockets only.
            otherwise: { here(local) })
    }

    /// Sends a command to Redis.
    ///
    /// - Parameter failure: called if it was not carried out.
    func send(
        _ command: (any ClusterWire) throws(ClusterCodingError) -> RedisCommand, otherwise failure: (@Sendable () -> Void)? = nil
    ) {
        let publication: RedisCommand
        do throws(ClusterCodingError) { publication = try command(wire) } catch {
            refuse("a message to other servers cannot be encoded: \(error)")
            failure?()
            return
        }
        let measures = state.withLockedValue { state in
            state.statistics.sent += 1
            defer { state.isMeasuring = true }
            return !state.isMeasuring
        }
        guard measures else {
            return redis.send(publication) { result in
                guard case .failure(let error) = result else { return }
                self.wasNotSent(error)
                failure?()
            }
        }
        let start = NIODeadline.now()
        redis.send(publication) { result in
            let lag = Duration.nanoseconds((NIODeadline.now() - start).nanoseconds)
            self.state.withLockedValue { state in
                state.isMeasuring = false
                if case .success = result { state.statistics.lag = lag }
            }
            guard case .failure(let error) = result else { return }
            self.wasNotSent(error)
            failure?()
        }
    }

    private func wasNotSent(_ error: RedisError) {
        let now = RedisAdapter.uptime
        let count = state.withLockedValue { state in
            state.statistics.unsent += 1
            return state.unsent.note(at: now)
        }
        guard let count else { return }
        logger.warning("messages to other servers were not sent", metadata: ["messages": "\(count)", "error": "\(error)"])
    }

    static var uptime: Duration { .nanoseconds(Int64(clamping: NIODeadline.now().uptimeNanoseconds)) }

    func newRequestID() -> String {
        if case .classic = configuration.kind { RandomName.classic() } else { RandomName.hexadecimal() }
    }

    // MARK: Rooms with channels of their own

    private func follow(_ event: RoomEvent) {
        switch event {
        case .created(let room): listen(toRoom: room, isSocketID: false)
        case .deleted(let room): ignore(room: room)
        case .joined, .left: break
        }
    }

    private func listen(toRoom room: String, isSocketID: Bool) {
        guard let subscription = wire.subscription(toRoom: room, isSocketID: isSocketID) else { return }
        let subscriber = redis.subscribe(to: subscription) { self.heard($0, of: subscription) }
        let superfluous = state.withLockedValue { state in
            state.isClosed ? subscriber : state.roomSubscribers.updateValue(subscriber, forKey: RoomName(room))
        }
        if let superfluous { redis.cancel(superfluous) }
    }

    private func ignore(room: String) {
        guard let subscriber = state.withLockedValue({ $0.roomSubscribers.removeValue(forKey: RoomName(room)) }) else { return }
        redis.cancel(subscriber)
    }
}

/// Names of servers and of requests.
enum RandomName {
    private static let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    private static let digits = Array("0123456789abcdef")

    /// 6 letters and digits, as in Node's classic adapter.
    static func classic() -> String { String((0..<6).map { _ in letters[Int.random(in: letters.indices)] }) }
    /// 16 hexadecimal digits, as in Node's newer adapters.
    static func hexadecimal() -> String { String((0..<16).map { _ in digits[Int.random(in: digits.indices)] }) }
}
