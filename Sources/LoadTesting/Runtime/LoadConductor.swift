import NIOCore

/// Starts virtual users by the schedule, collects what the loops measure, and ends the run. Lives on the first event loop.
final class LoadConductor {
    /// With what `before` captured.
    var context: RunContext
    let payloads: PayloadRows
    let options: LoadRunOptions
    let observer: LoadRunObserver
    let loop: any EventLoop
    private let players: [LoopPlayer.Handle]
    var schedule: LoadSchedule
    private var startedAt = NIODeadline.now()
    private var scheduleTimer: Scheduled<Void>?
    private var ticks: [RepeatedTask] = []
    private var promise: EventLoopPromise<RunReport>?
    private var isFinishing = false
    /// Plays `before` or `after` at the moment.
    var hookPlayer: LoopPlayer.Handle?
    var hooks: [RunReport.Hook] = []

    private var aggregate: Measurements
    private var intermediate: [MetricsReport] = []
    private var skipped = 0
    private var slip = LatencyHistogram()
    private var cpuAtStart = 0.0
    private var phase: String?
    private var progress = ProgressSnapshot()
    private var nextPeriod: Int64 = 0

    /// Reports keep at most this many periods; a longer run has longer ones.
    private static let maximumPeriods: Int64 = 2_000

    init(
        _ compiled: CompiledScript, payloads: PayloadRows, options: LoadRunOptions, observer: LoadRunObserver, loops: [any EventLoop]
    ) {
        self.context = RunContext(
            compiled, seed: options.seed, timeScale: options.timeScale, startedAtMilliseconds: options.startedAtMilliseconds)
        self.payloads = payloads
        self.options = options
        self.observer = observer
        self.loop = loops[0]
        self.players = loops.map { LoopPlayer.Handle(on: $0) }
        self.schedule = LoadSchedule(
            phases: compiled.script.configuration.phases, weights: compiled.script.scenarios.map(\.weight), seed: options.seed,
            timeScale: options.timeScale)
        self.aggregate = Measurements(catalog: compiled.catalog)
    }

    private var now: RunInstant { RunInstant(nanoseconds: (NIODeadline.now() - self.startedAt).nanoseconds) }

    private var periodNanoseconds: Int64 {
        let usual: Duration = self.schedule.end < RunInstant(nanoseconds: 100_000_000_000) ? .seconds(1) : .seconds(10)
        let wanted = (self.options.period ?? usual).nanoseconds
        return max(wanted, (self.schedule.end.nanoseconds / Self.maximumPeriods / wanted) * wanted)
    }

    // MARK: Life

    func run(_ promise: EventLoopPromise<RunReport>) {
        guard self.promise == nil else { return promise.fail(ChannelError.alreadyClosed) }
        self.promise = promise
        self.startedAt = .now()
        self.play(self.context.compiled.before, named: "before") { conductor, result in
            guard case .completed = result?.outcome ?? .completed else { return conductor.end(measured: 0) }
            conductor.begin(captured: result?.captured ?? [])
        }
    }

    private func begin(captured: [CapturedValue]) {
        let known = self.context
        self.context = RunContext(
            known.compiled, seed: known.seed, timeScale: known.timeScale, startedAtMilliseconds: known.startedAtMilliseconds,
            captured: captured)
        self.startedAt = .now()
        self.cpuAtStart = ProcessTime.cpuSeconds()
        let finished = NIOLoopBound(self, eventLoop: self.loop)
        for player in self.players {
            player.start(
                self.context, startedAt: self.startedAt, localAddresses: self.options.localAddresses, log: self.observer.log,
                finished: { [loop] phase in loop.execute { finished.value.userFinished(phase) } })
        }
        self.nextPeriod = self.periodNanoseconds
        self.tick(every: .nanoseconds(self.periodNanoseconds)) { $0.endPeriod() }
        self.tick(every: .seconds(1)) { $0.showProgress() }
        self.advance()
    }

    private func tick(every time: TimeAmount, _ body: @escaping @Sendable (LoadConductor) -> Void) {
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        self.ticks.append(self.loop.scheduleRepeatedTask(initialDelay: time, delay: time) { _ in body(bound.value) })
    }

    func stop() {
        self.schedule.stop()
        self.hookPlayer?.stopUsers()
        for player in self.players { player.stopUsers() }
        // Nobody has begun: what ends `before` goes on from there.
        if self.hookPlayer == nil { self.finishIfDone() }
    }

    // MARK: Users

    private func advance() {
        self.perform(self.schedule.advance(to: self.now))
        if self.context.configuration.stopsAtEnd, self.schedule.isOver, self.now >= self.schedule.end { return self.stop() }
        self.arm()
        self.finishIfDone()
    }

    private func arm() {
        self.scheduleTimer?.cancel()
        self.scheduleTimer = nil
        guard let deadline = self.schedule.nextDeadline else { return }
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        self.scheduleTimer = self.loop.scheduleTask(deadline: self.startedAt + .nanoseconds(deadline.nanoseconds)) { bound.value.advance() }
    }

    private func perform(_ decisions: [ScheduleDecision]) {
        for decision in decisions {
            switch decision {
            case .phaseStarted(let index):
                let phase = self.context.configuration.phases[index]
                self.phase = phase.name
                self.observer.phaseStarted(phase, index)
            case .phaseEnded: break
            case .skipped:
                self.skipped += 1
                self.aggregate.count(Metric.skipped.id)
            case .start(let start):
                self.slip.record(nanoseconds: self.now.nanoseconds - start.intendedAt.nanoseconds)
                let row = self.payloads.values(for: start.user, seed: self.options.seed)
                self.players[start.user % self.players.count].play(start, row: row)
            }
        }
    }

    private func userFinished(_ phase: Int) {
        self.perform(self.schedule.userFinished(phase: phase, at: self.now))
        self.arm()
        self.finishIfDone()
    }

    // MARK: Collecting

    private func endPeriod() {
        let end = self.nextPeriod
        self.nextPeriod += self.periodNanoseconds
        self.collect { $0.add(period: $1, endsAt: end) }
    }

    /// Takes the measurements of all loops.
    private func collect(_ then: @escaping @Sendable (LoadConductor, Measurements) -> Void) {
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        EventLoopFuture.whenAllSucceed(self.players.map { $0.take() }, on: self.loop).whenSuccess { parts in
            var all = parts[0]
            for part in parts.dropFirst() { all.merge(part) }
            then(bound.value, all)
        }
    }

    private func add(period: Measurements, endsAt end: Int64) {
        let width = self.periodNanoseconds
        let start = max(end - width, 0)
        let elapsed = min(max(self.now.nanoseconds - start, 1), width)
        var report = MetricsReport(
            period, catalog: self.context.compiled.catalog, seconds: Double(elapsed) / 1e9,
            period: self.options.startedAtMilliseconds + start / 1_000_000, startedAt: self.options.startedAtMilliseconds)
        report.activeUsers = self.schedule.active
        if self.skipped > 0 { report.counters[Metric.skipped.name] = self.skipped }
        self.skipped = 0
        self.aggregate.merge(period)
        self.observer.measured(self.aggregate, self.context.compiled.catalog, self.schedule.active)
        guard !report.isEmpty else { return }
        self.intermediate.append(report)
        self.observer.periodEnded(report, .nanoseconds(width))
    }

    private func showProgress() {
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        EventLoopFuture.whenAllSucceed(self.players.map { $0.glance() }, on: self.loop).whenSuccess { parts in
            bound.value.show(parts)
        }
    }

    private func show(_ parts: [LoopPlayer.Glance]) {
        var total = LoopPlayer.Glance()
        for part in parts { total.add(part) }
        var next = ProgressSnapshot()
        next.elapsed = self.now.seconds
        next.total = self.schedule.end.seconds
        next.phase = self.phase
        next.activeUsers = self.schedule.active
        next.created = total.created
        next.failed = total.failed
        next.errors = total.errors
        next.arrivalsPerSecond = Double(total.created - self.progress.created)
        next.sentPerSecond = Double(total.sent - self.progress.sent)
        next.receivedPerSecond = Double(total.received - self.progress.received)
        next.sent = total.sent
        next.received = total.received
        if total.responses.count > 0 {
            next.median = total.responses.milliseconds(atPercentile: 50)
            next.p99 = total.responses.milliseconds(atPercentile: 99)
        }
        self.progress = next
        self.observer.progress(next)
    }

    // MARK: End

    private func finishIfDone() {
        guard self.schedule.isFinished, !self.isFinishing else { return }
        self.isFinishing = true
        self.scheduleTimer?.cancel()
        for tick in self.ticks { tick.cancel() }
        let seconds = self.now.seconds
        let cpu = ProcessTime.cpuSeconds() - self.cpuAtStart
        let end = self.nextPeriod
        self.collect { conductor, period in
            conductor.add(period: period, endsAt: end)
            conductor.close(seconds: seconds, cpu: cpu)
        }
    }

    private func close(seconds: Double, cpu: Double) {
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        EventLoopFuture.whenAllSucceed(self.players.map { $0.close() }, on: self.loop).whenSuccess { remains in
            let conductor = bound.value
            conductor.play(conductor.context.compiled.after, named: "after") { conductor, _ in
                conductor.report(seconds: seconds, cpu: cpu, remains: remains)
            }
        }
    }

    /// `before` failed: there is nothing to play.
    private func end(measured seconds: Double) {
        self.isFinishing = true
        self.report(seconds: seconds, cpu: 0, remains: [])
    }

    private func report(seconds: Double, cpu: Double, remains: [LoopPlayer.Remains]) {
        var health = GeneratorHealth()
        health.cpuSeconds = cpu
        health.wallSeconds = seconds
        health.eventLoops = self.players.count
        health.scheduleSlip = self.slip
        for part in remains {
            health.loopLag.merge(part.lag)
            self.aggregate.audit.merge(part.audit)
        }
        var report = RunReport(self.context, measurements: self.aggregate, seconds: seconds, hooks: self.hooks)
        report.version = self.options.version
        report.periodSeconds = Double(self.periodNanoseconds) / 1e9
        report.intermediate = self.intermediate
        report.health = remains.isEmpty ? nil : health
        self.promise?.succeed(report)
    }
}

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// CPU time of this process.
enum ProcessTime {
    static func cpuSeconds() -> Double {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
