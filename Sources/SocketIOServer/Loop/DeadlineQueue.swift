import DequeModule
import NIOCore

/// Deadlines that all lie the same time ahead when they are set, so that a queue keeps them sorted: setting one is O(1), and one timer
/// serves thousands of connections. A deadline is never removed: its token tells whether it still counts when it comes.
struct DeadlineQueue {
    struct Entry {
        let deadline: NIODeadline
        let slot: ConnectionSlot
        /// The connection's token at the time; any other means that the deadline was moved or dropped.
        let token: UInt32
    }

    let delay: TimeAmount
    private var entries: Deque<Entry> = []

    init(delay: TimeAmount) { self.delay = delay }

    var next: NIODeadline? { first?.deadline }
    var first: Entry? { entries.first }
    var count: Int { entries.count }

    /// - Parameter now: when the time begins. A deadline comes no earlier than those that were set before it.
    mutating func append(_ slot: ConnectionSlot, token: UInt32, now: NIODeadline) {
        let deadline = max(now + delay, entries.last?.deadline ?? now)
        entries.append(Entry(deadline: deadline, slot: slot, token: token))
    }

    /// Drops the first entry before its time: it counts no longer.
    mutating func dropFirst() { entries.removeFirst() }

    /// The next entry whose time has come.
    mutating func popDue(now: NIODeadline) -> Entry? {
        guard let first = entries.first, first.deadline <= now else { return nil }
        return entries.removeFirst()
    }
}
