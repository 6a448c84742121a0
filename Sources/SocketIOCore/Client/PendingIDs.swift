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

    var count: Int { self.entries.count }

    /// The earliest of the times. Takes time in proportion to what is pending: ask when a timer has fired.
    var nextDeadline: Duration? { self.entries.lazy.compactMap(\.deadline).min() }

    mutating func add(deadline: Duration?) -> UInt64 {
        defer { self.next += 1 }
        self.entries.append(Entry(id: self.next, deadline: deadline))
        return self.next
    }

    /// Returns whether that id was pending.
    mutating func take(_ id: UInt64) -> Bool {
        var low = 0, high = self.entries.count
        while low < high {
            let middle = (low + high) / 2
            if self.entries[middle].id < id { low = middle + 1 } else { high = middle }
        }
        guard low < self.entries.count, self.entries[low].id == id else { return false }
        self.entries.remove(at: low)
        return true
    }

    mutating func takeOverdue(now: Duration) -> [UInt64] {
        let overdue = self.entries.filter { $0.deadline.map { $0 <= now } ?? false }.map(\.id)
        guard !overdue.isEmpty else { return [] }
        self.entries.removeAll { $0.deadline.map { $0 <= now } ?? false }
        return overdue
    }

    mutating func takeAll() -> [UInt64] {
        defer { self.entries.removeAll() }
        return self.entries.map(\.id)
    }
}
