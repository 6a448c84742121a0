// Tests of these doubles wait by the common `eventually` too: one import brings both.
@_exported public import CoreTestSupport
import NIOConcurrencyHelpers

/// Holds back whoever comes through until it is opened, and tells when somebody waits at it.
package final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var observers: [(Int, CheckedContinuation<Void, Never>)] = []
        var arrived = 0
    }

    private let state = NIOLockedValueBox(State())

    package init() {}

    package func pass() async {
        await withCheckedContinuation { continuation in
            let (isOpen, observers) = state.withLockedValue { state in
                state.arrived += 1
                if !state.isOpen { state.waiting.append(continuation) }
                let reached = state.observers.filter { $0.0 <= state.arrived }
                state.observers.removeAll { $0.0 <= state.arrived }
                return (state.isOpen, reached)
            }
            if isOpen { continuation.resume() }
            for (_, observer) in observers { observer.resume() }
        }
    }

    package func open() {
        let waiting = state.withLockedValue { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns when so many have come.
    package func reached(by count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLockedValue { state in
                if state.arrived >= count { return true }
                state.observers.append((count, continuation))
                return false
            }
            if isReached { continuation.resume() }
        }
    }
}
