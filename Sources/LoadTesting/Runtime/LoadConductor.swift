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
    /// The time of `scheduleTimer`. Nil if none is set.
    private var scheduledFor: RunInstant?
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
        context = RunContext(
            compiled, seed: options.seed, timeScale: options.timeScale, startedAtMilliseconds: options.startedAtMilliseconds)
        self.payloads = payloads
        self.options = options
        self.observer = observer
        loop = loops[0]
        hookPlayer = HookPlayer(on: loops[0], payloads: payloads, options: options, log: observer.log)
        players = loops.map { LoopPlayer.Handle(on: $0) }
        schedule = LoadSchedule(
            phases: compiled.script.configuration.phases, weights: compiled.script.scenarios.map(\.weight), seed: options.seed,
            timeScale: options.timeScale, share: options.share)
        collector = RunCollector(
            context, periodNanoseconds: RunCollector.periodNanoseconds(options.period, end: schedule.end))
    }

    private var now: RunInstant { RunInstant(nanoseconds: (NIODeadline.now() - startedAt).nanoseconds) }

    // MARK: Life

    func run(_ promise: EventLoopPromise<RunReport>) {
        guard self.promise == nil else { return promise.fail(ChannelError.alreadyClosed) }
        self.promise = promise
        startedAt = .now()
        if case .playedElsewhere(let captured) = options.hooks { return begin(captured: captured) }
        let bound = NIOLoopBound(self, eventLoop: loop)
        hookPlayer.play(context.compiled.before, named: "before", context).whenSuccess { outcome in
            let conductor = bound.value
            if let hook = outcome.hook { conductor.hooks.append(hook) }
            if outcome.hasFailed { conductor.end(measured: 0) } else { conductor.begin(captured: outcome.captured) }
        }
    }

    private func begin(captured: [CapturedValue]) {
        let known = context
        context = RunContext(
            known.compiled, seed: known.seed, timeScale: known.timeScale, startedAtMilliseconds: known.startedAtMilliseconds,
            captured: captured)
        let start = options.startUptimeNanoseconds.map { NIODeadline.uptimeNanoseconds($0) } ?? .now()
        startedAt = start
        guard start > .now() else { return begin() }
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(deadline: start) { bound.value.begin() }
    }

    private func begin() {
        hasBegun = true
        cpuAtStart = ProcessTime.cpuSeconds()
        let finished = NIOLoopBound(self, eventLoop: self.loop)
        for player in players {
            player.start(
                context, startedAt: startedAt, localAddresses: options.localAddresses, log: observer.log,
                finished: { [loop] phase in loop.execute { finished.value.userFinished(phase) } })
        }
        tick(every: .nanoseconds(collector.periodNanoseconds)) { $0.endPeriod() }
        tick(every: .seconds(1)) { $0.showProgress() }
        advance()
    }

    private func tick(every time: TimeAmount, _ body: @escaping @Sendable (LoadConductor) -> Void) {
        let bound = NIOLoopBound(self, eventLoop: loop)
        ticks.append(loop.scheduleRepeatedTask(initialDelay: time, delay: time) { _ in body(bound.value) })
    }

    func stop() {
        schedule.stop()
        hookPlayer.stop()
        for player in players { player.stopUsers() }
        // Otherwise the start finds that the schedule is over.
        if hasBegun { finishIfDone() }
    }

    // MARK: Users

    private func scheduleDue() {
        scheduleTimer = nil
        scheduledFor = nil
        advance()
    }

    private func advance() {
        perform(schedule.advance(to: now))
        if context.configuration.stopsAtEnd, schedule.isOver, now >= schedule.end { return stop() }
        arm()
        finishIfDone()
    }

    private func arm() {
        let deadline = schedule.nextDeadline
        // The end of a user seldom changes when the next one begins.
        guard deadline != scheduledFor else { return }
        scheduleTimer?.cancel()
        scheduleTimer = nil
        scheduledFor = deadline
        guard let deadline else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        scheduleTimer = loop.scheduleTask(deadline: startedAt + .nanoseconds(deadline.nanoseconds)) { bound.value.scheduleDue() }
    }

    private func perform(_ decisions: [ScheduleDecision]) {
        for decision in decisions {
            switch decision {
            case .phaseStarted(let index):
                let phase = context.configuration.phases[index]
                self.phase = phase.name
                observer.phaseStarted(phase, index)
            case .phaseEnded: break
            case .skipped:
                skipped += 1
            case .start(let start):
                slip.record(nanoseconds: now.nanoseconds - start.intendedAt.nanoseconds)
                let row = payloads.values(for: start.user, seed: options.seed)
                players[start.user / options.share.count % players.count].play(start, row: row)
            }
        }
    }

    private func userFinished(_ phase: Int) {
        perform(schedule.userFinished(phase: phase, at: now))
        arm()
        finishIfDone()
    }

    // MARK: Collecting

    private func endPeriod() {
        let number = period
        period += 1
        collect { $0.add(period: $1, number: number) }
    }

    /// Takes the measurements of all loops.
    private func collect(_ then: @escaping @Sendable (LoadConductor, Measurements) -> Void) {
        let bound = NIOLoopBound(self, eventLoop: loop)
        EventLoopFuture.whenAllSucceed(players.map { $0.take() }, on: loop).whenSuccess { parts in
            var all = parts[0]
            for part in parts.dropFirst() { all.merge(part) }
            then(bound.value, all)
        }
    }

    private func add(period: Measurements, number: Int64) {
        var period = period
        period.count(Metric.skipped.id, by: skipped)
        skipped = 0
        let active = schedule.active
        observer.told(.period(WorkerPeriod(number: Int(number), measurements: period, activeUsers: active)))
        let report = collector.add(period, number: number, now: now, activeUsers: active)
        observer.measured(collector.aggregate, context.compiled.catalog, active)
        if let report { observer.periodEnded(report, .nanoseconds(collector.periodNanoseconds)) }
    }

    private func showProgress() {
        let bound = NIOLoopBound(self, eventLoop: loop)
        EventLoopFuture.whenAllSucceed(players.map { $0.glance() }, on: loop).whenSuccess { parts in
            bound.value.show(parts)
        }
    }

    private func show(_ parts: [LoopPlayer.Glance]) {
        var total = LoopPlayer.Glance()
        for part in parts { total.add(part) }
        observer.told(.progress(WorkerProgress(counts: total, activeUsers: schedule.active)))
        progress = ProgressSnapshot(
            total, activeUsers: schedule.active, phase: phase, elapsed: now.seconds, total: schedule.end.seconds,
            before: progress)
        observer.progress(progress)
    }

    // MARK: End

    private func finishIfDone() {
        guard schedule.isFinished, !isFinishing else { return }
        isFinishing = true
        scheduleTimer?.cancel()
        for tick in ticks { tick.cancel() }
        let seconds = now.seconds
        let cpu = ProcessTime.cpuSeconds() - cpuAtStart
        let number = self.period
        collect { conductor, period in
            conductor.add(period: period, number: number)
            conductor.close(seconds: seconds, cpu: cpu)
        }
    }

    private func close(seconds: Double, cpu: Double) {
        let bound = NIOLoopBound(self, eventLoop: loop)
        EventLoopFuture.whenAllSucceed(players.map { $0.close() }, on: loop).whenSuccess { remains in
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
        isFinishing = true
        report(seconds: seconds, cpu: 0, remains: [])
    }

    private func report(seconds: Double, cpu: Double, remains: [LoopPlayer.Remains]) {
        var health = GeneratorHealth()
        health.cpuSeconds = cpu
        health.wallSeconds = seconds
        health.eventLoops = players.count
        health.scheduleSlip = slip
        for part in remains {
            health.loopLag.merge(part.lag)
            collector.add(part.audit)
        }
        observer.told(.ended(WorkerEnd(seconds: seconds, health: health, audit: collector.aggregate.audit)))
        promise?.succeed(
            collector.report(
                seconds: seconds, hooks: hooks, version: options.version, health: remains.isEmpty ? nil : health))
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
