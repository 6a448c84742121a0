import NIOCore

/// A loop's share of the server as any thread may hold it.
struct ShardHandle: Sendable {
    let index: Int
    let loop: any EventLoop
    let mailbox: LoopMailbox
    let counters: ShardCounters
    let shard: NIOLoopBound<LoopShard>

    func enqueue(_ item: LoopMailbox.Item) {
        let inLoop = loop.inEventLoop
        if inLoop { shard.value.hasLocalMail = true }
        guard mailbox.append(item) else { return }
        let bound = shard
        loop.execute { bound.value.drainMailbox() }
    }

    /// Runs `body` on the loop: at once when called there.
    func run(_ body: @escaping @Sendable (LoopShard) -> Void) {
        if loop.inEventLoop { return body(shard.value) }
        let bound = shard
        loop.execute { body(bound.value) }
    }
}
