import PrometheusMetrics
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
}
