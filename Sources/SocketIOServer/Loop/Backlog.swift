import Synchronization

/// How many loops are behind with their mail. A loop that is behind cannot refuse its mail, so clients whose events cause it are not heard
/// until it has caught up: first those with mail of their own that waits, and only if that is not enough all clients of all loops.
final class Backlog: Sendable {
    private let full = Atomic<Int>(0)
    private let halfFull = Atomic<Int>(0)

    /// A mailbox is over its limit: no loop takes packets from its clients.
    var exists: Bool { full.load(ordering: .relaxed) > 0 }
    /// A mailbox is over half of its limit: no packets are taken from clients with mail that waits.
    var isNear: Bool { halfFull.load(ordering: .relaxed) > 0 }

    func began() { full.add(1, ordering: .relaxed) }
    func ended() { full.subtract(1, ordering: .relaxed) }
    func cameNear() { halfFull.add(1, ordering: .relaxed) }
    func wentAway() { halfFull.subtract(1, ordering: .relaxed) }
}

/// What one client's packets have put into the mailboxes of all loops, and what is not carried out yet. Over its limit no packet of that
/// client is taken: one client alone can neither fill a mailbox nor make others wait behind a long queue.
final class MailShare: Sendable {
    /// Of the client for whom the calling task runs: an asynchronous handler's, or a middleware's.
    @TaskLocal static var ofTask: MailShare?

    private let items = Atomic<Int>(0)
    private let bytes = Atomic<Int>(0)
    private let maximumItems: Int
    private let maximumBytes: Int

    init(maximumItems: Int, maximumBytes: Int) {
        self.maximumItems = maximumItems
        self.maximumBytes = maximumBytes
    }

    var isEmpty: Bool { items.load(ordering: .relaxed) == 0 }
    var isFull: Bool { items.load(ordering: .relaxed) > maximumItems || bytes.load(ordering: .relaxed) > maximumBytes }

    func posted(_ byteCount: Int) {
        items.add(1, ordering: .relaxed)
        bytes.add(byteCount, ordering: .relaxed)
    }

    func carriedOut(_ byteCount: Int) {
        items.subtract(1, ordering: .relaxed)
        bytes.subtract(byteCount, ordering: .relaxed)
    }
}
