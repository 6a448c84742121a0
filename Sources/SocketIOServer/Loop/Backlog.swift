import Synchronization

/// Counts the loops whose mailboxes are over their limit. While there is one, no loop takes further packets from its clients: their events
/// cause the mail, and a loop that is behind cannot refuse it.
final class Backlog: Sendable {
    private let mailboxes = Atomic<Int>(0)

    var exists: Bool { mailboxes.load(ordering: .relaxed) > 0 }

    func began() { mailboxes.add(1, ordering: .relaxed) }
    func ended() { mailboxes.subtract(1, ordering: .relaxed) }
}
