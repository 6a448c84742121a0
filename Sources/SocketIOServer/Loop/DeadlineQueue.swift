import DequeModule
import NIOCore

/// Deadlines of one kind, which are all set the same time ahead, so that a queue keeps them sorted. Setting one is O(1), and one timer
/// serves thousands of connections. A deadline is not removed: when it comes, its token shows whether it still counts.
struct DeadlineQueue {
    struct Entry {
        let deadline: NIODeadline
        let slot: ConnectionSlot
        /// The connection's token when it was set. If the connection has another one, the deadline was moved or dropped.
        let token: UInt32
    }

    let delay: TimeAmount
    private var entries: Deque<Entry> = []

    init(delay: TimeAmount) { self.delay = delay }

    var next: NIODeadline? { first?.deadline }
    var first: Entry? { entries.first }
    var count: Int { entries.count }

    /// - Parameter now: the beginning of the period. A deadline never comes before those that were set earlier.
    mutating func append(_ slot: ConnectionSlot, token: UInt32, now: NIODeadline) {
        let deadline = max(now + delay, entries.last?.deadline ?? now)
        entries.append(Entry(deadline: deadline, slot: slot, token: token))
    }

    /// Drops the first entry, which does not count any more.
    mutating func dropFirst() { entries.removeFirst() }

    /// The next entry whose time has come.
    mutating func popDue(now: NIODeadline) -> Entry? {
        guard let first = entries.first, first.deadline <= now else { return nil }
        return entries.removeFirst()
    }
}
