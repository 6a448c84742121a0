import Synchronization

/// How many loops are behind with their mail. A loop that is behind cannot refuse its mail. So no packets are taken from the clients that
/// cause it until it has caught up: first from clients with waiting mail, and if that is not enough from all clients of all loops.
final class Backlog: Sendable {
    private let full = Atomic<Int>(0)
    private let halfFull = Atomic<Int>(0)

    /// Whether a mailbox is over its limit, so that no loop takes packets from its clients.
    var exists: Bool { full.load(ordering: .relaxed) > 0 }
    /// Whether a mailbox is over half of its limit, so that no packets are taken from clients with waiting mail.
    var isNear: Bool { halfFull.load(ordering: .relaxed) > 0 }

    func began() { full.add(1, ordering: .relaxed) }
    func ended() { full.subtract(1, ordering: .relaxed) }
    func cameNear() { halfFull.add(1, ordering: .relaxed) }
    func wentAway() { halfFull.subtract(1, ordering: .relaxed) }
}

/// The mail of all loops that one client's packets caused and that is not carried out yet. Over the limit no packet of that client is
/// taken, so that one client can neither fill a mailbox nor delay others.
final class MailShare: Sendable {
    /// The share of the client for whom the current task runs: a task of an asynchronous handler or a middleware.
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
