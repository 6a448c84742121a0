import CoreMetrics

/// Where records go that have no series: past the limit of series, or under a name of another kind.
final class DiscardedSeries: CounterHandler, FloatingPointCounterHandler, RecorderHandler, MeterHandler, TimerHandler {
    func increment(by _: Int64) {}
    func increment(by _: Double) {}
    func decrement(by _: Double) {}
    func record(_: Int64) {}
    func record(_: Double) {}
    func set(_: Int64) {}
    func set(_: Double) {}
    func recordNanoseconds(_: Int64) {}
    func reset() {}
}
