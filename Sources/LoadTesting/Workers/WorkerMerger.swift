/// Merges the messages of a run's worker processes into one view and one report. It merges histograms, never percentiles. It is a value that
/// reads no clock and makes no calls.
public struct WorkerMerger: Sendable {
    private struct Worker: Sendable {
        var progress = WorkerProgress()
        /// The number of periods that it has reported.
        var periods = 0
        var end: WorkerEnd?
        var isLost = false

        var isDone: Bool { end != nil || isLost }
    }

    private struct Period: Sendable {
        var measurements: Measurements
        var activeUsers = 0
    }

    private var workers: [Worker]
    private var collector: RunCollector
    /// Periods that some workers have not reported yet, by number.
    private var open: [Int: Period] = [:]
    private var nextPeriod = 0
    private var lostWorkers: [String] = []
    private var lastSnapshot = ProgressSnapshot()
    private let planned: Double
    private let version: String

    /// - Parameter options: of the whole run.
    public init(_ script: Script, options: LoadRunOptions, workers: Int) {
        let context = RunContext(
            CompiledScript(script), seed: options.seed, timeScale: options.timeScale, startedAtMilliseconds: options.startedAtMilliseconds)
        let end = LoadSchedule(
            phases: script.configuration.phases, weights: script.scenarios.map(\.weight), seed: options.seed, timeScale: options.timeScale
        ).end
        collector = RunCollector(context, periodNanoseconds: RunCollector.periodNanoseconds(options.period, end: end))
        self.workers = Array(repeating: Worker(), count: workers)
        planned = end.seconds
        version = options.version
    }

    public var catalog: MetricCatalog { collector.context.compiled.catalog }
    public var measurements: Measurements { collector.aggregate }
    public var periodLength: Duration { .nanoseconds(collector.periodNanoseconds) }
    public var activeUsers: Int { workers.reduce(0) { $0 + ($1.isDone ? 0 : $1.progress.activeUsers) } }

    /// Takes a message.
    ///
    /// - Returns: the periods that are complete now.
    public mutating func receive(_ message: WorkerMessage, from worker: Int) -> [MetricsReport] {
        switch message {
        case .progress(let progress): workers[worker].progress = progress
        case .period(let period):
            workers[worker].periods = max(workers[worker].periods, period.number + 1)
            var known = self.open[period.number] ?? Period(measurements: Measurements(catalog: catalog))
            known.measurements.merge(period.measurements)
            known.activeUsers += period.activeUsers
            self.open[period.number] = known
        case .ended(let end):
            collector.add(end.audit)
            workers[worker].end = end
        case .log: break
        }
        return completePeriods()
    }

    /// A worker has ended. Without its last message it is lost, with the users that it had.
    public mutating func exited(_ worker: Int, reason: String, after seconds: Double) -> [MetricsReport] {
        guard workers[worker].end == nil else { return [] }
        workers[worker].isLost = true
        lostWorkers.append(
            "worker \(worker + 1) of \(workers.count) was lost after \(ReportNumber.text(seconds)) s (\(reason)): "
                + "its \(workers[worker].progress.activeUsers) virtual users at work, and all that it had not reported yet, are missing")
        return completePeriods()
    }

    /// The first worker that has not ended.
    var firstAtWork: Int? { workers.firstIndex { !$0.isDone } }

    public var isDone: Bool { workers.allSatisfy(\.isDone) }

    /// A period is complete when every running worker has reported it.
    private mutating func completePeriods() -> [MetricsReport] {
        var reports: [MetricsReport] = []
        while workers.allSatisfy({ $0.isDone || $0.periods > nextPeriod }) {
            guard let last = self.open.keys.max(), last >= nextPeriod else { break }
            let number = nextPeriod
            nextPeriod += 1
            guard let period = self.open.removeValue(forKey: number) else { continue }
            let end = RunInstant(nanoseconds: (Int64(number) + 1) * collector.periodNanoseconds)
            let now = period.measurements.lastAt.map { last in isDone && self.open.isEmpty ? last : end } ?? end
            let report = collector.add(period.measurements, number: Int64(number), now: now, activeUsers: period.activeUsers)
            if let report { reports.append(report) }
        }
        return reports
    }

    /// One view of all workers.
    public mutating func snapshot(at seconds: Double, phase: String?) -> ProgressSnapshot {
        var total = LoopPlayer.Glance()
        for worker in workers { total.add(worker.progress.counts) }
        lastSnapshot = ProgressSnapshot(
            total, activeUsers: activeUsers, phase: phase, elapsed: seconds, total: planned, before: lastSnapshot)
        return lastSnapshot
    }

    /// The report of the whole run.
    ///
    /// - Parameter hooks: the outcomes of `before` and `after`.
    public func report(hooks: [HookOutcome] = []) -> RunReport {
        var health = GeneratorHealth()
        health.eventLoops = 0
        for end in workers.compactMap(\.end) { health.merge(end.health) }
        let seconds = workers.compactMap(\.end?.seconds).max() ?? 0
        var report = collector.report(
            seconds: seconds, hooks: hooks.compactMap(\.hook), version: version, health: health.eventLoops > 0 ? health : nil)
        report.workers = workers.count
        report.lostWorkers = lostWorkers
        if !lostWorkers.isEmpty {
            report.verdict.checks.insert(
                Verdict.Check(
                    name: "all workers played to the end", passed: false,
                    detail: "\(lostWorkers.count) of \(workers.count) were lost"), at: 0)
            if report.verdict.exitStatus == .passed { report.verdict.exitStatus = .failed }
        }
        return report
    }
}

extension GeneratorHealth {
    /// Adds another process of the same run.
    mutating func merge(_ other: GeneratorHealth) {
        cpuSeconds += other.cpuSeconds
        wallSeconds = max(wallSeconds, other.wallSeconds)
        eventLoops += other.eventLoops
        loopLag.merge(other.loopLag)
        scheduleSlip.merge(other.scheduleSlip)
    }
}
