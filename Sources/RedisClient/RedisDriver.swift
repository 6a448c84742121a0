import Logging
import NIOCore
import NIOPosix
import NIOSSL
import RedisCore

/// Performs what the machine of a client asks for: one channel, one timer, completions and subscribers' handlers. On one event loop.
///
/// The machine never calls out: each input returns actions, and they are performed after it has returned. A handler that they call may add
/// new inputs.
final class RedisDriver {
    enum Wish: Sendable {
        case start
        case close(@Sendable () -> Void)
        case status(@Sendable (RedisClientStatus) -> Void)
        case command(RedisCommand, id: UInt64, timeout: Duration?, RedisClient.Completion)
        case batch([RedisCommand], id: UInt64, timeout: Duration?, RedisClient.BatchCompletion)
        case cancel(UInt64)
        case subscribe(RedisSubscriber, @Sendable (RedisSubscriptionEvent) -> Void)
        case unsubscribe(RedisSubscriber)
    }

    /// The completion of a request.
    private enum Waiter {
        case one(RedisClient.Completion)
        case batch([RESPValue], RedisClient.BatchCompletion)
    }

    private struct Listeners {
        var handlers: [(id: UInt64, handler: @Sendable (RedisSubscriptionEvent) -> Void)] = []
        var isEstablished = false
    }

    let eventLoop: any EventLoop
    private let logger: Logger
    private let configuration: RedisConfiguration
    private let tls: NIOSSLContext?
    private var machine: RedisClientMachine
    private var waiters: [UInt64: Waiter] = [:]
    private var listeners: [RedisSubscription: Listeners] = [:]

    private var channel: (any Channel)?
    /// Counts connections, so that late reports of an old one are recognised.
    private var generation: UInt64 = 0
    private var timer: (at: Duration, task: Scheduled<Void>)?
    private var isFlushScheduled = false
    /// The connection ended and no other was established since: logged once, not at each attempt.
    private var isAway = false

    init(_ configuration: RedisConfiguration, on eventLoop: any EventLoop, logger: Logger) throws {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.logger = logger
        machine = RedisClientMachine(configuration: configuration)
        tls = try configuration.tls.map(Self.context)
    }

    private static func context(_ settings: RedisTLS) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let file = settings.authoritiesFile { configuration.trustRoots = .file(file) }
        if let certificate = settings.certificateFile, let key = settings.keyFile {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) }
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
        }
        return try NIOSSLContext(configuration: configuration)
    }

    private var now: Duration { .nanoseconds(Int64(clamping: eventLoop.now.uptimeNanoseconds)) }

    // MARK: Wishes

    func carryOut(_ wishes: [Wish]) {
        let now = self.now
        for wish in wishes {
            switch wish {
            case .start: perform(machine.start(at: now))
            case .close(let done):
                perform(machine.close())
                done()
            case .status(let tell): tell(machine.status)
            case .command(let command, let id, let timeout, let completion):
                submit([command], id: id, timeout: timeout, waiter: .one(completion), at: now)
            case .batch(let commands, let id, let timeout, let completion):
                submit(commands, id: id, timeout: timeout, waiter: .batch([], completion), at: now)
            case .cancel(let id):
                if waiters[id] != nil { self.perform(self.machine.cancel(id)) }
            case .subscribe(let subscriber, let handler): add(subscriber, handler, at: now)
            case .unsubscribe(let subscriber): remove(subscriber, at: now)
            }
        }
        schedule()
    }

    private func submit(_ commands: [RedisCommand], id: UInt64, timeout: Duration?, waiter: Waiter, at now: Duration) {
        waiters[id] = waiter
        perform(machine.submit(commands, id: id, timeout: timeout, at: now))
    }

    private func add(_ subscriber: RedisSubscriber, _ handler: @escaping @Sendable (RedisSubscriptionEvent) -> Void, at now: Duration) {
        let subscription = subscriber.subscription
        if listeners[subscription] == nil {
            do throws(RedisError) {
                let actions = try machine.subscribe(to: subscription, at: now)
                listeners[subscription, default: Listeners()].handlers.append((subscriber.id, handler))
                return perform(actions)
            } catch {
                return handler(.failed(error))
            }
        }
        listeners[subscription, default: Listeners()].handlers.append((subscriber.id, handler))
        if listeners[subscription]?.isEstablished == true { handler(.established) }
    }

    private func remove(_ subscriber: RedisSubscriber, at now: Duration) {
        guard var listeners = self.listeners[subscriber.subscription] else { return }
        listeners.handlers.removeAll { $0.id == subscriber.id }
        if listeners.handlers.isEmpty {
            self.listeners[subscriber.subscription] = nil
            perform(machine.unsubscribe(from: subscriber.subscription, at: now))
        } else {
            self.listeners[subscriber.subscription] = listeners
        }
    }

    // MARK: Actions

    private func perform(_ actions: [RedisClientMachine.Action]) {
        for action in actions {
            switch action {
            case .connect: connect()
            case .disconnect(let error): connectionEnded(error)
            case .close: closeChannel()
            case .flush: scheduleFlush()
            case .fail(let id, let error): fail(id, error)
            case .notify(let subscription, let event): notify(subscription, event)
            }
        }
    }

    private func fail(_ id: UInt64, _ error: RedisError) {
        switch waiters.removeValue(forKey: id) {
        case .one(let completion): completion(.failure(error))
        case .batch(_, let completion): completion(.failure(error))
        case nil: break
        }
    }

    private func complete(_ id: UInt64, _ value: RESPValue, isLast: Bool) {
        switch waiters.removeValue(forKey: id) {
        case .one(let completion):
            if case .error(let reply) = value { completion(.failure(RedisError(reply))) } else { completion(.success(value)) }
        case .batch(var values, let completion):
            values.append(value)
            if isLast { completion(.success(values)) } else { waiters[id] = .batch(values, completion) }
        case nil: break
        }
    }

    private func notify(_ subscription: RedisSubscription, _ event: RedisSubscriptionEvent) {
        guard let listeners = self.listeners[subscription] else { return }
        switch event {
        case .established: self.listeners[subscription]?.isEstablished = true
        case .interrupted: self.listeners[subscription]?.isEstablished = false
        case .failed: self.listeners[subscription] = nil
        case .message: break
        }
        for (_, handler) in listeners.handlers { handler(event) }
    }

    /// One write for all commands of a turn.
    private func scheduleFlush() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        // All of this runs on the loop; `assumeIsolated()` stops the process elsewhere. So do the other two uses below.
        eventLoop.assumeIsolated().execute { self.flush() }
    }

    private func flush() {
        isFlushScheduled = false
        guard let channel = self.channel, let bytes = machine.takeOutgoing() else { return }
        channel.writeAndFlush(bytes, promise: nil)
        schedule()
    }

    // MARK: The connection

    private func connect() {
        self.generation += 1
        let generation = self.generation
        let (configuration, tls) = (self.configuration, self.tls)
        let driver = NIOLoopBound(self, eventLoop: eventLoop)
        ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(configuration.timeouts.connect))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls {
                        try pipeline.addHandler(try Self.tlsHandler(tls, host: configuration.host))
                    }
                    try pipeline.addHandler(
                        RedisChannelHandler(
                            driver: driver.value, generation: generation, waitsForTLS: tls != nil, limits: configuration.limits.values))
                }
            }
            .connect(host: configuration.host, port: configuration.port)
            .assumeIsolated()
            .whenFailure { self.ended(generation, RedisError(.connectionFailed, Self.summary(of: $0))) }
    }

    /// The name is checked against the certificate's; an address cannot be a server name (RFC 6066 §3), and is checked as an address.
    private static func tlsHandler(_ context: NIOSSLContext, host: String) throws -> NIOSSLClientHandler {
        do {
            return try NIOSSLClientHandler(context: context, serverHostname: host)
        } catch let error as NIOSSLExtraError where error == .cannotUseIPAddressInSNI {
            return try NIOSSLClientHandler(context: context, serverHostname: nil)
        }
    }

    /// An error in a few words, without addresses.
    static func summary(of error: any Error) -> String {
        switch error {
        case let error as RESPProtocolError: "\(error)"
        case let error as NIOConnectionError: error.connectionErrors.first.map { Self.summary(of: $0.error) } ?? "unknown host"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case is ChannelError: "connect timeout"
        default: "\(type(of: error))"
        }
    }

    func connected(_ generation: UInt64, _ channel: any Channel) {
        guard generation == self.generation else { return channel.close(promise: nil) }
        self.channel = channel
        perform(machine.connected(at: now))
        schedule()
    }

    func received(_ value: RESPValue, _ generation: UInt64) {
        guard generation == self.generation else { return }
        switch machine.received(value, at: now) {
        case .reply(let id, let value, let isLast): complete(id, value, isLast: isLast)
        case .message(let subscription, let channel, let payload):
            notify(subscription, .message(channel: channel, payload: payload))
        case .nothing: break
        case .actions(let actions): perform(actions)
        }
    }

    /// A batch of replies was received: commands that waited for room may go out.
    func receivedBatch(_ generation: UInt64) {
        guard generation == self.generation else { return }
        if machine.canSendMore { scheduleFlush() }
        if isAway, machine.status.state == .ready {
            isAway = false
            logger.info("connected to Redis again", metadata: ["host": "\(configuration.host)"])
        }
        schedule()
    }

    func ended(_ generation: UInt64, _ error: RedisError) {
        guard generation == self.generation else { return }
        connectionEnded(error)
        schedule()
    }

    private func connectionEnded(_ error: RedisError) {
        closeChannel()
        logger.log(
            level: isAway ? .debug : .warning, "no connection to Redis",
            metadata: ["error": "\(error)", "host": "\(configuration.host)", "port": "\(configuration.port)"])
        isAway = true
        perform(machine.disconnected(error, at: now, random: .random(in: 0..<1)))
    }

    private func closeChannel() {
        generation += 1
        channel?.close(promise: nil)
        channel = nil
    }

    // MARK: Time

    /// Keeps one timer, for the machine's earliest deadline. Firing too early does no harm.
    private func schedule() {
        guard let deadline = machine.nextDeadline else { return }
        if let timer = self.timer, timer.at <= deadline { return }
        self.timer?.task.cancel()
        let time = NIODeadline.uptimeNanoseconds(UInt64(max(0, deadline.nanoseconds)))
        let task = eventLoop.assumeIsolated().scheduleTask(deadline: time) {
            self.timer = nil
            self.perform(self.machine.tick(at: self.now))
            self.schedule()
        }
        self.timer = (deadline, task)
    }
}

extension Duration {
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
