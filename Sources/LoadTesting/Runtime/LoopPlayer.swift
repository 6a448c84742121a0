import EngineIOCore
import NIOCore
import NIOSSL
import SocketIOClient

/// The virtual users of one event loop, with what they measure. Lives on that loop.
final class LoopPlayer {
    let loop: any EventLoop
    let client: ClientLoop
    let context: RunContext
    let startedAt: NIODeadline
    let log: @Sendable (String) -> Void
    /// Called with the phase of a user who has finished.
    private let finished: @Sendable (Int) -> Void
    var measurements: Measurements
    private var users: [Int: UserConnection] = [:]
    private var lag = LatencyHistogram()
    private var lagTask: RepeatedTask?
    private var openConnections = 0
    private var closed: EventLoopPromise<Remains>?
    /// Counts since the beginning, for the live view: ``measurements`` holds only the current period.
    private var glanced = Glance()
    /// Bytes that ``measurements`` has already counted.
    private var takenBytes = (sent: 0, received: 0)
    private let localAddresses: [String]
    private(set) var plans: [(request: ConnectionRequest, local: String?, plan: ConnectionPlan)] = []
    /// The first plan of each server, whose TLS context later plans share.
    private var servers: [ServerKey: ConnectionPlan] = [:]
    /// The user that plays `before` or `after`, and the promise of its result.
    private var hook: (user: Int, promise: EventLoopPromise<HookResult>)?

    private struct ServerKey: Hashable {
        var url: String
        var local: String?
        var verifiesCertificates: Bool
    }

    /// The maximum number of kept plans. If each user has its own headers or query, every connection has another plan.
    private static let maximumPlans = 64

    private static let lagInterval = TimeAmount.milliseconds(50)
    /// How long connections may take to close at the end of a run.
    private static let closeTime = TimeAmount.seconds(3)

    init(
        on loop: any EventLoop, _ context: RunContext, startedAt: NIODeadline, localAddresses: [String],
        log: @escaping @Sendable (String) -> Void,
        finished: @escaping @Sendable (Int) -> Void
    ) {
        self.loop = loop
        client = ClientLoop(loop)
        self.context = context
        self.startedAt = startedAt
        self.localAddresses = localAddresses
        self.log = log
        self.finished = finished
        measurements = Measurements(catalog: context.compiled.catalog)
        measureLag()
    }

    var now: RunInstant { RunInstant(nanoseconds: (loop.now - startedAt).nanoseconds) }

    // MARK: Users

    func play(_ start: UserStart, row: [(slot: Int, value: ScriptValue)]) {
        let user = VirtualUser(start, plan: context.compiled.scenarios[start.scenario], context: context, row: row)
        let connection = UserConnection(user, player: self)
        users[start.user] = connection
        connection.take(.start)
    }

    func stopUsers() {
        for user in users.values { user.take(.stop) }
    }

    func userEnded(_ user: VirtualUser) {
        guard users.removeValue(forKey: user.start.user) != nil else { return }
        if let hook, hook.user == user.start.user {
            self.hook = nil
            hook.promise.succeed(HookResult(outcome: user.outcome ?? .completed, captured: user.captured))
        } else {
            finished(user.start.phase)
        }
    }

    /// Plays `before` or `after`.
    func play(hook plan: ScenarioPlan, row: [(slot: Int, value: ScriptValue)]) -> EventLoopFuture<HookResult> {
        let promise = loop.makePromise(of: HookResult.self)
        // No user of the schedule has this number.
        let start = UserStart(user: .max, scenario: 0, phase: 0, intendedAt: now)
        hook = (start.user, promise)
        let connection = UserConnection(VirtualUser(start, plan: plan, context: context, row: row), player: self)
        users[start.user] = connection
        connection.take(.start)
        return promise.futureResult
    }

    /// The plan of a connection. Users whose headers and query are the same share one.
    func plan(for request: ConnectionRequest, user: Int) throws(SocketIOClientError) -> ConnectionPlan {
        var key = request
        key.auth = nil
        key.namespace = ""
        let local = localAddress(of: user)
        if let known = plans.last(where: { $0.local == local && $0.request == key }) { return known.plan }
        let server = try self.server(request.url, local: local, verifies: request.verifiesCertificates)
        var configuration = server.configuration
        configuration.path = request.path
        configuration.transports =
            request.transports == [.websocket] ? .webSocket : request.transports == [.polling] ? .polling : .pollingThenUpgrade
        configuration.query = request.query.map { ($0.name, $0.value) }
        configuration.headers = request.headers.map { ($0.name, $0.value) }
        configuration.subprotocols = request.subprotocols
        configuration.timeout = request.timeout
        let plan = ConnectionPlan(configuration, sharingTLSOf: server)
        if plans.count >= Self.maximumPlans { plans.removeFirst() }
        plans.append((key, local, plan))
        return plan
    }

    /// The plan of connections for HTTP requests.
    func plan(origin: String, verifies: Bool, user: Int) throws(SocketIOClientError) -> ConnectionPlan {
        try server(origin, local: localAddress(of: user), verifies: verifies)
    }

    private func localAddress(of user: Int) -> String? {
        localAddresses.isEmpty ? nil : localAddresses[user % localAddresses.count]
    }

    private func server(_ url: String, local: String?, verifies: Bool) throws(SocketIOClientError) -> ConnectionPlan {
        let key = ServerKey(url: url, local: local, verifiesCertificates: verifies)
        if let known = servers[key] { return known }
        var configuration = try ConnectionConfiguration(url)
        if !verifies { configuration.tls.certificateVerification = .none }
        // With an address in the URL no user needs a look-up.
        configuration.address = try? SocketAddress(ipAddress: configuration.url.host, port: configuration.url.port)
        configuration.localAddress = local.flatMap { try? SocketAddress(ipAddress: $0, port: 0) }
        let plan = ConnectionPlan(configuration)
        if servers.count >= Self.maximumPlans { servers.removeAll() }
        servers[key] = plan
        return plan
    }

    func connectionOpened() { openConnections += 1 }

    func connectionClosed() {
        openConnections -= 1
        if openConnections == 0 { finishClosing() }
    }

    // MARK: Collecting

    func take() -> Measurements {
        let (sent, received) = (client.bytesSent, client.bytesReceived)
        measurements.count(Metric.bytesSent.id, by: sent - takenBytes.sent)
        measurements.count(Metric.bytesReceived.id, by: received - takenBytes.received)
        takenBytes = (sent, received)
        glanced.add(measurements)
        return measurements.take()
    }

    func glance() -> Glance {
        var glance = glanced
        glance.responses = LatencyHistogram()
        glance.add(measurements)
        return glance
    }

    private func measureLag() {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let due = NIOLoopBoundBox(NIODeadline.now() + Self.lagInterval, eventLoop: loop)
        lagTask = loop.scheduleRepeatedTask(initialDelay: Self.lagInterval, delay: Self.lagInterval) { _ in
            let now = NIODeadline.now()
            bound.value.lag.record(nanoseconds: (now - due.value).nanoseconds)
            due.value = now + Self.lagInterval
        }
    }

    /// Waits for connections that are being closed.
    func close() -> EventLoopFuture<Remains> {
        let promise = loop.makePromise(of: Remains.self)
        closed = promise
        let bound = NIOLoopBound(self, eventLoop: loop)
        if openConnections == 0 {
            finishClosing()
        } else {
            loop.scheduleTask(in: Self.closeTime) { bound.value.finishClosing() }
        }
        return promise.futureResult
    }

    private func finishClosing() {
        guard let closed = self.closed.take() else { return }
        lagTask?.cancel()
        closed.succeed(Remains(lag: lag, audit: measurements.audit))
    }
}

/// The result of `before` or `after`.
struct HookResult: Sendable {
    var outcome: VirtualUser.Outcome
    var captured: [CapturedValue]
}

extension LoopPlayer {
    /// The measurements that are collected once, at the end.
    struct Remains: Sendable {
        var lag = LatencyHistogram()
        var audit = DeliveryAudit()
    }

    /// Counts for the live view.
    struct Glance: Sendable, Codable {
        var created = 0
        var failed = 0
        var sent = 0
        var received = 0
        var errors = 0
        var responses = LatencyHistogram()

        mutating func add(_ other: Glance) {
            created += other.created
            failed += other.failed
            sent += other.sent
            received += other.received
            errors += other.errors
            responses.merge(other.responses)
        }

        mutating func add(_ measurements: Measurements) {
            created += measurements[count: Metric.created.id]
            failed += measurements[count: Metric.failed.id]
            sent +=
                measurements[count: Metric.emits.id] + measurements[count: Metric.sentMessages.id] + measurements[count: Metric.requests.id]
            received +=
                measurements[count: Metric.eventsReceived.id] + measurements[count: Metric.receivedMessages.id]
                + measurements[count: Metric.responses.id]
            errors +=
                measurements[count: Metric.errorEvents.id]
                + measurements.dynamicCounts.reduce(0) {
                    $0 + ($1.key.hasPrefix("errors.") ? $1.value : 0)
                }
            for metric in [Metric.responseTime, .webSocketResponseTime, .httpResponseTime] {
                if let histogram = measurements[histogram: metric.id] { responses.merge(histogram) }
            }
        }
    }

    /// A player addressed from another loop.
    struct Handle: Sendable {
        private let loop: any EventLoop
        private let box: NIOLoopBoundBox<LoopPlayer?>

        init(on loop: any EventLoop) {
            self.loop = loop
            box = .makeEmptyBox(valueType: LoopPlayer.self, eventLoop: loop)
        }

        func start(
            _ context: RunContext, startedAt: NIODeadline, localAddresses: [String], log: @escaping @Sendable (String) -> Void,
            finished: @escaping @Sendable (Int) -> Void
        ) {
            loop.execute {
                box.value = LoopPlayer(
                    on: loop, context, startedAt: startedAt, localAddresses: localAddresses, log: log, finished: finished)
            }
        }

        func play(_ start: UserStart, row: [(slot: Int, value: ScriptValue)]) {
            loop.execute { box.value?.play(start, row: row) }
        }

        func play(
            hook plan: ScenarioPlan, row: [(slot: Int, value: ScriptValue)]
        ) -> EventLoopFuture<HookResult> {
            loop.flatSubmit { box.value?.play(hook: plan, row: row) ?? loop.makeFailedFuture(ChannelError.ioOnClosedChannel) }
        }

        func stopUsers() { loop.execute { box.value?.stopUsers() } }

        func take() -> EventLoopFuture<Measurements> {
            ask { $0.take() }
        }

        func glance() -> EventLoopFuture<Glance> { ask { $0.glance() } }

        func close() -> EventLoopFuture<Remains> {
            loop.flatSubmit { box.value?.close() ?? loop.makeSucceededFuture(Remains()) }
        }

        private func ask<Value: Sendable>(_ question: @escaping @Sendable (LoopPlayer) -> Value) -> EventLoopFuture<Value> {
            loop.submit {
                // Started before anybody asks: `execute` and `submit` keep their order.
                guard let player = box.value else { throw ChannelError.ioOnClosedChannel }
                return question(player)
            }
        }
    }
}
