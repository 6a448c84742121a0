import Testing

@testable import LoadTesting

@Suite("Latency histograms")
struct LatencyHistogramTests {
    @Test("percentiles have three significant digits, up to p99.99, and the extremes are exact")
    func percentiles() {
        var histogram = LatencyHistogram()
        for millisecond in 1...100_000 { histogram.record(.milliseconds(millisecond)) }
        for (percentile, expected) in [(50.0, 50_000.0), (75, 75_000), (99, 99_000), (99.9, 99_900), (99.99, 99_990)] {
            #expect(abs(histogram.milliseconds(atPercentile: percentile) - expected) / expected < 0.001)
        }
        #expect(histogram.minimum == 1 && histogram.maximum == 100_000)
        #expect(abs(histogram.mean - 50_000.5) < 0.001)
    }

    @Test("merging histograms gives what one would have recorded; averaging percentiles would not")
    func merging() {
        var fast = LatencyHistogram()
        var slow = LatencyHistogram()
        var both = LatencyHistogram()
        for value in 1...990 {
            fast.record(.microseconds(value))
            both.record(.microseconds(value))
        }
        for value in 1...10 {
            slow.record(.seconds(value))
            both.record(.seconds(value))
        }
        var merged = fast
        merged.merge(slow)
        #expect(LatencySummary(merged) == LatencySummary(both))
        #expect(merged.milliseconds(atPercentile: 99) < 1)
        let average = (fast.milliseconds(atPercentile: 99) + slow.milliseconds(atPercentile: 99)) / 2
        #expect(average > 4_000)
    }

    @Test("buckets give the histogram back")
    func buckets() {
        var histogram = LatencyHistogram()
        for value in [3, 70, 900, 12_345, 9_876_543] { histogram.record(.microseconds(value)) }
        let copy = LatencyHistogram(
            buckets: histogram.buckets, mean: histogram.mean, minimum: histogram.minimum, maximum: histogram.maximum)
        #expect(copy.count == 5)
        for percentile in [1.0, 50, 90, 100] {
            #expect(copy.milliseconds(atPercentile: percentile) == histogram.milliseconds(atPercentile: percentile))
        }
    }

    @Test("memory depends on the range of values, not on how many there are")
    func memory() {
        var histogram = LatencyHistogram()
        histogram.record(.seconds(10))
        let before = histogram.footprintInBytes
        for value in 0..<200_000 { histogram.record(.microseconds(value)) }
        #expect(histogram.footprintInBytes == before)
        #expect(before < 300_000)
    }

    @Test("every metric has an id and a name of its own")
    func metricNames() {
        let catalog = MetricCatalog()
        #expect(Set(Metric.allCases.map(\.name)).count == Metric.allCases.count)
        for metric in Metric.allCases { #expect(catalog.names[metric.id.index] == metric.name) }
    }

    @Test("messages of errors are bounded: the rest is counted under one name")
    func boundedNames() {
        var measurements = Measurements(catalog: MetricCatalog())
        for index in 0..<(Measurements.maximumDynamicNames + 7) { measurements.count(named: "errors.\(index)") }
        #expect(measurements.dynamicCounts.count == Measurements.maximumDynamicNames + 1)
        #expect(measurements.dynamicCounts[Measurements.overflowName] == 7)
    }
}
