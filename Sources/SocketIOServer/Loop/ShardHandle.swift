import NIOCore

/// A handle on a loop's share of the server, for any thread. All holders share one object, since each socket of the loop may have a handle.
final class ShardHandle: Sendable {
    let index: Int
    let loop: any EventLoop
    let mailbox: LoopMailbox
    let counters: ShardCounters
    let shard: NIOLoopBound<LoopShard>
    /// The client whose packets the calling thread or task handles. Nil if there is none, or if it is unknown.
    let sender: @Sendable () -> MailShare?
    /// The loop's task that drains the mailbox, made once and not for each broadcast.
    private let drain: @Sendable () -> Void

    init(
        index: Int, loop: any EventLoop, mailbox: LoopMailbox, counters: ShardCounters, shard: NIOLoopBound<LoopShard>,
        sender: @escaping @Sendable () -> MailShare?
    ) {
        self.index = index
        self.loop = loop
        self.mailbox = mailbox
        self.counters = counters
        self.shard = shard
        self.sender = sender
        drain = { shard.value.drainMailbox() }
    }

    func enqueue(_ item: LoopMailbox.Item) {
        if put(item, from: sender()) { scheduleDrain() }
    }

    /// Puts an item into the mailbox without any call. Returns whether the caller must call ``scheduleDrain()``.
    func put(_ item: LoopMailbox.Item, from sender: MailShare?) -> Bool {
        let receipt = mailbox.append(item, from: sender)
        if loop.inEventLoop { shard.value.hasMailed(at: receipt.position) }
        return receipt.needsDrain
    }

    func scheduleDrain() { loop.execute(drain) }

    /// Runs `body` on the loop: at once when called there.
    func run(_ body: @escaping @Sendable (LoopShard) -> Void) {
        if loop.inEventLoop { return body(shard.value) }
        let bound = shard
        loop.execute { body(bound.value) }
    }
}
