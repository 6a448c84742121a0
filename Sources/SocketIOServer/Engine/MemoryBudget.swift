import NIOConcurrencyHelpers

/// Counts memory that clients make the server hold: the total, and per address (see ``AddressBlock``).
final class MemoryBudget: Sendable {
    private struct State {
        var all = 0
        var byAddress: [String: Int] = [:]
    }

    private let maximum: Int
    private let maximumPerAddress: Int
    private let state = NIOLockedValueBox(State())

    init(maximum: Int, perAddress: Int) {
        self.maximum = maximum
        maximumPerAddress = perAddress
    }

    /// Changes the bytes that a client of this address holds. Returns false, without a change, if there is no room for more. Less always
    /// fits.
    func keep(_ bytes: Int, insteadOf before: Int, from address: String) -> Bool {
        guard bytes != before else { return true }
        let address = AddressBlock.of(address)
        return state.withLockedValue { state in
            let all = state.all + bytes - before
            let own = state.byAddress[address, default: 0] + bytes - before
            guard bytes < before || (all <= maximum && own <= maximumPerAddress) else { return false }
            state.all = all
            state.byAddress[address] = own > 0 ? own : nil
            return true
        }
    }

    /// For tests.
    var inUse: (all: Int, byAddress: Int) { state.withLockedValue { ($0.all, $0.byAddress.values.reduce(0, +)) } }
}

/// A place in a budget, released with its last reference. The connection that reads a body holds it, then the session that takes packets
/// from it.
final class HeldMemory: Sendable {
    private let budget: MemoryBudget
    private let address: String
    private let bytes = NIOLockedValueBox(0)

    init(_ budget: MemoryBudget, address: String) {
        self.budget = budget
        self.address = address
    }

    deinit { _ = resize(to: 0) }

    /// Returns false, without a change, if there is no room for so many bytes.
    func resize(to count: Int) -> Bool {
        bytes.withLockedValue { bytes in
            guard budget.keep(count, insteadOf: bytes, from: address) else { return false }
            bytes = count
            return true
        }
    }
}
