import NIOCore

/// Starts virtual users by the schedule, collects the loops' measurements, and ends the run. Lives on the first event loop.
final class LoadConductor {
    /// The context with the captures of `before`.
    private var context: RunContext
    private let payloads: PayloadRows
    private let options: LoadRunOptions
    private let observer: LoadRunObserver
    private let loop: any EventLoop
    private let players: [LoopPlayer.Handle]
    private var schedule: LoadSchedule
    private var startedAt = NIODeadline.now()
    private var scheduleTimer: Scheduled<Void>?
    private var ticks: [RepeatedTask] = []
    private var promise: EventLoopPromise<RunReport>?
    /// Whether the players have been started, so that there are users to stop.
    private var hasBegun = false
    private var isFinishing = false
    private let hookPlayer: HookPlayer
    private var hooks: [RunReport.Hook] = []

    private var collector: RunCollector
    private var skipped = 0
    private var slip = LatencyHistogram()
    private var cpuAtStart = 0.0
    private var phase: String?
    private var progress = ProgressSnapshot()
    private var period: Int64 = 0

    init(
        _ compiled: CompiledScript, payloads: PayloadRows, options: LoadRunOptions, observer: LoadRunObserver, loops: [any EventLoop]
    ) {
        self.context = RunContext(
            compiled, seed: options.seed, timeScale: options.timeScale, startedAtMilliseconds: options.startedAtMilliseconds)
        self.payloads = payloads
        self.options = options
        self.observer = observer
        self.loop = loops[0]
        self.hookPlayer = HookPlayer(on: loops[0], payloads: payloads, options: options, log: observer.log)
        self.players = loops.map { LoopPlayer.Handle(on: $0) }
        self.schedule = LoadSchedule(
            phases: compiled.script.configuration.phases, weights: compiled.script.scenarios.map(\.weight), seed: options.seed,
            timeScale: options.timeScale, share: options.share)
        self.collector = RunCollector(
            self.context, periodNanoseconds: RunCollector.periodNanoseconds(options.period, end: self.schedule.end))
    }

    private var now: RunInstant { RunInstant(nanoseconds: (NIODeadline.now() - self.startedAt).nanoseconds) }

    // MARK: Life

    func run(_ promise: EventLoopPromise<RunReport>) {
        guard self.promise == nil else { return promise.fail(ChannelError.alreadyClosed) }
        self.promise = promise
        self.startedAt = .now()
        if case .playedElsewhere(let captured) = self.options.hooks { return self.begin(captured: captured) }
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        self.hookPlayer.play(self.context.compiled.before, named: "before", self.context).whenSuccess { outcome in
            let conductor = bound.value
            if let hook = outcome.hook { conductor.hooks.append(hook) }
            if outcome.hasFailed { conductor.end(measured: 0) } else { conductor.begin(captured: outcome.captured) }
        }
    }

    private func begin(captured: [CapturedValue]) {
        let known = self.context
        self.context = RunContext(
            known.compiled, seed: known.seed, timeScale: known.timeScale, startedAtMilliseconds: known.startedAtMilliseconds,
            captured: captured)
        let start = self.options.startUptimeNanoseconds.map { NIODeadline.uptimeNanoseconds($0) } ?? .now()
        self.startedAt = start
        guard start > .now() else { return self.begin() }
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        self.loop.scheduleTask(deadline: start) { bound.value.begin() }
    }

    private func begin() {
        self.hasBegun = true
        self.cpuAtStart = ProcessTime.cpuSeconds()
        let finished = NIOLoopBound(self, eventLoop: self.loop)
        for player in self.players {
            player.start(
                self.context, startedAt: self.startedAt, localAddresses: self.options.localAddresses, log: self.observer.log,
                finished: { [loop] phase in loop.execute { finished.value.userFinished(phase) } })
        }
        self.tick(every: .nanoseconds(self.collector.periodNanoseconds)) { $0.endPeriod() }
        self.tick(every: .seconds(1)) { $0.showProgress() }
        self.advance()
    }

    private func tick(every time: TimeAmount, _ body: @escaping @Sendable (LoadConductor) -> Void) {
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        self.ticks.append(self.loop.scheduleRepeatedTask(initialDelay: time, delay: time) { _ in body(bound.value) })
    }

    func stop() {
        self.schedule.stop()
        self.hookPlayer.stop()
        for player in self.players { player.stopUsers() }
        // Otherwise the start finds that the schedule is over.
        if self.hasBegun { self.finishIfDone() }
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
            case .start(let start):
                self.slip.record(nanoseconds: self.now.nanoseconds - start.intendedAt.nanoseconds)
                let row = self.payloads.values(for: start.user, seed: self.options.seed)
                self.players[start.user / self.options.share.count % self.players.count].play(start, row: row)
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
        let number = self.period
        self.period += 1
        self.collect { $0.add(period: $1, number: number) }
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

    private func add(period: Measurements, number: Int64) {
        var period = period
        period.count(Metric.skipped.id, by: self.skipped)
        self.skipped = 0
        let active = self.schedule.active
        self.observer.told(.period(WorkerPeriod(number: Int(number), measurements: period, activeUsers: active)))
        let report = self.collector.add(period, number: number, now: self.now, activeUsers: active)
        self.observer.measured(self.collector.aggregate, self.context.compiled.catalog, active)
        if let report { self.observer.periodEnded(report, .nanoseconds(self.collector.periodNanoseconds)) }
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
        self.observer.told(.progress(WorkerProgress(counts: total, activeUsers: self.schedule.active)))
        self.progress = ProgressSnapshot(
            total, activeUsers: self.schedule.active, phase: self.phase, elapsed: self.now.seconds, total: self.schedule.end.seconds,
            before: self.progress)
        self.observer.progress(self.progress)
    }

    // MARK: End

    private func finishIfDone() {
        guard self.schedule.isFinished, !self.isFinishing else { return }
        self.isFinishing = true
        self.scheduleTimer?.cancel()
        for tick in self.ticks { tick.cancel() }
        let seconds = self.now.seconds
        let cpu = ProcessTime.cpuSeconds() - self.cpuAtStart
        let number = self.period
        self.collect { conductor, period in
            conductor.add(period: period, number: number)
            conductor.close(seconds: seconds, cpu: cpu)
        }
    }

    private func close(seconds: Double, cpu: Double) {
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        EventLoopFuture.whenAllSucceed(self.players.map { $0.close() }, on: self.loop).whenSuccess { remains in
            let conductor = bound.value
            guard case .played = conductor.options.hooks else { return conductor.report(seconds: seconds, cpu: cpu, remains: remains) }
            conductor.hookPlayer.play(conductor.context.compiled.after, named: "after", conductor.context).whenSuccess { outcome in
                let conductor = bound.value
                if let hook = outcome.hook { conductor.hooks.append(hook) }
                conductor.report(seconds: seconds, cpu: cpu, remains: remains)
            }
        }
    }

    /// `before` failed, so nothing is played.
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
            self.collector.add(part.audit)
        }
        self.observer.told(.ended(WorkerEnd(seconds: seconds, health: health, audit: self.collector.aggregate.audit)))
        self.promise?.succeed(
            self.collector.report(
                seconds: seconds, hooks: self.hooks, version: self.options.version, health: remains.isEmpty ? nil : health))
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
