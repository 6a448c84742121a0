/// Merges the measurements of event loops or worker processes into periods and the whole run. A value that reads no clock.
struct RunCollector: Sendable {
    let context: RunContext
    let periodNanoseconds: Int64
    let startedAtMilliseconds: Int64
    private(set) var aggregate: Measurements
    private(set) var intermediate: [MetricsReport] = []

    init(_ context: RunContext, periodNanoseconds: Int64) {
        self.context = context
        self.periodNanoseconds = periodNanoseconds
        startedAtMilliseconds = context.startedAtMilliseconds
        aggregate = Measurements(catalog: context.compiled.catalog)
    }

    /// Adds a period.
    ///
    /// - Parameters:
    ///   - number: from 0.
    ///   - now: how much of the period is over, for rates.
    /// - Returns: nil if nothing was measured in it.
    mutating func add(_ period: Measurements, number: Int64, now: RunInstant, activeUsers: Int) -> MetricsReport? {
        let width = periodNanoseconds
        let start = number * width
        let elapsed = min(max(now.nanoseconds - start, 1), width)
        var report = MetricsReport(
            period, catalog: context.compiled.catalog, seconds: Double(elapsed) / 1e9,
            period: startedAtMilliseconds + start / 1_000_000, startedAt: startedAtMilliseconds)
        report.activeUsers = activeUsers
        aggregate.merge(period)
        guard !report.isEmpty else { return nil }
        intermediate.append(report)
        return report
    }

    mutating func add(_ audit: DeliveryAudit) { aggregate.audit.merge(audit) }

    func report(seconds: Double, hooks: [RunReport.Hook], version: String, health: GeneratorHealth?) -> RunReport {
        var report = RunReport(context, measurements: aggregate, seconds: seconds, hooks: hooks)
        report.version = version
        report.periodSeconds = Double(periodNanoseconds) / 1e9
        report.intermediate = intermediate
        report.health = health
        return report
    }

    /// A run is planned with at most this many periods. A longer run has longer ones.
    private static let maximumPeriods: Int64 = 2_000

    /// 10 seconds as in Artillery, or 1 second if the run is planned for less than 100; a multiple of it for a long run.
    ///
    /// - Parameters:
    ///   - wanted: the length instead of 10 seconds or 1.
    ///   - end: of the last phase.
    static func periodNanoseconds(_ wanted: Duration?, end: RunInstant) -> Int64 {
        let usual: Duration = end < RunInstant(nanoseconds: 100_000_000_000) ? .seconds(1) : .seconds(10)
        let wanted = (wanted ?? usual).nanoseconds
        return max(1, (end.nanoseconds / Self.maximumPeriods + wanted - 1) / wanted) * wanted
    }
}
