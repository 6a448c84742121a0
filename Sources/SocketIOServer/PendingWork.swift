import NIOConcurrencyHelpers
import NIOCore

/// Work that the end of a server waits for: tasks of asynchronous handlers and middlewares, and other operations under way.
final class PendingWork: Sendable {
    private struct Waiter {
        let continuation: CheckedContinuation<Bool, Never>
        var timer: Scheduled<Void>?
    }

    private struct State {
        var nextID = 0
        var running: Set<Int> = []
        /// The running tasks. A task is added shortly after it has begun.
        var tasks: [Int: Task<Void, Never>] = [:]
        var isCancelled = false
        /// Tasks that have reported their end while somebody waits.
        var ended: [Task<Void, Never>] = []
        var keepsEnded = false
        var waiters: [Int: Waiter] = [:]

        mutating func makeID() -> Int {
            nextID += 1
            return nextID
        }
    }

    private let state = NIOLockedValueBox(State())

    var count: Int { state.withLockedValue { $0.running.count } }

    /// Runs a task. It is cancelled at once after ``cancelAll()``.
    func run(_ body: @escaping @Sendable () async -> Void) {
        let id = begin()
        let task = Task {
            await body()
            self.end(id)
        }
        let isCancelled = state.withLockedValue { state in
            guard state.running.contains(id) else {
                if state.keepsEnded { state.ended.append(task) }
                return false
            }
            state.tasks[id] = task
            return state.isCancelled
        }
        if isCancelled { task.cancel() }
    }

    func begin() -> Int {
        state.withLockedValue { state in
            let id = state.makeID()
            state.running.insert(id)
            return id
        }
    }

    func end(_ id: Int) {
        let (task, waiters) = state.withLockedValue { state -> (Task<Void, Never>?, [Waiter]) in
            state.running.remove(id)
            let task = state.tasks.removeValue(forKey: id)
            if state.keepsEnded, let task { state.ended.append(task) }
            guard state.running.isEmpty else { return (task, []) }
            let waiters = Array(state.waiters.values)
            state.waiters = [:]
            return (task, waiters)
        }
        // Released outside the lock.
        withExtendedLifetime(task) {}
        for waiter in waiters { PendingWork.resume(waiter, isIdle: true) }
    }

    func cancelAll() {
        let tasks = state.withLockedValue { state in
            state.isCancelled = true
            return state.tasks
        }
        for task in tasks.values { task.cancel() }
    }

    /// Returns when no work is left, or false after the time-out. After true, all memory of the tasks has been released.
    func wait(atMost time: TimeAmount, on loop: any EventLoop) async -> Bool {
        guard await waitForEnds(atMost: time, on: loop) else { return false }
        // They have reported their end, but release their memory only after that.
        for task in takeEnded() { await task.value }
        return true
    }

    private func takeEnded() -> [Task<Void, Never>] {
        state.withLockedValue { state in
            let ended = state.ended
            state.ended = []
            return ended
        }
    }

    private func waitForEnds(atMost time: TimeAmount, on loop: any EventLoop) async -> Bool {
        await withCheckedContinuation { continuation in
            let id = state.withLockedValue { state -> Int? in
                state.keepsEnded = true
                guard !state.running.isEmpty else { return nil }
                let id = state.makeID()
                state.waiters[id] = Waiter(continuation: continuation)
                return id
            }
            guard let id else { return continuation.resume(returning: true) }
            let timer = loop.scheduleTask(in: time) {}
            // Also when the loop has ended and sets no timer any more.
            timer.futureResult.whenComplete { _ in self.giveUp(id) }
            let isWaiting = state.withLockedValue { state in
                state.waiters[id]?.timer = timer
                return state.waiters[id] != nil
            }
            if !isWaiting { timer.cancel() }
        }
    }

    private func giveUp(_ id: Int) {
        if let waiter = state.withLockedValue({ $0.waiters.removeValue(forKey: id) }) { PendingWork.resume(waiter, isIdle: false) }
    }

    private static func resume(_ waiter: Waiter, isIdle: Bool) {
        waiter.timer?.cancel()
        waiter.continuation.resume(returning: isIdle)
    }
}
