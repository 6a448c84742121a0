import DequeModule
import NIOCore

/// Work that has had its share of the loop's time and goes on after the loop has read from its other connections.
extension LoopShard {
    /// A task that is executed at once comes before the loop looks at its connections, however often. One that lies ahead does not.
    private static let pause = TimeAmount.microseconds(50)
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
        if !backlog.exists, let transport = paused.popFirst() { transport.takeTurn() }
        flushAll()
        if !paused.isEmpty { scheduleTurn() }
    }

    /// The connection goes on behind the others that have had their turn.
    func pause(_ transport: WebSocketTransport) {
        paused.append(transport)
        scheduleTurn()
    }
}
