import NIOConcurrencyHelpers

/// Memory that clients can make the server hold: of all of them, and of those of one address. It is counted, not kept here.
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

    /// A client of this address holds another number of bytes than before. False: there is no room for more, and nothing has changed. Less
    /// always fits.
    func keep(_ bytes: Int, insteadOf before: Int, from address: String) -> Bool {
        guard bytes != before else { return true }
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

/// A place in a budget, given back when nobody holds it any more: by the connection that reads a body, then by the session that takes
/// packets from it.
final class HeldMemory: Sendable {
    private let budget: MemoryBudget
    private let address: String
    private let bytes = NIOLockedValueBox(0)

    init(_ budget: MemoryBudget, address: String) {
        self.budget = budget
        self.address = address
    }

    deinit { _ = resize(to: 0) }

    /// False: there is no room for so much, and nothing has changed.
    func resize(to count: Int) -> Bool {
        bytes.withLockedValue { bytes in
            guard budget.keep(count, insteadOf: bytes, from: address) else { return false }
            bytes = count
            return true
        }
    }
}
