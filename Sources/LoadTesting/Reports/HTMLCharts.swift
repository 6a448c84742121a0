/// The charts of a report.
struct HTMLCharts {
    let report: RunReport
    let other: RunReport?

    private var width: Double { max(report.periodSeconds, 0.001) }

    /// The middle of each period, in seconds since the beginning.
    private func time(_ period: MetricsReport) -> Double {
        min(max(Double(period.period - report.startedAtMilliseconds) / 1000, 0) + width / 2, end)
    }

    private var end: Double {
        let last = report.intermediate.last.map { Double($0.period - report.startedAtMilliseconds) / 1000 + width / 2 } ?? 0
        return max(report.seconds, last, 0.001)
    }

    private func points(_ value: (MetricsReport) -> Double?) -> [(x: Double, y: Double)] {
        report.intermediate.compactMap { period in value(period).map { (time(period), $0) } }
    }

    /// The rate per second over a period. The last period may be shorter than the others.
    private func rate(_ metric: Metric) -> [(x: Double, y: Double)] {
        let points = self.points { period in
            let start = Double(period.period - report.startedAtMilliseconds) / 1000
            let length = max(min(width, report.seconds - start), min(width, 1))
            return Double(period.counter(metric)) / length
        }
        return points.contains { $0.y > 0 } ? points : []
    }

    var users: LineChart {
        LineChart(
            title: "Virtual users", unit: "arrivals per second, users at work",
            series: [
                LineChart.Series(
                    name: "at work", points: points { $0.activeUsers.map(Double.init) }, colour: 1, isFilled: true),
                LineChart.Series(name: "arrivals per second", points: rate(.created), colour: 2),
            ], axis: .time(end: end))
    }

    var rates: LineChart {
        LineChart(
            title: "Rates", unit: "per second",
            series: [
                LineChart.Series(name: "events emitted", points: rate(.emits), colour: 1),
                LineChart.Series(name: "events received", points: rate(.eventsReceived), colour: 2),
                LineChart.Series(name: "messages sent", points: rate(.sentMessages), colour: 3),
                LineChart.Series(name: "messages received", points: rate(.receivedMessages), colour: 4),
                LineChart.Series(name: "requests", points: rate(.requests), colour: 5),
            ], axis: .time(end: end))
    }

    var latencies: LineChart {
        let main = HTMLReport.mainSummary(report)
        // Connect times have a chart of their own.
        let name = main?.metric == .connectTime ? Metric.responseTime.name : main?.metric.name ?? Metric.responseTime.name
        func points(_ value: @escaping (LatencySummary) -> Double) -> [(x: Double, y: Double)] {
            self.points { $0.summaries[name].map(value) }
        }
        return LineChart(
            title: main?.metric == .fanOutTime ? "Fan-out time over time" : "Response time over time", unit: "milliseconds",
            series: [
                LineChart.Series(name: "p99", points: points(\.p99), colour: 3),
                LineChart.Series(name: "p95", points: points(\.p95), colour: 2),
                LineChart.Series(name: "median", points: points(\.p50), colour: 1),
            ], axis: .time(end: end),
            nothing: "No answer was measured. A step has a response time if it has <code>acknowledge</code> or <code>response</code>.")
    }

    var distribution: LineChart {
        var series: [LineChart.Series] = []
        var end = 99.0
        for (number, run) in [report, other].enumerated() {
            guard let run, let main = HTMLReport.mainSummary(run) else { continue }
            let points = Self.distribution(run.histograms[main.metric.name], main.summary)
            end = max(end, points.last?.x ?? 0)
            let label = other == nil ? main.title.lowercased() : number == 0 ? "this run" : "the other"
            series.append(LineChart.Series(name: label, points: points, colour: number == 0 ? 1 : 3, isDashed: number == 1))
            if number == 0, other == nil, let service = run.histograms[Metric.serviceTime.name], main.metric == .responseTime {
                let summary = LatencySummary(service)
                series.append(
                    LineChart.Series(name: "service time", points: Self.distribution(service, summary), colour: 2, isDashed: true))
            }
        }
        return LineChart(title: "Distribution", unit: "milliseconds by percentile", series: series, axis: .percentile(end: end))
    }

    /// Points up to the percentile of the last sample. The samples say nothing about higher percentiles.
    private static func distribution(_ histogram: LatencyHistogram?, _ summary: LatencySummary) -> [(x: Double, y: Double)] {
        guard let histogram, histogram.count > 0 else {
            return [(50, summary.p50), (75, summary.p75), (90, summary.p90), (95, summary.p95), (99, summary.p99), (99.9, summary.p999)]
        }
        let last = max(100 * (1 - 1 / Double(histogram.count)), 90)
        var percentiles = stride(from: 0.0, to: 90, by: 2.5).map { $0 }
        var distance = 10.0
        while 100 - distance < last {
            percentiles.append(100 - distance)
            distance /= 1.25
        }
        percentiles.append(last)
        return percentiles.map { ($0, histogram.milliseconds(atPercentile: $0)) }
    }

    var connecting: LineChart {
        func points(_ value: @escaping (LatencySummary) -> Double) -> [(x: Double, y: Double)] {
            self.points { $0.summaries[Metric.connectTime.name].map(value) }
        }
        return LineChart(
            title: "Connect time over time", unit: "milliseconds",
            series: [
                LineChart.Series(name: "p99", points: points(\.p99), colour: 3),
                LineChart.Series(name: "median", points: points(\.p50), colour: 1),
            ], axis: .time(end: end))
    }

    var errors: LineChart {
        func count(_ prefix: String) -> [(x: Double, y: Double)] {
            let points = self.points { period in
                Double(period.counters.filter { $0.key.hasPrefix(prefix) }.reduce(0) { $0 + $1.value })
            }
            return points.contains { $0.y > 0 } ? points : []
        }
        return LineChart(
            title: "Errors", unit: "in each period",
            series: [
                LineChart.Series(name: "failed users", points: count("vusers.failed"), colour: 3),
                LineChart.Series(name: "error events", points: count("socketio.error_events."), colour: 2),
                LineChart.Series(name: "disconnects", points: count("socketio.disconnects."), colour: 4),
            ], axis: .time(end: end), nothing: "none")
    }
}
