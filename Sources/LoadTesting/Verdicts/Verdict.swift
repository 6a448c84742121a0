/// The exit status of `dunlin run`.
public enum RunExitStatus: Int32, Sendable, Hashable {
    case passed = 0
    /// A threshold, a condition or an expectation failed, or virtual users failed and no `ensure` allows it.
    case failed = 1
    /// The script is wrong.
    case wrongScript = 2
    /// No connection was ever made.
    case unreachable = 3
}

/// Whether a run passed, and why.
public struct Verdict: Sendable, Hashable {
    public struct Check: Sendable, Hashable {
        public var name: String
        public var passed: Bool
        /// A failed check that is not strict is reported, but does not fail the run.
        public var isStrict: Bool
        /// The measured values, as a text.
        public var detail: String

        public init(name: String, passed: Bool, isStrict: Bool = true, detail: String) {
            self.name = name
            self.passed = passed
            self.isStrict = isStrict
            self.detail = detail
        }
    }

    public var checks: [Check] = []
    public var exitStatus = RunExitStatus.passed

    public init() {}

    /// Judges a run.
    public init(_ ensure: EnsureDefinition, of report: MetricsReport, hooks: [RunReport.Hook] = []) {
        for hook in hooks {
            checks.append(Check(name: "'\(hook.name)'", passed: hook.failure == nil, detail: hook.failure ?? "was played"))
        }
        for threshold in ensure.thresholds { checks.append(Self.check(threshold, report)) }
        for condition in ensure.conditions { checks.append(Self.check(condition, report)) }
        if let maximum = ensure.maximumErrorRate { checks.append(Self.check(maximumErrorRate: maximum, report)) }
        let failedExpectations = report.counter(.expectationsFailed)
        if failedExpectations + report.counter(.expectationsMet) > 0 {
            checks.append(
                Check(
                    name: "expectations", passed: failedExpectations == 0,
                    detail: "\(failedExpectations) of \(failedExpectations + report.counter(.expectationsMet)) failed"))
        }
        let failed = report.counter(.failed)
        if report.counter(.created) == 0, checks.allSatisfy(\.passed) {
            checks.append(Check(name: "a virtual user began", passed: false, detail: "no virtual user began"))
        }
        if !Self.judgesFailedUsers(ensure) {
            checks.append(
                Check(name: "no virtual user failed", passed: failed == 0, detail: "\(failed) of \(report.counter(.created)) failed"))
        }
        if Self.isUnreachable(report) || hooks.contains(where: { $0.name == "before" && !$0.reachedTarget }) {
            exitStatus = .unreachable
        } else if checks.contains(where: { !$0.passed && $0.isStrict }) {
            exitStatus = .failed
        }
    }

    /// True if users tried to connect or to send requests, and none ever succeeded.
    static func isUnreachable(_ report: MetricsReport) -> Bool {
        let reached =
            report.counter(.connects) + report.counter(.refusals) + report.counter(.webSocketConnects) + report.counter(.responses)
        let tried = report.counter(.connectFailures) + report.counter(.webSocketConnectFailures) + report.counter(.requests)
        return reached == 0 && tried > 0
    }

    /// Whether `ensure` says itself how many virtual users may fail.
    private static func judgesFailedUsers(_ ensure: EnsureDefinition) -> Bool {
        ensure.maximumErrorRate != nil || ensure.thresholds.contains { $0.metric == Metric.failed.name }
            || ensure.conditions.contains { $0.metrics.contains(Metric.failed.name) }
    }

    private static func check(_ threshold: EnsureDefinition.Threshold, _ report: MetricsReport) -> Check {
        let name = "\(threshold.metric) <= \(ReportNumber.text(threshold.maximum, digits: 3))"
        guard let value = Self.value(of: threshold.metric, report) else {
            return Check(name: name, passed: false, detail: "\(threshold.metric) was never measured")
        }
        return Check(name: name, passed: value <= threshold.maximum, detail: "was \(ReportNumber.text(value, digits: 3))")
    }

    private static func check(_ condition: EnsureDefinition.Condition, _ report: MetricsReport) -> Check {
        var values: [ScriptValue] = []
        var shown: [String] = []
        for metric in condition.metrics {
            guard let value = Self.value(of: metric, report) else {
                return Check(name: condition.text, passed: false, isStrict: condition.isStrict, detail: "\(metric) was never measured")
            }
            values.append(.double(value))
            shown.append("\(metric) was \(ReportNumber.text(value, digits: 3))")
        }
        var scope = VariableScope(slots: values, random: SeededGenerator(seed: 0), userIndex: 0)
        let passed = condition.expression.value(in: &scope).isTrue
        return Check(name: condition.text, passed: passed, isStrict: condition.isStrict, detail: shown.joined(separator: ", "))
    }

    private static func check(maximumErrorRate: Double, _ report: MetricsReport) -> Check {
        let created = report.counter(.created)
        let rate = created > 0 ? Double(report.counter(.failed)) / Double(created) * 100 : 0
        return Check(
            name: "maxErrorRate <= \(ReportNumber.text(maximumErrorRate, digits: 3)) %", passed: rate <= maximumErrorRate,
            detail: "was \(ReportNumber.text(rate, digits: 3)) %")
    }

    /// A counter that was never counted is 0; a time that was never measured, and a metric that no run has, have no value.
    private static func value(of name: String, _ report: MetricsReport) -> Double? {
        if let value = report.value(of: name) { return value }
        return switch MetricName(name) {
        case .counter, .rate: 0
        case .summary, .time, .unknown: nil
        }
    }
}

/// The share of users who were content: (satisfied + tolerating / 2) / all.
public struct ApdexScore: Sendable, Hashable {
    public var thresholdMilliseconds: Double
    public var satisfied: Int
    public var tolerated: Int
    public var frustrated: Int

    /// Satisfied values are within the threshold, tolerated ones within four times the threshold. Others and failures are frustrated.
    init(_ histogram: LatencyHistogram, failures: Int, thresholdMilliseconds: Double) {
        let count = Double(histogram.count)
        self.thresholdMilliseconds = thresholdMilliseconds
        satisfied = Int((histogram.share(atOrBelow: thresholdMilliseconds) * count).rounded())
        tolerated = Int((histogram.share(atOrBelow: 4 * thresholdMilliseconds) * count).rounded()) - satisfied
        frustrated = histogram.count - satisfied - tolerated + failures
    }

    init(thresholdMilliseconds: Double, satisfied: Int, tolerated: Int, frustrated: Int) {
        self.thresholdMilliseconds = thresholdMilliseconds
        self.satisfied = satisfied
        self.tolerated = tolerated
        self.frustrated = frustrated
    }

    public var score: Double {
        let all = satisfied + tolerated + frustrated
        return all == 0 ? 1 : (Double(satisfied) + Double(tolerated) / 2) / Double(all)
    }

    /// The usual words for ranges of the score.
    public var rating: String {
        switch score {
        case 0.94...: "excellent"
        case 0.85..<0.94: "good"
        case 0.7..<0.85: "fair"
        case 0.5..<0.7: "poor"
        default: "unacceptable"
        }
    }
}
