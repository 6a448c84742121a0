import DequeModule
import NIOCore

/// When connections write: once per loop turn, for everything that its read batches and its mail produced for them.
extension LoopShard {
    private static let maximumDirty = 16

    /// Has the connection write what it holds before the loop turns to the next events: one write for all that its read batch, and other
    /// connections' batches of the same turn, produced for it.
    @inline(__always)
    func markDirty(_ connection: EngineConnection) {
        guard !connection.isDirty else { return }
        connection.isDirty = true
        dirty.append(connection)
        scheduleFlush()
    }

    /// Closes a client that fell behind, later: members may be being visited now, or a handler runs.
    func doom(_ connection: EngineConnection) {
        doomed.append(connection)
        scheduleFlush()
    }

    /// Between two connections' batches. Writes of several connections one after the other cost the kernel less than each between two
    /// reads; but the first to have spoken shall not wait for all who have.
    func batchEnded() {
        guard dirty.count >= LoopShard.maximumDirty else { return }
        for _ in 0..<LoopShard.maximumDirty { flushNext() }
    }

    private func scheduleFlush() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        // `assumeIsolated()` stops the process off the loop: a shard is reached only through its loop-bound handle.
        loop.assumeIsolated().execute { self.flushScheduled() }
    }

    private func flushScheduled() {
        isFlushScheduled = false
        // Else the next turn goes on with what is left of the last.
        if !isFlushPaused { flushAll() }
    }

    /// Writes for a turn. What is left goes on in the next one.
    func flushAll() {
        assert(!isVisiting, "a broadcast's members are being visited")
        isFlushPaused = false
        var budget = TurnBudget(maximumTurn)
        while !dirty.isEmpty || !doomed.isEmpty {
            if budget.needsTime, budget.isSpent(at: clock()) {
                isFlushPaused = true
                return scheduleTurn()
            }
            budget.step()
            if !flushNext() { closeNext() }
        }
    }

    /// Returns false when there is nothing to write.
    @discardableResult
    private func flushNext() -> Bool {
        guard let connection = dirty.popFirst() else { return false }
        if connection.isDirty { connection.flush() }
        return true
    }

    private func closeNext() { doomed.popFirst()?.closeSlowClient() }
}
