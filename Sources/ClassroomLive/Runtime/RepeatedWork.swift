import NIOConcurrencyHelpers

/// Does work at intervals, one round after the other, from ``start()`` to ``stop()``. Thread-safe.
final class RepeatedWork: Sendable {
    private struct State {
        var timer: ScheduledWork?
        var isStopped = false
    }

    private let state = NIOLockedValueBox(State())
    private let clock: any ClassroomClock
    private let intervalMs: Int64
    private let work: @Sendable (RepeatedWork) async -> Void

    /// - Parameter work: one round. A long one should end when it finds ``isStopped``.
    init(every intervalMs: Int64, by clock: any ClassroomClock, _ work: @escaping @Sendable (RepeatedWork) async -> Void) {
        self.clock = clock
        self.intervalMs = intervalMs
        self.work = work
    }

    var isStopped: Bool { state.withLockedValue { $0.isStopped } }

    /// The first round is an interval from now.
    func start() {
        guard !isStopped else { return }
        let timer = clock.schedule(at: clock.now + intervalMs) { [weak self] in
            guard let self else { return }
            Task {
                await self.work(self)
                self.start()
            }
        }
        let isStopped = state.withLockedValue { state in
            state.timer = timer
            return state.isStopped
        }
        if isStopped { timer.cancel() }
    }

    /// No further round begins.
    func stop() {
        let timer = state.withLockedValue { state in
            state.isStopped = true
            defer { state.timer = nil }
            return state.timer
        }
        timer?.cancel()
    }
}
