import Classroom
import Dispatch
import Foundation
import NIOConcurrencyHelpers

/// The only writer of a store: a thread that takes the queued writes and commits them.
///
/// It has its own thread, because a sync blocks, which an event loop and the cooperative pool must not.
final class GroupCommitter: Sendable {
    private struct State: Sendable {
        var queue: CommitQueue<PendingWrite>
        var statistics = CommitStatistics()
        var isFinished = false
        var closing: [CheckedContinuation<Void, Never>] = []
    }

    private let state: NIOLockedValueBox<State>
    private let wakeUp = DispatchSemaphore(value: 0)
    private let start = ContinuousClock.now

    /// - Parameters:
    ///   - name: the thread's name in debuggers and `top -H`.
    ///   - makeTarget: called on the thread that will use the target.
    init(configuration: StoreConfiguration, name: String, makeTarget: @escaping @Sendable () -> any CommitTarget) {
        state = NIOLockedValueBox(
            State(
                queue: CommitQueue(
                    maximumQueued: configuration.maximumQueuedWrites, maximumQueuedBytes: configuration.maximumQueuedBytes,
                    maximumBatch: configuration.maximumBatchedWrites, maximumWait: configuration.maximumWriteWait,
                    window: configuration.commitWindow)))
        let thread = Thread { [self] in run(makeTarget()) }
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

    /// Queues a write. If it is refused, its completion runs within this call.
    func enqueue(_ write: StoreWrite, completion: @escaping @Sendable (Result<StoreWrite.Outcome, ClassroomError>) -> Void) {
        let bytes = write.byteCount
        let pending = PendingWrite(write: write, completion: completion)
        let admission = state.withLockedValue { state in
            let admission = state.queue.offer(pending, bytes: bytes, now: elapsed)
            if admission == .full || admission == .closed { state.statistics.refusedWrites += 1 }
            return admission
        }
        switch admission {
        case .accepted(wake: true): wakeUp.signal()
        case .accepted(wake: false): break
        case .full: completion(.failure(.storeOverloaded))
        case .closed: completion(.failure(.storeClosed))
        }
    }

    private var elapsed: Duration { start.duration(to: ContinuousClock.now) }

    /// Refuses further writes. The thread commits the pending ones and ends. Does not wait.
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

    private func run(_ target: any CommitTarget) {
        while true {
            let now = elapsed
            switch state.withLockedValue({ $0.queue.next(now: now) }) {
            case .park:
                wakeUp.wait()
            case .linger(let until):
                let nanoseconds = Int((until - now) / .nanoseconds(1))
                _ = wakeUp.wait(timeout: .now() + .nanoseconds(nanoseconds))
            case .commit(let batch):
                commit(batch, to: target, begunAt: now)
            case .refuse(let writes):
                state.withLockedValue { $0.statistics.refusedWrites += writes.count }
                for pending in writes { pending.completion(.failure(.storeFailed)) }
            case .finish:
                target.finish()
                finish()
                return
            }
        }
    }

    private func commit(_ batch: [PendingWrite], to target: any CommitTarget, begunAt began: Duration) {
        let outcomes: [Result<StoreWrite.Outcome, ClassroomError>]
        do throws(ClassroomError) {
            outcomes = try target.commit(batch.map(\.write))
        } catch {
            record(batch, isCommitted: false, began)
            for pending in batch { pending.completion(.failure(error)) }
            return
        }
        record(batch, isCommitted: true, began)
        assert(outcomes.count == batch.count, "each write has its outcome")
        for (pending, outcome) in zip(batch, outcomes) { pending.completion(outcome) }
        target.delivered()
    }

    private func record(_ batch: [PendingWrite], isCommitted: Bool, _ began: Duration) {
        let took = elapsed - began
        state.withLockedValue { $0.statistics.record(writes: batch.count, isCommitted: isCommitted, took: took) }
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
