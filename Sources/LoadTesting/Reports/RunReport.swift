/// The metrics of one period, or of the whole run, by name.
public struct MetricsReport: Sendable, Hashable {
    public var counters: [String: Int] = [:]
    /// The rate per second.
    public var rates: [String: Double] = [:]
    public var summaries: [String: LatencySummary] = [:]
    /// Milliseconds since 1970: the beginning of the period, the first and the last measurement.
    public var period: Int64 = 0
    public var firstMetricAt: Int64?
    public var lastMetricAt: Int64?
    /// Virtual users at work at the end of the period.
    public var activeUsers: Int?

    public init() {}

    /// - Parameters:
    ///   - seconds: the period's width, for rates.
    ///   - startedAt: the run's beginning in milliseconds since 1970.
    init(_ measurements: Measurements, catalog: MetricCatalog, seconds: Double, period: Int64, startedAt: Int64) {
        for (index, count) in measurements.counts.enumerated() where count != 0 { counters[catalog.names[index]] = count }
        for (name, count) in measurements.dynamicCounts where count != 0 { counters[name] = count }
        for (index, histogram) in measurements.histograms.enumerated() {
            if let histogram, histogram.count > 0 { summaries[catalog.names[index]] = LatencySummary(histogram) }
        }
        if seconds > 0 {
            for (counter, name) in Metric.rates where measurements[count: counter.id] > 0 {
                rates[name] = Double(measurements[count: counter.id]) / seconds
            }
        }
        self.period = period
        firstMetricAt = measurements.firstAt.map { startedAt + $0.nanoseconds / 1_000_000 }
        lastMetricAt = measurements.lastAt.map { startedAt + $0.nanoseconds / 1_000_000 }
    }

    var isEmpty: Bool { counters.isEmpty && summaries.isEmpty }

    func counter(_ metric: Metric) -> Int { counters[metric.name] ?? 0 }

    /// A metric by the name that `ensure` uses: a counter, a rate, or a summary with its aggregation. Nil if nothing of the kind was measured.
    func value(of name: String) -> Double? {
        if let counter = counters[name] { return Double(counter) }
        if let rate = rates[name] { return rate }
        guard let dot = name.lastIndex(of: "."), let summary = summaries[String(name[..<dot])] else { return nil }
        return summary[String(name[name.index(after: dot)...])]
    }
}

/// The content of a report about a run.
public struct RunReport: Sendable {
    public struct Step: Sendable, Hashable {
        public var index: Int
        public var label: String
        public var summary: LatencySummary?
    }

    /// The result of `before` or `after`.
    public struct Hook: Sendable, Hashable {
        public var name: String
        /// Nil if it was played to its end.
        public var failure: String?
        /// False if it tried to reach the target and never did.
        public var reachedTarget = true
    }

    public var version = ""
    public var scriptFile = ""
    public var scriptSHA256 = ""
    public var target = ""
    public var environment: String?
    public var seed: UInt64 = 0
    public var timeScale = 1.0
    public var startedAtMilliseconds: Int64 = 0
    public var seconds = 0.0
    /// The length of a period, in seconds.
    public var periodSeconds = 10.0
    public var aggregate = MetricsReport()
    public var intermediate: [MetricsReport] = []
    public var histograms: [String: LatencyHistogram] = [:]
    public var steps: [Step] = []
    public var audit: DeliveryAudit.Report?
    public var health: GeneratorHealth?
    public var apdex: ApdexScore?
    public var verdict = Verdict()
    public var hooks: [Hook] = []
    /// The number of processes that played the run.
    public var workers = 1
    /// One message for each process that ended too early.
    public var lostWorkers: [String] = []
    /// Whether a signal ended the run before its time.
    public var wasInterrupted = false

    public init() {}

    /// Warnings that a reader must see before any figure.
    public var headlines: [String] {
        var lines: [String] = []
        if wasInterrupted { lines.append("the run was interrupted after \(ReportNumber.duration(seconds))") }
        let created = aggregate.counter(.created)
        let completed = aggregate.counter(.completed)
        let failed = aggregate.counter(.failed)
        let emits = aggregate.counter(.emits)
        let errorEvents = aggregate.counter(.errorEvents)
        if verdict.exitStatus == .unreachable {
            lines.append("the target was never reached: \(target)")
        } else if created > 0, completed == 0, failed > 0 {
            lines.append("nothing worked: all \(failed) virtual users failed")
        } else if created == 0, lostWorkers.isEmpty, hooks.allSatisfy({ $0.failure == nil }) {
            lines.append("no virtual user began")
        }
        lines += lostWorkers
        for hook in hooks {
            guard let failure = hook.failure else { continue }
            lines.append("'\(hook.name)' failed: \(failure)\(hook.name == "before" ? "; no virtual user began" : "")")
        }
        if emits > 0, errorEvents * 2 >= emits {
            lines.append(
                "the server answered \(errorEvents) of \(emits) messages with an error event: this run says little about normal work")
        }
        if let findings = health?.findings, !findings.isEmpty {
            lines.append("the generator may have distorted the result: \(findings.joined(separator: "; "))")
        }
        if let skipped = aggregate.counters[Metric.skipped.name], skipped > 0 {
            lines.append("\(skipped) arrivals were skipped, because maxVusers users were at work")
        }
        return lines
    }

    /// Errors, error events and disconnects with their counts, the most frequent first.
    var errors: [(name: String, count: Int)] {
        let prefixes = ["errors.", "socketio.error_events.", "socketio.disconnects.", "websocket.disconnects.", "plugins.expect.failed."]
        return aggregate.counters.filter { counter in prefixes.contains { counter.key.hasPrefix($0) } }
            .map { ($0.key, $0.value) }
            .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    }
}

/// Formats numbers for reports, without zeros at the end.
enum ReportNumber {
    static func text(_ value: Double, digits: Int = 1) -> String {
        guard value.isFinite else { return "–" }
        let factor = (0..<digits).reduce(1.0) { power, _ in power * 10 }
        let rounded = (value * factor).rounded() / factor
        if rounded == rounded.rounded(), abs(rounded) < 1e15 { return String(Int(rounded)) }
        return String(rounded)
    }

    /// `1h 2m 3s`, or seconds with a digit if it is short.
    static func duration(_ seconds: Double) -> String {
        if seconds < 60 { return "\(Self.text(seconds)) s" }
        let whole = Int(seconds.rounded())
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        return hours > 0 ? "\(hours) h \(minutes) min" : rest > 0 ? "\(minutes) min \(rest) s" : "\(minutes) min"
    }

    /// `12,345`.
    static func grouped(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { result.append(",") }
            result.append(digit)
        }
        return value < 0 ? "-" + result : result
    }
}
