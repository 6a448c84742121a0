import NIOCore
import SocketIOClient

/// The virtual users of one event loop, with what they measure. Lives on that loop.
final class LoopPlayer {
    let loop: any EventLoop
    let client: ClientLoop
    let context: RunContext
    let startedAt: NIODeadline
    let log: @Sendable (String) -> Void
    /// Called with the phase of a user who is done.
    private let finished: @Sendable (Int) -> Void
    var measurements: Measurements
    private var users: [Int: UserConnection] = [:]
    private var lag = LatencyHistogram()
    private var lagTask: RepeatedTask?
    private var openConnections = 0
    private var closed: EventLoopPromise<Remains>?
    /// Counts since the beginning, for the live view; periods are taken away from ``measurements``.
    private var glanced = Glance()
    private let localAddresses: [String]
    private var plans: [(request: ConnectionRequest, local: String?, plan: ConnectionPlan)] = []

    /// Plans that are kept. With headers or a query of each user's own every connection has another one.
    private static let maximumPlans = 64

    private static let lagInterval = TimeAmount.milliseconds(50)
    /// Close frames may take this long at the end of a run.
    private static let closeTime = TimeAmount.seconds(3)

    init(
        on loop: any EventLoop, _ context: RunContext, startedAt: NIODeadline, localAddresses: [String],
        log: @escaping @Sendable (String) -> Void,
        finished: @escaping @Sendable (Int) -> Void
    ) {
        self.loop = loop
        self.client = ClientLoop(loop)
        self.context = context
        self.startedAt = startedAt
        self.localAddresses = localAddresses
        self.log = log
        self.finished = finished
        self.measurements = Measurements(catalog: context.compiled.catalog)
        self.measureLag()
    }

    var now: RunInstant { RunInstant(nanoseconds: (self.loop.now - self.startedAt).nanoseconds) }

    // MARK: Users

    func play(_ start: UserStart, row: [(slot: Int, value: ScriptValue)]) {
        let user = VirtualUser(start, plan: self.context.compiled.scenarios[start.scenario], context: self.context, row: row)
        let connection = UserConnection(user, player: self)
        self.users[start.user] = connection
        connection.take(.start)
    }

    func stopUsers() {
        for user in self.users.values { user.take(.stop) }
    }

    func userEnded(_ start: UserStart) {
        guard self.users.removeValue(forKey: start.user) != nil else { return }
        self.finished(start.phase)
    }

    /// The plan of a connection. Users whose headers and query are the same share one.
    func plan(for request: ConnectionRequest, user: Int) throws(SocketIOClientError) -> ConnectionPlan {
        var key = request
        key.auth = nil
        key.namespace = ""
        let local = self.localAddresses.isEmpty ? nil : self.localAddresses[user % self.localAddresses.count]
        if let known = self.plans.last(where: { $0.local == local && $0.request == key }) { return known.plan }
        let plan = ConnectionPlan(try UserConnection.configuration(request, localAddress: local))
        if self.plans.count >= Self.maximumPlans { self.plans.removeFirst() }
        self.plans.append((key, local, plan))
        return plan
    }

    func connectionOpened() { self.openConnections += 1 }

    func connectionClosed() {
        self.openConnections -= 1
        if self.openConnections == 0 { self.finishClosing() }
    }

    // MARK: Collecting

    func take() -> Measurements {
        self.glanced.add(self.measurements)
        return self.measurements.take()
    }

    func glance() -> Glance {
        var glance = self.glanced
        glance.responses = LatencyHistogram()
        glance.add(self.measurements)
        return glance
    }

    private func measureLag() {
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        let due = NIOLoopBoundBox(NIODeadline.now() + Self.lagInterval, eventLoop: self.loop)
        self.lagTask = self.loop.scheduleRepeatedTask(initialDelay: Self.lagInterval, delay: Self.lagInterval) { _ in
            let now = NIODeadline.now()
            bound.value.lag.record(nanoseconds: (now - due.value).nanoseconds)
            due.value = now + Self.lagInterval
        }
    }

    /// Waits for connections that are being closed.
    func close() -> EventLoopFuture<Remains> {
        let promise = self.loop.makePromise(of: Remains.self)
        self.closed = promise
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        if self.openConnections == 0 {
            self.finishClosing()
        } else {
            self.loop.scheduleTask(in: Self.closeTime) { bound.value.finishClosing() }
        }
        return promise.futureResult
    }

    private func finishClosing() {
        guard let closed = self.closed.take() else { return }
        self.lagTask?.cancel()
        closed.succeed(Remains(lag: self.lag, audit: self.measurements.audit))
    }
}

extension LoopPlayer {
    /// What is collected once, at the end.
    struct Remains: Sendable {
        var lag = LatencyHistogram()
        var audit = DeliveryAudit()
    }

    /// Counts for the live view.
    struct Glance: Sendable {
        var created = 0
        var failed = 0
        var sent = 0
        var received = 0
        var errors = 0
        var responses = LatencyHistogram()

        mutating func add(_ other: Glance) {
            self.created += other.created
            self.failed += other.failed
            self.sent += other.sent
            self.received += other.received
            self.errors += other.errors
            self.responses.merge(other.responses)
        }

        mutating func add(_ measurements: Measurements) {
            self.created += measurements[count: Metric.created.id]
            self.failed += measurements[count: Metric.failed.id]
            self.sent += measurements[count: Metric.emits.id] + measurements[count: Metric.sentMessages.id]
            self.received += measurements[count: Metric.eventsReceived.id] + measurements[count: Metric.receivedMessages.id]
            self.errors +=
                measurements[count: Metric.errorEvents.id]
                + measurements.dynamicCounts.reduce(0) {
                    $0 + ($1.key.hasPrefix("errors.") ? $1.value : 0)
                }
            if let histogram = measurements[histogram: Metric.responseTime.id] { self.responses.merge(histogram) }
        }
    }

    /// A player addressed from another loop.
    struct Handle: Sendable {
        private let loop: any EventLoop
        private let box: NIOLoopBoundBox<LoopPlayer?>

        init(on loop: any EventLoop) {
            self.loop = loop
            self.box = .makeEmptyBox(valueType: LoopPlayer.self, eventLoop: loop)
        }

        func start(
            _ context: RunContext, startedAt: NIODeadline, localAddresses: [String], log: @escaping @Sendable (String) -> Void,
            finished: @escaping @Sendable (Int) -> Void
        ) {
            self.loop.execute {
                box.value = LoopPlayer(
                    on: loop, context, startedAt: startedAt, localAddresses: localAddresses, log: log, finished: finished)
            }
        }

        func play(_ start: UserStart, row: [(slot: Int, value: ScriptValue)]) {
            self.loop.execute { box.value?.play(start, row: row) }
        }

        func stopUsers() { self.loop.execute { box.value?.stopUsers() } }

        func take() -> EventLoopFuture<Measurements> {
            self.ask { $0.take() }
        }

        func glance() -> EventLoopFuture<Glance> { self.ask { $0.glance() } }

        func close() -> EventLoopFuture<Remains> {
            self.loop.flatSubmit { box.value?.close() ?? loop.makeSucceededFuture(Remains()) }
        }

        private func ask<Value: Sendable>(_ question: @escaping @Sendable (LoopPlayer) -> Value) -> EventLoopFuture<Value> {
            self.loop.submit {
                // Started before anybody asks: `execute` and `submit` keep their order.
                guard let player = box.value else { throw ChannelError.ioOnClosedChannel }
                return question(player)
            }
        }
    }
}
