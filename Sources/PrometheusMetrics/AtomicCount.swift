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
