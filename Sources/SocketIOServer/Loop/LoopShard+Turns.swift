import DequeModule
import NIOCore

/// Whoever has packets of a client and takes them a turn at a time: a WebSocket, or a session with a POST.
protocol TurnTaker: AnyObject {
    func takeTurn()
}

/// Work that has had its share of the loop's time and goes on after the loop has read from its other connections.
extension LoopShard {
    /// A task that is executed at once comes before the loop looks at its connections, however often. One that lies ahead does not.
    static let pause = TimeAmount.microseconds(50)
    /// While another loop is behind there is nothing to do but to look again.
    private static let backlogPause = TimeAmount.milliseconds(1)

    func scheduleTurn() {
        guard !isTurnScheduled, !hasEnded else { return }
        isTurnScheduled = true
        let isWaiting = !isMailPaused && !isFlushPaused && backlog.exists
        let pause = isWaiting ? LoopShard.backlogPause : LoopShard.pause
        loop.assumeIsolated().scheduleTask(in: pause) { self.takeTurn() }
    }

    /// A turn each of the mail, of one connection that has more packets, and of writing.
    private func takeTurn() {
        isTurnScheduled = false
        drain()
        if !backlog.exists, let next = paused.popFirst() { next.takeTurn() }
        flushAll()
        if !paused.isEmpty { scheduleTurn() }
    }

    /// It goes on behind the others that have had their turn.
    func pause(_ taker: any TurnTaker) {
        paused.append(taker)
        scheduleTurn()
    }
}
