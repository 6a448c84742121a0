import NIOCore

/// Measures how long something held the loop: while there are connections, a timer measures its own delay at regular intervals.
extension LoopShard {
    static let stallProbeInterval = TimeAmount.milliseconds(100)

    func watchForStalls() {
        guard !watchesForStalls, !hasEnded else { return }
        watchesForStalls = true
        let due = loop.now + LoopShard.stallProbeInterval
        // `assumeIsolated()` stops the process off the loop: a shard is reached only through its loop-bound handle.
        loop.assumeIsolated().scheduleTask(deadline: due) { [weak self] in self?.probeIsDue(due) }
    }

    private func probeIsDue(_ due: NIODeadline) {
        watchesForStalls = false
        counters.longestStallNanoseconds.raise(to: Int((clock() - due).nanoseconds))
        if connections.count > 0 { watchForStalls() }
    }
}
