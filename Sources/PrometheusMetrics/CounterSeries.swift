import CoreMetrics

/// One series of a counter that counts whole things. An increment is one atomic addition.
final class CounterSeries: CounterHandler {
    private let count = AtomicCount()

    /// A counter never falls: a negative amount is ignored.
    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        count.add(amount)
    }

    func reset() {
        count.store(0)
    }

    var value: Int64 { count.load() }
}

/// One series of a counter that may rise by fractions.
final class FractionalCounterSeries: FloatingPointCounterHandler {
    private let sum = AtomicDouble()

    /// A counter never falls: a negative amount, and one that is not a number, is ignored.
    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        sum.add(amount)
    }

    func reset() {
        sum.store(0)
    }

    var value: Double { sum.load() }
}
