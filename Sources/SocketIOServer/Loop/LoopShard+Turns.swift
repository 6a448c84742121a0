import DequeModule
import NIOCore

/// A source of packets that are taken a turn at a time: a WebSocket, or a session with a POST.
protocol TurnTaker: AnyObject {
    /// Whether no packet of this client is taken now, because there is too much mail and its packets are among the causes.
    var isHeld: Bool { get }
    func takeTurn()
}

/// Work whose turn is over and that continues after the loop has read from its other connections.
extension LoopShard {
    /// Tasks that are submitted for now run before the loop reads from its connections. A task with a delay does not.
    static let pause = TimeAmount.microseconds(50)
    /// While mail holds up all waiting sources, all it can do is to check again.
    private static let backlogPause = TimeAmount.milliseconds(1)

    func scheduleTurn() {
        guard !isTurnScheduled, !hasEnded else { return }
        isTurnScheduled = true
        let isWaiting = !isMailPaused && !isFlushPaused && !paused.isEmpty && areAllHeld
        let pause = isWaiting ? LoopShard.backlogPause : LoopShard.pause
        // A callback and no task: a broadcast to many takes several turns, and a task is four allocations. It is refused only by a loop that
        // has ended. `assumeIsolated()` stops the process off the loop: a shard is used on its own loop only.
        _ = try? loop.assumeIsolated().scheduleCallback(in: pause, handler: NextTurn(shard: self))
    }

    private struct NextTurn: NIOScheduledCallbackHandler {
        let shard: LoopShard
        func handleScheduledCallback(eventLoop: some EventLoop) { shard.takeTurn() }
    }

    /// Runs one turn of the mail, of one source of packets, and of writing.
    private func takeTurn() {
        isTurnScheduled = false
        drain()
        nextTaker()?.takeTurn()
        flushAll()
        if !paused.isEmpty { scheduleTurn() }
    }

    private var areAllHeld: Bool { backlog.exists || paused.allSatisfy(\.isHeld) }

    /// The first source that is not held up. Those before it move behind the others, in their order.
    private func nextTaker() -> (any TurnTaker)? {
        guard !backlog.exists else { return nil }
        for _ in 0..<paused.count {
            guard let next = paused.popFirst() else { break }
            guard next.isHeld else { return next }
            paused.append(next)
        }
        return nil
    }

    /// Puts a source behind the others whose turn is over.
    func pause(_ taker: any TurnTaker) {
        paused.append(taker)
        scheduleTurn()
    }
}
