import NIOConcurrencyHelpers

/// Counts the requests that have arrived and are not finished, so that a drain can wait for them. Thread-safe.
final class WorkInHand: Sendable {
    private struct State {
        var count = 0
        var isDraining = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = NIOLockedValueBox(State())

    var isDraining: Bool { state.withLockedValue { $0.isDraining } }

    /// Returns false once the drain has begun: the request must be refused.
    func begin() -> Bool {
        state.withLockedValue { state in
            guard !state.isDraining else { return false }
            state.count += 1
            return true
        }
    }

    func end() {
        let waiter = state.withLockedValue { state -> CheckedContinuation<Void, Never>? in
            state.count -= 1
            assert(state.count >= 0, "a request ended twice")
            guard state.count == 0 else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Stops accepting requests. Returns when the last one ended, or when `giveUp` was called.
    func drain() async {
        await withCheckedContinuation { continuation in
            let done = state.withLockedValue { state in
                state.isDraining = true
                guard state.count > 0, state.waiter == nil else { return true }
                state.waiter = continuation
                return false
            }
            if done { continuation.resume() }
        }
    }

    /// Lets `drain` return although requests are in hand.
    func giveUp() {
        let waiter = state.withLockedValue { state in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
