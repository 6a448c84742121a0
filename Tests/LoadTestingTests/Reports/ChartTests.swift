import Foundation
import Testing

@testable import LoadTesting

/// The lines that a report draws, found in its SVG.
@Suite("Charts of a report")
struct ChartTests {
    private struct Chart: Equatable {
        var title: String
        /// The points of each line in the chart's coordinates, by the line's colour.
        var lines: [Int: [[Double]]]
        var dots: Int
        /// The greatest values that the legend names, by the series' name.
        var peaks: [String: String]
    }

    /// Reads the charts back out of the page, in their order.
    private func charts(_ report: RunReport) -> [Chart] {
        HTMLReport.write(report).components(separatedBy: "<figure>").dropFirst().map { part in
            let figure = part.components(separatedBy: "</figure>")[0]
            let title = figure.components(separatedBy: "<figcaption>")[1].components(separatedBy: "<span>")[0]
            var lines: [Int: [[Double]]] = [:]
            for match in figure.matches(of: /<path class="line c(\d)(?: dashed)?" d="([^"]*)"/) {
                let points: [[Double]] = match.2.split { $0 == "M" || $0 == "L" }.map { $0.split(separator: " ").compactMap { Double($0) } }
                lines[Int(match.1) ?? 0] = points
            }
            var peaks: [String: String] = [:]
            for match in figure.matches(of: /<i><\/i>([^<]*) <b>max ([^<]*)<\/b>/) { peaks[String(match.1)] = String(match.2) }
            return Chart(
                title: title, lines: lines, dots: figure.components(separatedBy: "<circle class=\"dot").count - 1, peaks: peaks)
        }
    }

    /// A recorded run, of which each period has so many users at work. Each user arrives in it, emits ten events and waits for one answer,
    /// which takes 10 ms times the number of users.
    private func run(users: [Int], periodSeconds: Int = 1, seconds: Double? = nil) -> RunReport {
        let catalog = MetricCatalog()
        var report = RunReport()
        report.startedAtMilliseconds = 1_764_140_000_000
        report.periodSeconds = Double(periodSeconds)
        report.seconds = seconds ?? Double(users.count * periodSeconds)
        var aggregate = Measurements(catalog: catalog)
        for (number, users) in users.enumerated() {
            var measurements = Measurements(catalog: catalog)
            measurements.count(Metric.created.id, by: users)
            measurements.count(Metric.completed.id, by: users)
            measurements.count(Metric.emits.id, by: users * 10)
            for _ in 0..<users { measurements.record(Metric.responseTime.id, nanoseconds: Int64(users) * 10_000_000) }
            var period = MetricsReport(
                measurements, catalog: catalog, seconds: Double(periodSeconds),
                period: report.startedAtMilliseconds + Int64(number * periodSeconds) * 1000, startedAt: report.startedAtMilliseconds)
            period.activeUsers = users
            report.intermediate.append(period)
            aggregate.merge(measurements)
        }
        report.aggregate = MetricsReport(
            aggregate, catalog: catalog, seconds: report.seconds, period: report.startedAtMilliseconds,
            startedAt: report.startedAtMilliseconds)
        report.histograms[Metric.responseTime.name] = aggregate[histogram: Metric.responseTime.id]
        return report
    }

    @Test("each line has a point for each period, and the distribution one for each percentile up to the last sample")
    func points() throws {
        let charts = charts(run(users: [1, 2, 4, 1]))
        #expect(
            charts.map(\.title) == [
                "Virtual users", "Rates", "Response time over time", "Distribution", "Connect time over time", "Errors",
            ])
        try #require(charts.count == 6)
        #expect(charts[0].lines.mapValues(\.count) == [1: 4, 2: 4])
        #expect(charts[1].lines.mapValues(\.count) == [1: 4])
        #expect(charts[2].lines.mapValues(\.count) == [1: 4, 2: 4, 3: 4])
        // From 0 to 87.5 in steps of 2.5, and 90: eight samples say nothing about higher ones.
        #expect(charts[3].lines.mapValues(\.count) == [1: 37])
        #expect(charts[4].lines.isEmpty && charts[5].lines.isEmpty)
        #expect(charts[0].peaks == ["at work": "4", "arrivals per second": "4"])
        #expect(charts[1].peaks == ["events emitted": "40"])
        #expect(charts[2].peaks == ["p99": "40", "p95": "40", "median": "40"])
    }

    @Test("points stand at the middles of their periods, as high as their values")
    func positions() throws {
        let line = try #require(charts(run(users: [1, 2, 4, 1])).first?.lines[1])
        try #require(line.count == 4 && line.allSatisfy { $0.count == 2 })
        let (x, y) = (line.map { $0[0] }, line.map { $0[1] })
        let step = x[1] - x[0]
        #expect(step > 0 && abs(x[2] - x[1] - step) < 0.05 && abs(x[3] - x[2] - step) < 0.05)
        // SVG counts downwards: from 1 to 2 users is half of the way from 2 to 4.
        #expect(y[0] > y[1] && y[1] > y[2] && y[3] == y[0])
        #expect(abs(2 * (y[0] - y[1]) - (y[1] - y[2])) < 0.05)
    }

    @Test("a period in which nothing was answered has no point in the response times")
    func silentPeriod() {
        var report = run(users: [1, 2, 4, 1])
        report.intermediate[1].summaries = [:]
        let charts = charts(report)
        #expect(charts[0].lines[1]?.count == 4)
        #expect(charts[2].lines.mapValues(\.count) == [1: 3, 2: 3, 3: 3])
    }

    @Test("one period is a dot and not a line")
    func onePeriod() {
        let charts = charts(run(users: [3]))
        #expect(charts[0].lines.isEmpty && charts[0].dots == 2)
        #expect(charts[2].lines.isEmpty && charts[2].dots == 3)
    }

    @Test("the rate of a last period that was cut short counts its own seconds")
    func lastPeriod() throws {
        // 5 users in 10 s and 1 in the last 2 s: both are half a user a second.
        let line = try #require(charts(run(users: [5, 1], periodSeconds: 10, seconds: 12))[0].lines[2])
        #expect(line.count == 2 && line[0].last == line[1].last)
    }

    @Test("a report that was written and read draws the same charts")
    func fromJSON() throws {
        let report = run(users: [1, 2, 4, 1])
        #expect(charts(try JSONReport.read(JSONReport.write(report))) == charts(report))
    }
}
