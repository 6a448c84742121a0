@testable import PrometheusMetrics
import Testing

@Suite("Histogram buckets")
struct HistogramBucketsTests {
    @Test("bounds are sorted, finite and each there once")
    func cleaned() {
        #expect(HistogramBuckets([5, 1, .nan, 5, .infinity, 2]).bounds == [1, 2, 5])
    }

    @Test("the number of bounds is limited", arguments: [(64, 64), (65, 64)])
    func limit(count: Int, kept: Int) {
        #expect(HistogramBuckets((0..<count).map(Double.init)).bounds.count == kept)
    }

    @Test("percentiles lie within their bucket")
    func percentiles() throws {
        let histogram = BucketHistogram(buckets: .doublingSeconds)
        #expect(histogram.snapshot().percentile(0.5) == nil)
        for _ in 0..<98 { histogram.recordNanoseconds(1_000_000) }
        for _ in 0..<2 { histogram.recordNanoseconds(1_000_000_000) }
        let snapshot = histogram.snapshot()
        #expect(snapshot.count == 100)
        #expect((0.0005...0.0011).contains(try #require(snapshot.percentile(0.5))))
        #expect((0.5...1.1).contains(try #require(snapshot.percentile(0.99))))
        #expect(snapshot.since(snapshot).percentile(0.5) == nil)
    }

    @Test("beyond the last bound a percentile is the lowest known value, and at most twice that")
    func beyond() throws {
        let histogram = BucketHistogram(buckets: HistogramBuckets([1, 2]))
        for _ in 0..<10 { histogram.record(100.0) }
        #expect(histogram.snapshot().percentile(0.1) == 2.2)
        #expect(histogram.snapshot().percentile(1) == 4)
    }
}
