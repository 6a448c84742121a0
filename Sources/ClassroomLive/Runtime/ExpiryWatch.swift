import Classroom
import ClassroomStore
import Logging
import NIOConcurrencyHelpers

/// Deletes expired tokens, and guests whose last token has expired, at intervals. Their answers and their names in the
/// sessions that they played stay. Thread-safe.
final class ExpiryWatch: Sendable {
    /// Rows per transaction: few, so that other writes do not wait long.
    private static let batch = 1_000

    private struct State {
        var timer: ScheduledWork?
        var isStopped = false
    }

    private let state = NIOLockedValueBox(State())
    private let store: any ClassroomStore
    private let clock: any ClassroomClock
    private let intervalMs: Int64
    private let logger: Logger

    init(store: any ClassroomStore, clock: any ClassroomClock, intervalMs: Int64, logger: Logger) {
        self.store = store
        self.clock = clock
        self.intervalMs = intervalMs
        self.logger = logger
    }

    /// From now on, until `stop`.
    func start() { arm(at: clock.now + intervalMs) }

    private func arm(at time: UnixMilliseconds) {
        guard !state.withLockedValue({ $0.isStopped }) else { return }
        let timer = clock.schedule(at: time) { [weak self] in
            guard let self else { return }
            Task {
                await self.expire()
                self.arm(at: self.clock.now + self.intervalMs)
            }
        }
        let isStopped = state.withLockedValue { state in
            state.timer = timer
            return state.isStopped
        }
        if isStopped { timer.cancel() }
    }

    func stop() {
        let timer = state.withLockedValue { state in
            state.isStopped = true
            defer { state.timer = nil }
            return state.timer
        }
        timer?.cancel()
    }

    /// Deletes batch by batch until nothing expired is left.
    func expire() async {
        do {
            while try await store.deleteExpired(now: clock.now, limit: Self.batch) > 0, !state.withLockedValue({ $0.isStopped }) {}
        } catch {
            // A failure is left to the next round.
            logger.warning("what has expired could not be deleted", metadata: ["error.type": "\(type(of: error))"])
        }
    }
}
