public import Logging
import NIOConcurrencyHelpers
public import NIOCore
public import RedisCore
import Synchronization

/// A client of one Redis server: commands and subscriptions over one connection, which it restores by itself.
///
/// Commands of all threads are collected and go out with one write per turn of the client's event loop. While Redis is away they wait in a
/// bounded queue until their time is up. The version of the protocol is 3 (Redis 6 or newer), so commands and subscriptions share the
/// connection; a command that blocks needs a client of its own.
///
///     let redis = try RedisClient(RedisConfiguration(url: "redis://localhost"), on: group.next(), logger: logger)
///     redis.start()
///     try await redis.set("greeting", "hello", expiresIn: .seconds(60))
public final class RedisClient: RedisCommands, Sendable {
    public typealias Completion = @Sendable (Result<RESPValue, RedisError>) -> Void
    public typealias BatchCompletion = @Sendable (Result<[RESPValue], RedisError>) -> Void

    /// Completions and subscribers' handlers are called here.
    public let eventLoop: any EventLoop
    private let driver: NIOLoopBoundBox<RedisDriver>
    private let limits: RedisClientLimits
    private let inbox = NIOLockedValueBox(Inbox())
    private let lastID = Atomic<UInt64>(0)
    private let wasClosed = Atomic<Bool>(false)

    /// Requests of all threads. The loop takes them once per turn.
    private struct Inbox {
        var wishes: [RedisDriver.Wish] = []
        var commandCount = 0
        var byteCount = 0
        var isScheduled = false
    }

    /// - Throws: an error if the TLS settings cannot be used. ``start()`` connects.
    public init(
        _ configuration: RedisConfiguration, on eventLoop: any EventLoop, logger: Logger = Logger(label: "redis")
    ) throws {
        self.eventLoop = eventLoop
        limits = configuration.limits
        let driver = try RedisDriver(configuration, on: eventLoop, logger: logger)
        self.driver = NIOLoopBoundBox.makeBoxSendingValue(driver, eventLoop: eventLoop)
    }

    /// A released client must not go on connecting. After ``close()`` there is nothing to do, and the loop may be gone.
    deinit {
        if wasClosed.load(ordering: .relaxed) { return }
        let driver = self.driver
        eventLoop.execute { driver.value.carryOut([.close {}]) }
    }

    // MARK: Its life

    /// Begins to connect, and goes on until ``close()``.
    public func start() { wish(.start) }

    /// Waits until the connection is established.
    ///
    /// - Throws: the reason, if it is not after `timeout`. The client goes on trying.
    public func ready(within timeout: Duration) async throws(RedisError) {
        start()
        // Redis answers the greeting before any command, so a command's reply means that the connection was established.
        _ = try await send(RedisCommand("PING"), timeout: timeout)
    }

    /// Ends the connection; what waits for a reply fails with ``RedisError/Code/closed``. Safe to call twice.
    public func close() async {
        wasClosed.store(true, ordering: .relaxed)
        await withCheckedContinuation { continuation in
            self.wish(.close { continuation.resume() })
        }
    }

    /// The client's state, for health checks and metrics.
    public func status() async -> RedisClientStatus {
        await withCheckedContinuation { continuation in
            self.wish(.status { continuation.resume(returning: $0) })
        }
    }

    // MARK: Commands

    /// Sends one command. May be called from anywhere; `completion` is called once, on the event loop, with an error also for an error
    /// reply. If the loop is so far behind that the queue is full, it is called at once with ``RedisError/Code/queueFull``.
    public func send(_ command: RedisCommand, timeout: Duration? = nil, completion: @escaping Completion) {
        submit(command, id: nextID(), timeout: timeout, completion)
    }

    /// Sends several commands with nothing between them. Their replies are values; an error reply is one of them.
    public func send(_ commands: [RedisCommand], timeout: Duration? = nil, completion: @escaping BatchCompletion) {
        submit(commands, id: nextID(), timeout: timeout, completion)
    }

    public func send(_ command: RedisCommand, timeout: Duration?) async throws(RedisError) -> RESPValue {
        let id = nextID()
        return try await waiting(for: id) { self.submit(command, id: id, timeout: timeout, $0) }
    }

    public func pipeline(_ commands: [RedisCommand]) async throws(RedisError) -> [Result<RESPValue, RedisError>] {
        let id = nextID()
        let values: [RESPValue] = try await waiting(for: id) { self.submit(commands, id: id, timeout: nil, $0) }
        return values.map { value in
            if case .error(let reply) = value { .failure(RedisError(reply)) } else { .success(value) }
        }
    }

    /// Abandons the request if the task is cancelled.
    private func waiting<Value: Sendable>(
        for id: UInt64, _ begin: (@escaping @Sendable (Result<Value, RedisError>) -> Void) -> Void
    ) async throws(RedisError) -> Value {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                begin { continuation.resume(returning: $0) }
                // A cancellation that came before the request had no effect.
                if Task.isCancelled { self.wish(.cancel(id)) }
            }
        } onCancel: {
            self.wish(.cancel(id))
        }
        return try result.get()
    }

    private func nextID() -> UInt64 { lastID.add(1, ordering: .relaxed).newValue }

    // MARK: Subscriptions

    /// Listens to a channel, a pattern or a sharded channel; any number of subscribers share one subscription in Redis.
    ///
    /// - Parameter handler: called on the event loop, in the order of arrival, until ``cancel(_:)`` has been carried out or after
    ///   ``RedisSubscriptionEvent/failed(_:)``.
    @discardableResult
    public func subscribe(
        to subscription: RedisSubscription, handler: @escaping @Sendable (RedisSubscriptionEvent) -> Void
    ) -> RedisSubscriber {
        let subscriber = RedisSubscriber(subscription: subscription, id: nextID())
        wish(.subscribe(subscriber, handler))
        return subscriber
    }

    /// Removes a subscriber. With the last one the subscription ends.
    public func cancel(_ subscriber: RedisSubscriber) { wish(.unsubscribe(subscriber)) }

    // MARK: The way to the loop

    private func submit(_ command: RedisCommand, id: UInt64, timeout: Duration?, _ completion: @escaping Completion) {
        let wasTaken = wish(
            .command(command, id: id, timeout: timeout, completion), commandCount: 1, byteCount: command.byteCount)
        if !wasTaken { completion(.failure(Self.loopIsBehind)) }
    }

    private func submit(_ commands: [RedisCommand], id: UInt64, timeout: Duration?, _ completion: @escaping BatchCompletion) {
        let wasTaken = wish(
            .batch(commands, id: id, timeout: timeout, completion), commandCount: commands.count,
            byteCount: commands.reduce(0) { $0 + $1.byteCount })
        if !wasTaken { completion(.failure(Self.loopIsBehind)) }
    }

    private static let loopIsBehind = RedisError(.queueFull, "the client's event loop is busy")

    /// - Returns: false if the inbox is full; the request was dropped then. Requests that are no commands are always taken.
    @discardableResult
    private func wish(_ wish: RedisDriver.Wish, commandCount: Int = 0, byteCount: Int = 0) -> Bool {
        let (isTaken, isFirst) = self.inbox.withLockedValue { inbox in
            // If nothing waits, even a request that is too long passes: the machine refuses it with the reason.
            if commandCount > 0, inbox.commandCount > 0,
                inbox.commandCount + commandCount > self.limits.maximumQueuedCommands
                    || inbox.byteCount + byteCount > self.limits.maximumQueuedBytes
            {
                return (false, false)
            }
            inbox.wishes.append(wish)
            inbox.commandCount += commandCount
            inbox.byteCount += byteCount
            defer { inbox.isScheduled = true }
            return (true, !inbox.isScheduled)
        }
        // Always through the loop's queue: so a caller is never called back before it returns, and one write serves a turn.
        if isFirst { eventLoop.execute { self.carryOut() } }
        return isTaken
    }

    private func carryOut() {
        let wishes = self.inbox.withLockedValue { inbox in
            defer { inbox = Inbox() }
            return inbox.wishes
        }
        driver.value.carryOut(wishes)
    }
}

/// One listener of a subscription.
public struct RedisSubscriber: Sendable, Hashable {
    public let subscription: RedisSubscription
    let id: UInt64
}
