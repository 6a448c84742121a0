import JSONCore
import NIOCore
import Testing

@testable import LoadTesting

/// The lines that a report shows before any figure, and the badge beside its title.
@Suite("Warnings of a report")
struct WarningTests {
    /// Each with the words that its line begins with.
    enum Trouble: String, CaseIterable {
        case interrupted = "the run was interrupted after 3 s"
        case nothingWorked = "nothing worked: all 4 virtual users failed"
        case unreachable = "the target was never reached: http://127.0.0.1:1"
        case errorEvents = "the server answered 8 of 8 messages with an error event"
        case starved = "the generator may have distorted the result: the generator used 99 % of its CPU"
    }

    private func counters(failed: Int = 0, errorEvents: Int = 0) -> [String: Int] {
        var counters = [Metric.created.name: 4, Metric.connects.name: 4, Metric.emits.name: 8]
        if failed < 4 { counters[Metric.completed.name] = 4 - failed }
        if failed > 0 { counters[Metric.failed.name] = failed }
        if errorEvents > 0 { counters[Metric.errorEvents.name] = errorEvents }
        return counters
    }

    private func report(_ counters: [String: Int]) -> RunReport {
        var report = RunReport()
        report.target = "http://127.0.0.1:1"
        report.seconds = 3
        report.aggregate.counters = counters
        // Failed users are allowed: the verdict alone would say that all is well.
        var ensure = EnsureDefinition()
        ensure.maximumErrorRate = 100
        report.verdict = Verdict(ensure, of: report.aggregate)
        return report
    }

    private func report(_ trouble: Trouble) -> RunReport {
        switch trouble {
        case .interrupted:
            var report = report(counters())
            report.wasInterrupted = true
            return report
        case .nothingWorked: return report(counters(failed: 4))
        case .unreachable: return report([Metric.created.name: 4, Metric.failed.name: 4, Metric.connectFailures.name: 4])
        case .errorEvents: return report(counters(errorEvents: 8))
        case .starved:
            var report = report(counters())
            report.health = health(cpu: 99)
            return report
        }
    }

    /// A generator that used so many seconds of CPU out of a hundred, with so many milliseconds of lag and slip.
    private func health(cpu: Double = 0, lag: Int = 0, slip: Int = 0) -> GeneratorHealth {
        var health = GeneratorHealth()
        health.cpuSeconds = cpu
        health.wallSeconds = 100
        health.loopLag.record(.milliseconds(lag))
        health.scheduleSlip.record(.milliseconds(slip))
        return health
    }

    private func writtenHeadlines(_ report: RunReport) throws -> [String] {
        let json = try JSONSlice(validating: ByteBuffer(string: JSONReport.write(report)))
        return json["dunlin"]?["headlines"]?.elements.compactMap(\.string) ?? []
    }

    @Test("console, HTML and JSON warn before any figure, and the badge does not say that all is well", arguments: Trouble.allCases)
    func everyForm(trouble: Trouble) throws {
        let report = report(trouble)
        #expect(report.headlines.first?.hasPrefix(trouble.rawValue) == true, "\(report.headlines)")
        #expect(ConsoleReport.summary(report, at: "12:00").hasPrefix("warning: \(trouble.rawValue)"))
        #expect(try writtenHeadlines(report) == report.headlines)
        #expect(try JSONReport.read(JSONReport.write(report)).headlines == report.headlines)

        let page = HTMLReport.write(report)
        let warning = try #require(page.firstRange(of: "<ul class=\"headlines\"><li>\(trouble.rawValue)"))
        let figures = try #require(page.firstRange(of: "<dl class=\"tiles\">"))
        #expect(warning.lowerBound < figures.lowerBound)
        #expect(!page.contains("class=\"badge good\""))
        #expect(page.contains(trouble == .unreachable ? "badge bad\">target not reached<" : "badge mild\">passed, with warnings<"))
    }

    @Test("a run in which all went well has no warning, and says so")
    func nothingToSay() throws {
        let report = report(counters())
        #expect(report.headlines.isEmpty)
        #expect(try writtenHeadlines(report).isEmpty)
        #expect(!ConsoleReport.summary(report, at: "12:00").contains("warning"))
        let page = HTMLReport.write(report)
        #expect(page.contains("class=\"badge good\">passed<") && !page.contains("<ul class=\"headlines\">"))
    }

    @Test("that a run was interrupted comes before every other warning", arguments: Trouble.allCases.filter { $0 != .interrupted })
    func interruptedFirst(other: Trouble) throws {
        var report = report(other)
        report.lostWorkers = ["worker 2 was lost"]
        report.hooks = [RunReport.Hook(name: "after", failure: "404")]
        report.wasInterrupted = true
        let headlines = report.headlines
        #expect(headlines.first == Trouble.interrupted.rawValue)
        #expect(headlines.contains { $0.hasPrefix(other.rawValue) } && headlines.contains("worker 2 was lost"))
        #expect(ConsoleReport.summary(report, at: "12:00").hasPrefix("warning: \(Trouble.interrupted.rawValue)\nwarning: "))
        #expect(HTMLReport.write(report).contains("<ul class=\"headlines\"><li>\(Trouble.interrupted.rawValue)</li><li>"))
        #expect(try writtenHeadlines(report) == headlines)
    }

    @Test("nothing worked if all users failed, not if one of them completed")
    func oneWorked() {
        #expect(report(counters(failed: 4)).headlines == [Trouble.nothingWorked.rawValue])
        #expect(report(counters(failed: 3)).headlines.isEmpty)
    }

    @Test("error events are a warning from half of the messages on")
    func halfOfTheMessages() {
        #expect(report(counters(errorEvents: 3)).headlines.isEmpty)
        #expect(report(counters(errorEvents: 4)).headlines.first?.hasPrefix("the server answered 4 of 8 messages") == true)
    }

    @Test("a generator is too busy beyond 90 % of its CPU, 50 ms of lag or 100 ms of slip, not at these values")
    func starvation() {
        #expect(health(cpu: 90, lag: 50, slip: 100).findings.isEmpty)
        #expect(health(cpu: 91).findings == ["the generator used 91 % of its CPU"])
        #expect(health(lag: 51).findings == ["its event loops were up to 51 ms late (p99)"])
        #expect(health(slip: 101).findings == ["virtual users began up to 101 ms later than scheduled (p99)"])
        // Two event loops have twice the CPU time.
        var two = health(cpu: 180)
        two.eventLoops = 2
        #expect(two.findings.isEmpty)
    }
}
