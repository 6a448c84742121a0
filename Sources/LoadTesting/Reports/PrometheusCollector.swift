public import PrometheusMetrics

/// Shows a running test at `/metrics`.
public enum PrometheusCollector {
    private static let percentiles = [50, 90, 95, 99, 99.9]

    /// Adds the test's metrics. Script names and messages of servers are values of the label `metric`, not parts of names.
    ///
    /// - Parameters:
    ///   - measurements: since the beginning of the run.
    ///   - activeUsers: virtual users at work.
    public static func write(_ measurements: Measurements, catalog: MetricCatalog, activeUsers: Int, to writer: inout SampleWriter) {
        writer.gauge("dunlin_load_vusers_active", help: "Virtual users at work.", Double(activeUsers))
        var counts = catalog.names.indices.filter { measurements.counts[$0] != 0 }
            .map { (labels: [("metric", catalog.names[$0])], value: measurements.counts[$0]) }
        for (name, count) in measurements.dynamicCounts.sorted(by: { $0.key < $1.key }) {
            counts.append((labels: [("metric", name)], value: count))
        }
        writer.counter("dunlin_load_events", help: "Counters of the load test by their names in its report.", counts)
        var times: [(labels: [(String, String)], value: Double)] = []
        var samples: [(labels: [(String, String)], value: Int)] = []
        for (index, name) in catalog.names.enumerated() {
            guard let histogram = measurements.histograms[index], histogram.count > 0 else { continue }
            for percentile in Self.percentiles {
                times.append(
                    (
                        [("metric", name), ("percentile", ReportNumber.text(percentile))],
                        histogram.milliseconds(atPercentile: percentile) / 1000
                    ))
            }
            samples.append(([("metric", name)], histogram.count))
        }
        writer.gauge("dunlin_load_time_seconds", help: "Percentiles of the load test's times since its beginning.", times)
        writer.counter("dunlin_load_time_samples", help: "Samples behind the percentiles.", samples)
    }
}
