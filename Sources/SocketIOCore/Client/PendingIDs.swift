/// Acknowledgements that the peer owes, by their ids and the times they are due.
///
/// Ids count upwards, so the list is sorted and a binary search finds an answer; most are the first entry. An empty list holds no memory,
/// and a steady exchange allocates none.
struct PendingIDs: Sendable {
    private struct Entry: Sendable {
        var id: UInt64
        /// Nil if there is no time limit.
        var deadline: Duration?
    }

    private var entries: [Entry] = []
    private var next: UInt64 = 0

    var count: Int { entries.count }

    /// The earliest of the times. Takes time in proportion to what is pending: ask when a timer has fired.
    var nextDeadline: Duration? { entries.lazy.compactMap(\.deadline).min() }

    mutating func add(deadline: Duration?) -> UInt64 {
        defer { next += 1 }
        entries.append(Entry(id: next, deadline: deadline))
        return next
    }

    /// Returns whether that id was pending.
    mutating func take(_ id: UInt64) -> Bool {
        var low = 0, high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].id < id { low = middle + 1 } else { high = middle }
        }
        guard low < entries.count, entries[low].id == id else { return false }
        entries.remove(at: low)
        return true
    }

    mutating func takeOverdue(now: Duration) -> [UInt64] {
        let overdue = entries.filter { $0.deadline.map { $0 <= now } ?? false }.map(\.id)
        guard !overdue.isEmpty else { return [] }
        entries.removeAll { $0.deadline.map { $0 <= now } ?? false }
        return overdue
    }

    mutating func takeAll() -> [UInt64] {
        defer { entries.removeAll() }
        return entries.map(\.id)
    }
}
