import CoreMetrics

/// The upper bounds of a histogram's buckets, rising; the bucket without a bound comes by itself.
public struct HistogramBuckets: Sendable, Hashable {
    /// At most this many bounds are kept: every bound is a series.
    public static let maximumBounds = 64

    public let bounds: [Double]

    /// Bounds that are not finite are dropped, doubles too; the rest is sorted.
    public init(_ bounds: [Double]) {
        self.bounds = Array(Set(bounds.filter(\.isFinite)).sorted().prefix(Self.maximumBounds))
    }

    /// Seconds, for timers: from a tenth of a millisecond to ten seconds.
    public static let seconds = HistogramBuckets([
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ])

    /// Seconds, for percentiles: they double from 66 µs to 69 s.
    package static let doublingSeconds = HistogramBuckets((16...36).map { Double(UInt64(1) << $0) / 1e9 })

    /// Counts and sizes, for recorders: powers of four from one.
    public static let quantities = HistogramBuckets((0..<13).map { Double(1 << (2 * $0)) })

    /// The bucket that counts `value`: the first whose bound is not below it.
    func index(of value: Double) -> Int {
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// How often values fell into each of a few buckets. A record is three atomic operations; the cumulative counts are summed when they are read.
package final class BucketHistogram: TimerHandler, RecorderHandler {
    let buckets: HistogramBuckets
    private let counts: [AtomicCount]
    private let total = AtomicDouble()

    package init(buckets: HistogramBuckets) {
        self.buckets = buckets
        counts = (0...buckets.bounds.count).map { _ in AtomicCount() }
    }

    package func recordNanoseconds(_ duration: Int64) {
        record(Double(duration) / 1_000_000_000)
    }

    package func record(_ value: Int64) {
        record(Double(value))
    }

    /// Ignores NaN: it would spoil the sum for good.
    package func record(_ value: Double) {
        guard !value.isNaN else { return }
        counts[buckets.index(of: value)].add(1)
        total.add(value)
    }

    /// The counts agree with each other (the last is their total), also while others record.
    package func snapshot() -> Snapshot {
        var running: Int64 = 0
        let cumulative = counts.map { count in
            running += count.load()
            return running
        }
        return Snapshot(bounds: buckets.bounds, cumulative: cumulative, sum: total.load())
    }

    /// A histogram at one moment.
    package struct Snapshot: Sendable, Hashable {
        var bounds: [Double]
        /// One count for each bound, together with those below it; the last is the count of all.
        var cumulative: [Int64]
        var sum: Double

        package var count: Int64 { cumulative.last ?? 0 }

        /// The records since `earlier`, a snapshot of the same histogram.
        package func since(_ earlier: Snapshot) -> Snapshot {
            Snapshot(bounds: bounds, cumulative: zip(cumulative, earlier.cumulative).map { $0 - $1 }, sum: sum - earlier.sum)
        }

        /// The value below which `fraction` of those recorded lie, interpolated within its bucket; nil without any.
        package func percentile(_ fraction: Double) -> Double? {
            let wanted = fraction * Double(count)
            guard count > 0, let index = cumulative.firstIndex(where: { $0 > 0 && Double($0) >= wanted }) else { return nil }
            let lower = index == 0 ? 0 : bounds[index - 1]
            // The last bucket has no upper bound; twice its beginning would be the next one.
            let upper = index < bounds.count ? bounds[index] : lower * 2
            let below = index == 0 ? 0 : cumulative[index - 1]
            return lower + (upper - lower) * (wanted - Double(below)) / Double(cumulative[index] - below)
        }
    }
}
