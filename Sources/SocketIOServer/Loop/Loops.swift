import NIOConcurrencyHelpers
import NIOCore

/// The event loops of a server's connections. It gives all of them the mail for many sockets in one order.
final class Loops: Sendable {
    private struct State {
        var shards: [ShardHandle] = []
        var indexByLoop: [ObjectIdentifier: Int] = [:]
        var hasEnded = false
    }

    let backlog: Backlog
    /// Limits of the mail of one loop, and of the events for observers of rooms.
    let maximumWaitingItems: Int
    /// Bytes of the longest name that a room or a socket has.
    let maximumNameBytes: Int
    /// Bytes of the shortest packet that may be compressed.
    let compressionThreshold: Int
    private let state = NIOLockedValueBox(State())
    /// Held while mail is put into the loops' mailboxes, so that all loops get it in one order.
    private let orderLock = NIOLock()

    init(backlog: Backlog, maximumWaitingItems: Int, maximumNameBytes: Int, compressionThreshold: Int = .max) {
        self.maximumNameBytes = maximumNameBytes
        self.compressionThreshold = compressionThreshold
        self.backlog = backlog
        self.maximumWaitingItems = maximumWaitingItems
    }

    var all: [ShardHandle] { state.withLockedValue { $0.shards } }

    /// What a session's id names.
    subscript(index: Int) -> ShardHandle? {
        state.withLockedValue { $0.shards.indices.contains(index) ? $0.shards[index] : nil }
    }

    /// A loop's share of the server, made on its first connection.
    ///
    /// - Parameter make: makes the share from its index; the second parameter says whether the server has ended.
    func handle(for loop: any EventLoop, make: (_ index: Int, _ hasEnded: Bool) -> ShardHandle) -> ShardHandle {
        state.withLockedValue { state in
            if let index = state.indexByLoop[ObjectIdentifier(loop)] { return state.shards[index] }
            let index = state.shards.count
            let handle = make(index, state.hasEnded)
            state.shards.append(handle)
            state.indexByLoop[ObjectIdentifier(loop)] = index
            return handle
        }
    }

    /// The client whose packets the calling loop or task handles.
    var mailSender: MailShare? { Loops.mailSender(among: all) }

    private static func mailSender(among shards: [ShardHandle]) -> MailShare? {
        for shard in shards where shard.loop.inEventLoop {
            if let sender = shard.shard.value.mailSender { return sender }
        }
        return MailShare.ofTask
    }

    /// Puts an item into the mailbox of every loop.
    func enqueue(_ item: LoopMailbox.Item) { enqueue { item } }

    /// Puts an item into the mailbox of every loop.
    ///
    /// - Parameter make: makes the item once its place in the order is fixed. It must make no calls.
    func enqueue(_ make: () -> LoopMailbox.Item) {
        let shards = all
        let sender = Loops.mailSender(among: shards)
        // Woken after the lock is released: nothing is called while it is held.
        let asleep = orderLock.withLock {
            let item = make()
            return shards.filter { $0.put(item, from: sender) }
        }
        for shard in asleep { shard.scheduleDrain() }
    }

    /// Puts an item into the mailbox of one loop, in one order with what all loops get.
    func enqueue(on handle: ShardHandle, _ make: () -> LoopMailbox.Item) {
        let sender = mailSender
        let isAsleep = orderLock.withLock { handle.put(make(), from: sender) }
        if isAsleep { handle.scheduleDrain() }
    }

    /// Queries every loop, behind the mail that was enqueued before, and returns the answers.
    func collect<Answer: Sendable>(_ body: @escaping @Sendable (LoopShard) -> Answer) async -> [Answer] {
        await withCheckedContinuation { continuation in
            ask(body) { continuation.resume(returning: $0) }
        }
    }

    /// Asks every loop in its turn, behind what was enqueued before.
    ///
    /// - Parameters:
    ///   - byteCount: the memory that the question holds while it waits.
    ///   - completion: called with the answers on the loop that gave the last one, or at once if there are no loops.
    func ask<Answer: Sendable>(
        byteCount: Int = 0, _ body: @escaping @Sendable (LoopShard) -> Answer, then completion: @escaping @Sendable ([Answer]) -> Void
    ) {
        let shards = state.withLockedValue { $0.hasEnded ? [] : $0.shards }
        guard !shards.isEmpty else { return completion([]) }
        let sender = Loops.mailSender(among: shards)
        let collector = NIOLockedValueBox((answers: [Answer](), missing: shards.count))
        let question: @Sendable (LoopShard) -> Void = { shard in
            let answer = body(shard)
            let all = collector.withLockedValue { collected -> [Answer]? in
                collected.answers.append(answer)
                collected.missing -= 1
                return collected.missing == 0 ? collected.answers : nil
            }
            if let all { completion(all) }
        }
        let asleep = orderLock.withLock { shards.filter { $0.put(.ask(question, byteCount: byteCount), from: sender) } }
        for shard in asleep { shard.scheduleDrain() }
    }

    /// The server ends. Loops that are added later have nothing to end.
    func end() -> [ShardHandle] {
        state.withLockedValue { state in
            state.hasEnded = true
            return state.shards
        }
    }
}
