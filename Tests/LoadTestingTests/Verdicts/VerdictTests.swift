import Testing

@testable import LoadTesting

@Suite("Verdicts")
struct VerdictTests {
    private func metrics(_ counters: [Metric: Int], p99: Double? = nil) -> MetricsReport {
        var report = MetricsReport()
        for (metric, count) in counters { report.counters[metric.name] = count }
        if let p99 {
            var summary = LatencySummary()
            summary.count = 10
            summary.p99 = p99
            report.summaries["socketio.response_time"] = summary
        }
        return report
    }

    private func ensure(_ text: String) throws -> EnsureDefinition {
        try parse(flow("- think: 1", config: "ensure: \(text)")).configuration.ensure
    }

    private let fine: [Metric: Int] = [.created: 10, .completed: 10, .connects: 10]

    @Test("a run without ensure passes if nobody failed and fails if somebody did")
    func failedUsers() {
        #expect(Verdict(EnsureDefinition(), of: metrics(fine)).exitStatus == .passed)
        #expect(Verdict(EnsureDefinition(), of: metrics([.created: 10, .completed: 9, .failed: 1, .connects: 10])).exitStatus == .failed)
    }

    @Test("an ensure that speaks of failed users decides about them")
    func allowedFailures() throws {
        let run = metrics([.created: 100, .completed: 99, .failed: 1, .connects: 100])
        for text in ["{maxErrorRate: 1}", "{thresholds: [{vusers.failed: 1}]}", "{conditions: [\"vusers.failed < 2\"]}"] {
            #expect(Verdict(try ensure(text), of: run).exitStatus == .passed, "\(text)")
        }
        for text in ["{maxErrorRate: 0.5}", "{thresholds: [{vusers.failed: 0}]}", "{conditions: [\"vusers.failed == 0\"]}", "{p99: 1000}"] {
            #expect(Verdict(try ensure(text), of: run).exitStatus == .failed, "\(text)")
        }
    }

    @Test("a threshold holds at its value and fails above it")
    func thresholds() throws {
        let limit = try ensure("{thresholds: [{socketio.response_time.p99: 250}]}")
        #expect(Verdict(limit, of: metrics(fine, p99: 250)).exitStatus == .passed)
        #expect(Verdict(limit, of: metrics(fine, p99: 250.1)).exitStatus == .failed)
        #expect(Verdict(try ensure("{p99: 250}"), of: metrics(fine, p99: 251)).exitStatus == .failed)
    }

    @Test("a threshold on a time that was never measured fails and says so")
    func neverMeasured() throws {
        let verdict = Verdict(try ensure("{thresholds: [{socketio.response_time.p99: 250}]}"), of: metrics(fine))
        #expect(verdict.exitStatus == .failed)
        #expect(verdict.checks.contains { $0.detail.contains("never measured") })
    }

    @Test("a condition that is not strict is reported and does not fail the run")
    func notStrict() throws {
        let verdict = Verdict(try ensure("{conditions: [{expression: \"vusers.completed > 100\", strict: false}]}"), of: metrics(fine))
        #expect(verdict.exitStatus == .passed)
        #expect(verdict.checks.contains { !$0.passed && !$0.isStrict })
    }

    @Test("conditions have arithmetic, and, or, not, and names with dots")
    func expressions() throws {
        let run = metrics([.created: 10, .completed: 10, .connects: 10, .emits: 40], p99: 20)
        let cases = [
            ("socketio.emit / vusers.created >= 4", true), ("socketio.response_time.p99 < 30 and vusers.failed == 0", true),
            ("not (vusers.completed == 10)", false), ("vusers.failed > 0 or socketio.emit == 40", true), ("errors.ETIMEDOUT == 0", true),
            ("(socketio.emit + 10) % 7 = 1", true), ("socketio.emit in (40)", false),
        ]
        for (condition, passes) in cases.dropLast() {
            let verdict = Verdict(try ensure("{conditions: [\"\(condition)\"]}"), of: run)
            #expect(verdict.checks.first?.passed == passes, "\(condition)")
        }
    }

    @Test("a failed expectation fails the run")
    func expectations() {
        var counters = fine
        counters[.expectationsMet] = 9
        counters[.expectationsFailed] = 1
        #expect(Verdict(EnsureDefinition(), of: metrics(counters)).exitStatus == .failed)
    }

    @Test("a target that nobody ever reached is a status of its own, also if failures are allowed")
    func unreachable() throws {
        let run = metrics([.created: 10, .failed: 10, .connectFailures: 10])
        #expect(Verdict(EnsureDefinition(), of: run).exitStatus == .unreachable)
        #expect(Verdict(try ensure("{maxErrorRate: 100}"), of: run).exitStatus == .unreachable)
        #expect(
            Verdict(EnsureDefinition(), of: metrics([.created: 10, .failed: 9, .connects: 1, .connectFailures: 9])).exitStatus == .failed)
    }

    @Test("a target that refuses everybody was reached")
    func refusing() {
        #expect(
            Verdict(EnsureDefinition(), of: metrics([.created: 9, .failed: 9, .connectFailures: 9, .refusals: 9])).exitStatus == .failed)
    }

    @Test("Apdex counts the satisfied whole, the tolerating half and failures not at all")
    func apdex() {
        var histogram = LatencyHistogram()
        for milliseconds in [10, 50, 100, 300, 399, 500] { histogram.record(.milliseconds(milliseconds)) }
        let score = ApdexScore(histogram, failures: 2, thresholdMilliseconds: 100)
        #expect(score.satisfied == 3 && score.tolerated == 2 && score.frustrated == 3)
        #expect(score.score == 0.5 && score.rating == "poor")
    }

    @Test("a run in which nothing worked says so on its first line")
    func headlines() {
        var report = RunReport()
        report.aggregate = metrics([.created: 10, .completed: 10, .connects: 10, .emits: 100, .errorEvents: 100])
        report.verdict = Verdict(EnsureDefinition(), of: report.aggregate)
        #expect(report.headlines.first?.contains("100 of 100 messages with an error event") == true)
        #expect(ConsoleReport.summary(report, at: "12:00").hasPrefix("warning: the server answered"))
        report.aggregate = metrics([.created: 10, .failed: 10, .connects: 10])
        #expect(report.headlines.first?.contains("all 10 virtual users failed") == true)
        report.aggregate = metrics(fine)
        #expect(report.headlines.isEmpty)
    }

    @Test("a starved generator is named before the figures")
    func starved() {
        var report = sampleReport()
        var health = GeneratorHealth()
        health.cpuSeconds = 99
        health.wallSeconds = 100
        for _ in 0..<100 { health.loopLag.record(.milliseconds(200)) }
        health.scheduleSlip.record(.milliseconds(1500))
        report.health = health
        let line = report.headlines.first ?? ""
        #expect(line.hasPrefix("the generator may have distorted the result: "))
        #expect(line.contains("99 % of its CPU") && line.contains("event loops") && line.contains("later than scheduled"))
    }
}
