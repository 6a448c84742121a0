import NIOCore

/// Measures how long something held the loop: while there are connections, a timer measures its own delay at regular intervals.
extension LoopShard {
    static let stallProbeInterval = TimeAmount.milliseconds(100)

    func watchForStalls() {
        guard !watchesForStalls, !hasEnded else { return }
        watchesForStalls = true
        let due = loop.now + LoopShard.stallProbeInterval
        // A callback costs less than a task, and is refused only by a loop that has ended. `assumeIsolated()` stops the process off the
        // loop: a shard is reached only through its loop-bound handle.
        _ = try? loop.assumeIsolated().scheduleCallback(at: due, handler: StallProbe(shard: self, due: due))
    }

    private struct StallProbe: NIOScheduledCallbackHandler {
        weak var shard: LoopShard?
        let due: NIODeadline
        func handleScheduledCallback(eventLoop: some EventLoop) { shard?.probeIsDue(due) }
    }

    private func probeIsDue(_ due: NIODeadline) {
        watchesForStalls = false
        counters.longestStallNanoseconds.raise(to: Int((clock() - due).nanoseconds))
        if connections.count > 0 { watchForStalls() }
    }
}
