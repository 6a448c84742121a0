import DequeModule
import NIOCore

/// Connections write once per loop turn, for all packets that its read batches and its mail produced.
extension LoopShard {
    private static let maximumDirty = 16

    /// Has the connection write its packets before the loop takes the next events: one write for all packets of its own read batch and of
    /// other connections' batches of the same turn.
    @inline(__always)
    func markDirty(_ connection: EngineConnection) {
        guard !connection.isDirty else { return }
        connection.isDirty = true
        dirty.append(connection)
        scheduleFlush()
    }

    /// Closes a client that fell behind in a later step: now members may be being visited, or a handler may run.
    func doom(_ connection: EngineConnection) {
        doomed.append(connection)
        scheduleFlush()
    }

    /// Between two connections' batches. Consecutive writes of several connections cost the kernel less than writes between reads. But the
    /// first connection must not wait for all others.
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
        // Otherwise the next turn continues where this one stopped.
        if !isFlushPaused { flushAll() }
    }

    /// Writes for one turn. The rest follows in the next turn.
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

    /// Returns false if there is nothing to write.
    @discardableResult
    private func flushNext() -> Bool {
        guard let connection = dirty.popFirst() else { return false }
        if connection.isDirty { connection.flush() }
        return true
    }

    private func closeNext() { doomed.popFirst()?.closeSlowClient() }
}
