import Synchronization

/// An integer that many threads may raise without a lock. Wraps on overflow rather than trapping in a hot path.
final class AtomicCount: Sendable {
    private let value = Atomic<Int64>(0)

    func load() -> Int64 {
        value.load(ordering: .relaxed)
    }

    func add(_ amount: Int64) {
        value.wrappingAdd(amount, ordering: .relaxed)
    }

    func store(_ amount: Int64) {
        value.store(amount, ordering: .relaxed)
    }
}

/// A `Double` that many threads may change without a lock: its bits live in an atomic integer.
final class AtomicDouble: Sendable {
    private let bits: Atomic<UInt64>

    init(_ value: Double = 0) {
        bits = Atomic(value.bitPattern)
    }

    func load() -> Double {
        Double(bitPattern: bits.load(ordering: .relaxed))
    }

    func store(_ value: Double) {
        bits.store(value.bitPattern, ordering: .relaxed)
    }

    func add(_ amount: Double) {
        var current = bits.load(ordering: .relaxed)
        while true {
            let wanted = (Double(bitPattern: current) + amount).bitPattern
            let (exchanged, original) = bits.weakCompareExchange(expected: current, desired: wanted, ordering: .relaxed)
            if exchanged { return }
            current = original
        }
    }
}
