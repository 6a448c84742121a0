import CoreMetrics

/// One series of a histogram. A record is three atomic operations; the cumulative counts are summed when they are read.
final class HistogramSeries: TimerHandler, RecorderHandler {
    let buckets: HistogramBuckets
    private let counts: [AtomicCount]
    private let total = AtomicDouble()

    init(buckets: HistogramBuckets) {
        self.buckets = buckets
        counts = (0...buckets.bounds.count).map { _ in AtomicCount() }
    }

    func recordNanoseconds(_ duration: Int64) {
        record(Double(duration) / 1_000_000_000)
    }

    func record(_ value: Int64) {
        record(Double(value))
    }

    /// What is not a number is ignored: it would spoil the sum for good.
    func record(_ value: Double) {
        guard !value.isNaN else { return }
        counts[buckets.index(of: value)].add(1)
        total.add(value)
    }

    struct Snapshot {
        /// One count a bound, each with those below it; the last is the count of all.
        var cumulative: [Int64]
        var sum: Double
    }

    /// The counts agree with each other (the last is their total), also while others record.
    func snapshot() -> Snapshot {
        var running: Int64 = 0
        let cumulative = counts.map { count in
            running += count.load()
            return running
        }
        return Snapshot(cumulative: cumulative, sum: total.load())
    }
}
