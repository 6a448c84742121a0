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
