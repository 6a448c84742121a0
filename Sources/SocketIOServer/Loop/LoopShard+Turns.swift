import DequeModule
import NIOCore

/// Whoever has packets of a client and takes them a turn at a time: a WebSocket, or a session with a POST.
protocol TurnTaker: AnyObject {
    /// No packet of this client is taken now: there is too much mail, and this client's packets are among the causes.
    var isHeld: Bool { get }
    func takeTurn()
}

/// Work that has had its share of the loop's time and goes on after the loop has read from its other connections.
extension LoopShard {
    /// A task that is executed at once comes before the loop looks at its connections, however often. One that lies ahead does not.
    static let pause = TimeAmount.microseconds(50)
    /// While mail holds up all who wait there is nothing to do but to look again.
    private static let backlogPause = TimeAmount.milliseconds(1)

    func scheduleTurn() {
        guard !isTurnScheduled, !hasEnded else { return }
        isTurnScheduled = true
        let isWaiting = !isMailPaused && !isFlushPaused && !paused.isEmpty && areAllHeld
        let pause = isWaiting ? LoopShard.backlogPause : LoopShard.pause
        loop.assumeIsolated().scheduleTask(in: pause) { self.takeTurn() }
    }

    /// A turn each of the mail, of one connection that has more packets, and of writing.
    private func takeTurn() {
        isTurnScheduled = false
        drain()
        nextTaker()?.takeTurn()
        flushAll()
        if !paused.isEmpty { scheduleTurn() }
    }

    private var areAllHeld: Bool { backlog.exists || paused.allSatisfy(\.isHeld) }

    /// The first that is not held. Those before it keep their order, behind the others.
    private func nextTaker() -> (any TurnTaker)? {
        guard !backlog.exists else { return nil }
        for _ in 0..<paused.count {
            guard let next = paused.popFirst() else { break }
            guard next.isHeld else { return next }
            paused.append(next)
        }
        return nil
    }

    /// It goes on behind the others that have had their turn.
    func pause(_ taker: any TurnTaker) {
        paused.append(taker)
        scheduleTurn()
    }
}
