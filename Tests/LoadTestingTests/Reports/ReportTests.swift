import Foundation
import NIOCore
import JSONCore
import Testing

@testable import LoadTesting

@Suite("Reports")
struct ReportTests {
    @Test("the JSON has Artillery's shape: aggregate, intermediate, counters, rates, summaries, histograms, times")
    func artilleryShape() throws {
        let report = sampleReport()
        let json = try JSONSlice(validating: ByteBuffer(string: JSONReport.write(report).trimmingCharacters(in: .whitespacesAndNewlines)))
        let aggregate = try #require(json["aggregate"])
        #expect(aggregate["counters"]?["vusers.created"]?.int == report.aggregate.counters["vusers.created"])
        #expect(aggregate["rates"]?["socketio.emit_rate"]?.double != nil)
        for key in ["min", "max", "count", "mean", "p50", "median", "p75", "p90", "p95", "p99", "p999"] {
            #expect(aggregate["summaries"]?["socketio.response_time"]?[key] != nil, "\(key)")
            #expect(aggregate["histograms"]?["socketio.response_time"]?[key] != nil, "\(key)")
        }
        for key in ["firstMetricAt", "lastMetricAt", "period"] { #expect(aggregate[key]?.int != nil) }
        #expect(json["intermediate"]?.count == 30)
        #expect(json["intermediate"]?[0]?["period"]?.string != nil)
    }

    @Test("what is written is read again")
    func roundTrip() throws {
        let report = sampleReport()
        let copy = try JSONReport.read(JSONReport.write(report))
        #expect(copy.aggregate.counters == report.aggregate.counters)
        #expect(copy.intermediate.count == report.intermediate.count)
        #expect(copy.seed == report.seed && copy.scriptSHA256 == report.scriptSHA256 && copy.steps.count == 2)
        #expect(copy.verdict == report.verdict)
        #expect(copy.audit == report.audit)
        let one = try #require(copy.histograms["socketio.response_time"])
        let two = try #require(report.histograms["socketio.response_time"])
        #expect(one.count == two.count && one.milliseconds(atPercentile: 99.9) == two.milliseconds(atPercentile: 99.9))
    }

    @Test("what must be known before any figure is written and read too")
    func headlines() throws {
        var report = RunReport()
        report.version = "0.0.0"
        report.seconds = 3
        report.wasInterrupted = true
        report.lostWorkers = ["worker 2 died"]
        report.hooks = [RunReport.Hook(name: "before", failure: "404"), RunReport.Hook(name: "after")]
        let headlines = try JSONReport.read(JSONReport.write(report)).headlines
        #expect(headlines == report.headlines)
        #expect(
            headlines == ["the run was interrupted after 3 s", "worker 2 died", "'before' failed: 404; no virtual user began"])
    }

    @Test("a report of Artillery itself is read, and shown as HTML")
    func foreign() throws {
        let text = """
            {"aggregate":{"counters":{"vusers.created":3,"vusers.completed":3,"socketio.emit":9},"rates":{"socketio.emit_rate":2},
            "firstMetricAt":1000,"lastMetricAt":6000,"period":1000,"summaries":{"socketio.response_time":{"min":1,"max":9,"count":9,"mean":2,
            "p50":2,"median":2,"p75":3,"p90":4,"p95":5,"p99":9,"p999":9}},"histograms":{}},"intermediate":[]}
            """
        let report = try JSONReport.read(text)
        #expect(report.seconds == 5 && report.aggregate.summaries["socketio.response_time"]?.p99 == 9)
        #expect(HTMLReport.write(report).contains("socketio.<wbr>response_<wbr>time"))
    }

    @Test("what is no report is refused", arguments: ["", "[]", "{}", "{\"aggregate\":1}", "nonsense"])
    func noReport(text: String) {
        #expect(throws: ReportError.self) { try JSONReport.read(text) }
    }

    @Test(
        "a report whose numbers cannot be calculated with is refused",
        arguments: [
            #"{"aggregate":{"counters":{"socketio.emit":9223372036854775807,"socketio.error_events":9223372036854775807}}}"#,
            #"{"aggregate":{"counters":{},"firstMetricAt":-9223372036854775808,"lastMetricAt":9223372036854775807}}"#,
            #"{"aggregate":{"counters":{}},"dunlin":{"seconds":1e300}}"#, #"{"aggregate":{"counters":{}},"dunlin":{"seconds":1e999}}"#,
            #"{"aggregate":{"counters":{}},"intermediate":[{"summaries":{"a":{"max":-1e16}}}]}"#,
        ])
    func hugeNumbers(text: String) {
        #expect(throws: ReportError(description: "not a report: it has a number beyond 10^15")) { try JSONReport.read(text) }
    }

    @Test(
        "the greatest numbers of a report, negative and tiny ones have reports too",
        arguments: ["1000000000000000", "-1000000000000000", "1e-323"])
    func oddNumbers(number: String) throws {
        let summary = #"{"min":\#(number),"max":\#(number),"count":3,"mean":\#(number),"p50":\#(number),"p99":\#(number)}"#
        let metrics =
            #""counters":{"vusers.created":3,"socketio.emit":3},"rates":{"socketio.emit_rate":\#(number)},"#
            + #""summaries":{"socketio.response_time":\#(summary)},"firstMetricAt":0,"lastMetricAt":9000"#
        let text =
            #"{"aggregate":{\#(metrics)},"intermediate":[{\#(metrics),"period":"0"}],"dunlin":{"seconds":\#(number),"#
            + #""periodSeconds":\#(number),"generator":{"cpuSeconds":\#(number),"wallSeconds":1,"loopLag":\#(summary)},"#
            + #""buckets":{"socketio.response_time":[[5,3]]}}}"#
        let report = try JSONReport.read(text)
        #expect(report.histograms["socketio.response_time"]?.count == 3 && report.health?.loopLag.count == 3)
        #expect(HTMLReport.write(report, comparedWith: report).contains("</html>"))
        #expect(ConsoleReport.summary(report, at: "x").contains("socketio.emit:"))
        #expect(!ReportComparison(report, report).rows.isEmpty)
    }

    @Test("the console has Artillery's lines")
    func console() {
        let text = ConsoleReport.summary(sampleReport(), at: "12:00:00(+0000)")
        #expect(text.contains("Summary report @ 12:00:00(+0000)\n--------"))
        let lines = text.split(separator: "\n")
        let created = lines.first { $0.hasPrefix("vusers.created:") } ?? ""
        #expect(created.contains(": .....") && created.count == 79)
        #expect(lines.contains { $0.hasPrefix("socketio.response_time:") })
        #expect(lines.contains { $0.hasPrefix("  p99: ...") })
        #expect(lines.contains { $0.hasPrefix("socketio.emit_rate: ") && $0.hasSuffix("/sec") })
        #expect(text.contains("r1: 100 sent, 297 delivered, 2 lost, 1 doubled, 0 out of order"))
        #expect(text.contains("number 41 of user 1 at user 3"))
    }

    @Test("the HTML needs nothing from elsewhere, escapes what servers say, and has a chart for each question")
    func html() {
        let page = HTMLReport.write(sampleReport())
        #expect(!page.contains("<script") && !page.contains("http://www.") && !page.contains("src="))
        #expect(!page.contains("rate limit <b>") && page.contains("rate limit &lt;b&gt;"))
        #expect(page.components(separatedBy: "<figure>").count == 7)
        for title in ["Virtual users", "Rates", "Response time over time", "Distribution", "Errors", "Steps", "Checks", "Delivery"] {
            #expect(page.contains(title), "\(title)")
        }
        #expect(page.contains("prefers-color-scheme: dark") && page.contains("@media print"))
        #expect(!page.contains("nan") && !page.contains("inf\""))
    }

    @Test("a run that passed with something to say before any figure is not marked as good")
    func badge() {
        var report = RunReport()
        report.aggregate.counters = [Metric.created.name: 1, Metric.completed.name: 1, Metric.emits.name: 2]
        report.verdict = Verdict(EnsureDefinition(), of: report.aggregate)
        #expect(HTMLReport.write(report).contains("badge good\">passed<"))
        report.aggregate.counters[Metric.errorEvents.name] = 2
        #expect(HTMLReport.write(report).contains("badge mild\">passed, with warnings<"))
    }

    @Test("a chart without points stands behind the others and says what would fill it")
    func emptyChart() throws {
        var report = sampleReport()
        let connectTime = Metric.connectTime.name
        report.aggregate.summaries = report.aggregate.summaries.filter { $0.key == connectTime }
        for period in report.intermediate.indices {
            report.intermediate[period].summaries = report.intermediate[period].summaries.filter { $0.key == connectTime }
        }
        let charts = HTMLReport.write(report).components(separatedBy: "<figcaption>").dropFirst()
        #expect(charts.count == 6)
        let last = try #require(charts.last)
        #expect(last.hasPrefix("Response time over time") && last.contains("<code>acknowledge</code>"))
    }

    @Test("all labels of an axis have one unit")
    func labels() {
        #expect([0, 2_000, 10_000].map { LineChart.label($0, top: 10_000) } == ["0", "2k", "10k"])
        #expect([0, 2_000, 8_000].map { LineChart.label($0, top: 8_000) } == ["0", "2000", "8000"])
        #expect([250_000, 1_000_000].map { LineChart.label($0, top: 1_000_000) } == ["0.25M", "1M"])
    }

    @Test("an empty run has reports too")
    func empty() throws {
        let report = RunReport()
        #expect(HTMLReport.write(report).contains("nothing was measured"))
        #expect(ConsoleReport.summary(report, at: "x").contains("No measurements recorded"))
        _ = try JSONReport.read(JSONReport.write(report))
        #expect(JUnitReport.write(report).contains("tests=\"1\""))
    }

    @Test("JUnit has a case for each check and is XML whatever a script is called")
    func junit() throws {
        var ensure = EnsureDefinition()
        ensure.thresholds = [
            .init(metric: "socketio.response_time.p99", maximum: 1, position: SourcePosition(file: "", line: 1, column: 1))
        ]
        var report = sampleReport(ensure: ensure)
        report.scriptFile = "a<b>&\"'\u{1}.yml"
        let text = JUnitReport.write(report)
        #expect(text.contains("failures=\"2\""))
        #expect(text.contains("<failure message=\"was "))
        #expect(!text.contains("\u{1}") && text.contains("a&lt;b&gt;&amp;&quot;&#39;"))
        #expect(text.contains("errors=\"0\"") && !text.contains("<error "))
        report.verdict.exitStatus = .unreachable
        let unreached = JUnitReport.write(report)
        #expect(unreached.contains("errors=\"1\"") && unreached.contains("<error message=\"no connection was ever made\"/>"))
    }

    @Test("a comparison names changes and marks what became worse")
    func comparison() {
        let rows = ReportComparison(sampleReport(slower: 2), sampleReport()).rows
        let p99 = rows.first { $0.name == "socketio.response_time.p99" }
        #expect(p99?.isWorse == true && p99?.change.hasPrefix("+") == true)
        #expect(rows.first { $0.name == "socketio.emit" }?.isWorse == nil)
        #expect(ReportComparison(sampleReport(), sampleReport()).rows.allSatisfy { $0.isWorse == nil })
        #expect(HTMLReport.write(sampleReport(slower: 2), comparedWith: sampleReport()).contains("Comparison"))
    }

    @Test("axes have round numbers that reach the greatest value", arguments: [0.03, 0.9, 1, 7, 45, 99, 101, 12_345, 3e6])
    func ticks(greatest: Double) {
        let ticks = LineChart.ticks(upTo: greatest)
        #expect((3...7).contains(ticks.count) && ticks[0] == 0)
        #expect((ticks.last ?? 0) >= greatest * 0.999)
    }

    @Test("dates are those of the calendar")
    func dates() {
        #expect(Timestamp.utc(0) == "1970-01-01 00:00:00 UTC")
        #expect(Timestamp.utc(1_709_164_799_000) == "2024-02-28 23:59:59 UTC")
        #expect(Timestamp.utc(1_709_164_800_000) == "2024-02-29 00:00:00 UTC")
        #expect(Timestamp.clockOfDay(1_764_138_302_000) == "06:25:02(+0000)")
    }

    @Test("progress is one line for a pipe and fits the width of a terminal")
    func progress() {
        var snapshot = ProgressSnapshot()
        snapshot.elapsed = 65
        snapshot.total = 130
        snapshot.activeUsers = 1234
        snapshot.median = 1.5
        snapshot.p99 = 20
        #expect(ProgressView.line(snapshot).hasPrefix("1:05/2:10  users 1234"))
        for width in [20, 40, 80, 200] {
            let lines = ProgressView.lines(snapshot, width: width)
            #expect(lines.allSatisfy { $0.count <= width })
        }
        #expect(ProgressView.lines(snapshot, width: 80)[0].contains("=====     "))
    }
}
