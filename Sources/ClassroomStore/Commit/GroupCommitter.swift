import Classroom
import Dispatch
import Foundation
import NIOConcurrencyHelpers

/// The one writer of a store: a thread that takes what has queued and commits it.
///
/// A thread of its own, because a sync blocks, and an event loop or the cooperative pool must not be blocked.
final class GroupCommitter<Target: CommitTarget>: Sendable {
    private struct State: Sendable {
        var queue: CommitQueue<Target.Write>
        var statistics = CommitStatistics()
        var isFinished = false
        var closing: [CheckedContinuation<Void, Never>] = []
    }

    private let state: NIOLockedValueBox<State>
    private let wakeUp = DispatchSemaphore(value: 0)
    private let target: Target

    /// - Parameter name: of the thread, as debuggers and `top -H` show it.
    init(target: Target, configuration: StoreConfiguration, name: String) {
        self.target = target
        state = NIOLockedValueBox(
            State(
                queue: CommitQueue(
                    maximumQueued: configuration.maximumQueuedWrites, maximumQueuedBytes: configuration.maximumQueuedBytes,
                    maximumBatch: configuration.maximumBatchedWrites,
                    window: configuration.commitWindow)))
        let thread = Thread { [self] in run() }
        thread.name = name
        thread.stackSize = 1 << 20
        thread.start()
    }

    var statistics: CommitStatistics {
        state.withLockedValue { state in
            var statistics = state.statistics
            statistics.queued = state.queue.count
            return statistics
        }
    }

    var isClosed: Bool { state.withLockedValue { $0.queue.isClosed } }

    /// Queues a write, or refuses it at once: then its completion runs here.
    func enqueue(_ write: Target.Write) {
        let bytes = write.byteCount
        let admission = state.withLockedValue { state in
            let admission = state.queue.offer(write, bytes: bytes)
            if admission == .full || admission == .closed { state.statistics.refusedWrites += 1 }
            return admission
        }
        switch admission {
        case .accepted(wake: true): wakeUp.signal()
        case .accepted(wake: false): break
        case .full: write.fail(.storeOverloaded)
        case .closed: write.fail(.storeClosed)
        }
    }

    /// No more writes; what is pending is committed and then the thread ends. Does not wait.
    func stop() {
        if state.withLockedValue({ $0.queue.close() }) { wakeUp.signal() }
    }

    /// ``stop()``, and waits for the pending commits.
    func close() async {
        stop()
        await withCheckedContinuation { continuation in
            let isFinished = state.withLockedValue { state in
                if !state.isFinished { state.closing.append(continuation) }
                return state.isFinished
            }
            if isFinished { continuation.resume() }
        }
    }

    private func run() {
        let clock = ContinuousClock()
        let start = clock.now
        while true {
            let now = start.duration(to: clock.now)
            switch state.withLockedValue({ $0.queue.next(now: now) }) {
            case .park:
                wakeUp.wait()
            case .linger(let until):
                let nanoseconds = Int((until - now) / .nanoseconds(1))
                _ = wakeUp.wait(timeout: .now() + .nanoseconds(nanoseconds))
            case .commit(let batch):
                let committed = target.commit(batch)
                let took = start.duration(to: clock.now) - now
                state.withLockedValue { $0.statistics.record(writes: batch.count, isCommitted: committed.isCommitted, took: took) }
                committed.deliver()
            case .finish:
                finish()
                return
            }
        }
    }

    private func finish() {
        let closing = state.withLockedValue { state in
            state.isFinished = true
            defer { state.closing = [] }
            return state.closing
        }
        for continuation in closing { continuation.resume() }
    }
}
