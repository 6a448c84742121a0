import PrometheusMetrics
import Synchronization

/// The runtime's counters. Thread-safe. The counters of the first group never decrease.
final class RuntimeCounters: Sendable {
    let requests = Atomic<UInt64>(0)
    let answers = Atomic<UInt64>(0)
    let duplicateAnswers = Atomic<UInt64>(0)
    let chatMessages = Atomic<UInt64>(0)
    let errors = Atomic<UInt64>(0)
    let rateLimited = Atomic<UInt64>(0)

    let connections = Atomic<Int>(0)
    let players = Atomic<Int>(0)

    /// From the receipt of a request to its answer, in seconds.
    let latency = BucketHistogram(buckets: .doublingSeconds)
}

extension Atomic where Value == UInt64 {
    func count() { add(1, ordering: .relaxed) }
    var value: UInt64 { load(ordering: .relaxed) }
}

extension Atomic where Value == Int {
    func change(by difference: Int) { add(difference, ordering: .relaxed) }
    var value: Int { load(ordering: .relaxed) }
}
