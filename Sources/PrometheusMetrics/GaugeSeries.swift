import CoreMetrics

/// One series of a gauge: the last value set, wherever it was set from.
final class GaugeSeries: RecorderHandler, MeterHandler {
    private let last = AtomicDouble()

    var value: Double { last.load() }

    func record(_ value: Int64) {
        last.store(Double(value))
    }

    func record(_ value: Double) {
        last.store(value)
    }

    func set(_ value: Int64) {
        last.store(Double(value))
    }

    func set(_ value: Double) {
        last.store(value)
    }

    func increment(by amount: Double) {
        last.add(amount)
    }

    func decrement(by amount: Double) {
        last.add(-amount)
    }
}
