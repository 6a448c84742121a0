import Histogram

/// Durations in microseconds with three significant digits (HdrHistogram). Merging two histograms gives the same as recording into one.
public struct LatencyHistogram: Sendable {
    /// One day. Longer times are recorded as this.
    static let maximumMicroseconds: UInt64 = 86_400_000_000

    /// Sized for times up to an eighth of a second. To grow a period's histogram step by step would cost more than all its recordings.
    private static let sized: Histogram<UInt64> = {
        var histogram = Histogram<UInt64>(highestTrackableValue: 131_071, numberOfSignificantValueDigits: .three)
        histogram.autoResize = true
        return histogram
    }()

    private var histogram = Self.sized
    /// Exact, while the histogram's values are rounded to three digits.
    private(set) var sumNanoseconds: Double = 0
    private(set) var minimumNanoseconds = Int64.max
    private(set) var maximumNanoseconds: Int64 = 0

    public init() {}

    public var count: Int { Int(histogram.totalCount) }

    public mutating func record(_ duration: Duration) { record(nanoseconds: duration.nanoseconds) }

    mutating func record(nanoseconds: Int64) {
        let value = max(nanoseconds, 0)
        let microseconds = min(UInt64((value + 500) / 1_000), Self.maximumMicroseconds)
        histogram.record(microseconds)
        sumNanoseconds += Double(value)
        minimumNanoseconds = min(minimumNanoseconds, value)
        maximumNanoseconds = max(maximumNanoseconds, value)
    }

    public mutating func merge(_ other: LatencyHistogram) {
        guard other.count > 0 else { return }
        histogram.add(other.histogram)
        sumNanoseconds += other.sumNanoseconds
        minimumNanoseconds = min(minimumNanoseconds, other.minimumNanoseconds)
        maximumNanoseconds = max(maximumNanoseconds, other.maximumNanoseconds)
    }

    /// The time in milliseconds at or below which this share of the values lies.
    ///
    /// - Parameter percentile: from 0 to 100.
    public func milliseconds(atPercentile percentile: Double) -> Double { milliseconds(atPercentiles: [percentile])[0] }

    /// The same for several percentiles, in one walk over the buckets.
    ///
    /// - Parameter percentiles: in ascending order.
    func milliseconds(atPercentiles percentiles: [Double]) -> [Double] {
        guard count > 0 else { return percentiles.map { _ in 0 } }
        // The number of values at or below a percentile, rounded up; `nextDown` keeps a rounded product from passing a whole number.
        let wanted = percentiles.map { max(1, (Double(count) * max($0.nextDown, 0) / 100).rounded(.up)) }
        var found: [Double] = []
        var total = 0.0
        for bucket in histogram.recordedValues() {
            total += Double(bucket.count)
            // The bucket's upper end may lie above the greatest value, or below the smallest after rounding.
            let value = min(max(Double(bucket.value) / 1_000, minimum), maximum)
            while found.count < wanted.count, percentiles[found.count] < 100, total >= wanted[found.count] { found.append(value) }
            if found.count == wanted.count { break }
        }
        while found.count < wanted.count { found.append(maximum) }
        return found
    }

    /// In milliseconds.
    public var minimum: Double { count == 0 ? 0 : Double(minimumNanoseconds) / 1e6 }
    public var maximum: Double { Double(maximumNanoseconds) / 1e6 }
    public var mean: Double { count == 0 ? 0 : sumNanoseconds / Double(count) / 1e6 }

    /// The share of values at or below a number of milliseconds, from 0 to 1.
    public func share(atOrBelow milliseconds: Double) -> Double {
        guard count > 0 else { return 1 }
        return histogram.percentileAtOrBelowValue(UInt64(max(milliseconds * 1_000, 0))) / 100
    }

    /// Value in microseconds and count of every bucket that holds something, for reports and for merging over machines.
    var buckets: [(microseconds: UInt64, count: UInt64)] {
        histogram.recordedValues().map { ($0.value, $0.count) }
    }

    /// The histogram of ``buckets``, with the exact values.
    init(buckets: [(microseconds: UInt64, count: UInt64)], sumNanoseconds: Double, minimumNanoseconds: Int64, maximumNanoseconds: Int64) {
        for bucket in buckets where bucket.count > 0 {
            histogram.record(min(bucket.microseconds, Self.maximumMicroseconds), count: bucket.count)
        }
        self.sumNanoseconds = sumNanoseconds
        self.minimumNanoseconds = minimumNanoseconds
        self.maximumNanoseconds = maximumNanoseconds
    }

    /// The histogram of ``buckets``. Its sum is as precise as the mean, which a report rounds.
    ///
    /// - Parameters:
    ///   - mean: in milliseconds, as are the minimum and the maximum.
    init(buckets: [(microseconds: UInt64, count: UInt64)], mean: Double, minimum: Double, maximum: Double) {
        let count = buckets.reduce(0) { $0 + Double($1.count) }
        // A file may give any numbers; no time of a run is longer than thirty years.
        func nanoseconds(_ milliseconds: Double) -> Int64 { Int64(min(max(milliseconds, 0) * 1e6, 1e18)) }
        self.init(
            buckets: buckets, sumNanoseconds: mean * 1e6 * count, minimumNanoseconds: count == 0 ? .max : nanoseconds(minimum),
            maximumNanoseconds: nanoseconds(maximum))
    }

    /// The approximate memory of the buckets.
    var footprintInBytes: Int { histogram.estimatedFootprintInBytes }
}

/// Artillery's summary of one metric, in milliseconds.
public struct LatencySummary: Sendable, Hashable {
    public var count = 0
    public var minimum = 0.0
    public var maximum = 0.0
    public var mean = 0.0
    public var p50 = 0.0
    public var p75 = 0.0
    public var p90 = 0.0
    public var p95 = 0.0
    public var p99 = 0.0
    public var p999 = 0.0
    public var p9999 = 0.0

    public init() {}

    public init(_ histogram: LatencyHistogram) {
        count = histogram.count
        minimum = histogram.minimum
        maximum = histogram.maximum
        mean = histogram.mean
        let values = histogram.milliseconds(atPercentiles: [50, 75, 90, 95, 99, 99.9, 99.99])
        p50 = values[0]
        p75 = values[1]
        p90 = values[2]
        p95 = values[3]
        p99 = values[4]
        p999 = values[5]
        p9999 = values[6]
    }

    /// The names in Artillery's order.
    static let names = ["min", "max", "count", "mean", "p50", "median", "p75", "p90", "p95", "p99", "p999", "p9999"]

    subscript(name: String) -> Double? {
        switch name {
        case "min": minimum
        case "max": maximum
        case "count": Double(count)
        case "mean": mean
        case "p50", "median": p50
        case "p75": p75
        case "p90": p90
        case "p95": p95
        case "p99": p99
        case "p999": p999
        case "p9999": p9999
        default: nil
        }
    }
}
