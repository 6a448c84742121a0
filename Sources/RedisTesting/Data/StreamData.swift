/// The id of a stream's entry: milliseconds and a number within them.
struct StreamID: Hashable, Comparable {
    var milliseconds: UInt64
    var sequence: UInt64

    static let zero = StreamID(milliseconds: 0, sequence: 0)
    static let maximum = StreamID(milliseconds: .max, sequence: .max)

    static func < (one: StreamID, other: StreamID) -> Bool {
        (one.milliseconds, one.sequence) < (other.milliseconds, other.sequence)
    }

    var text: String { "\(milliseconds)-\(sequence)" }

    /// nil: there is no greater one.
    var next: StreamID? {
        if sequence < .max { return StreamID(milliseconds: milliseconds, sequence: sequence + 1) }
        return milliseconds < .max ? StreamID(milliseconds: milliseconds + 1, sequence: 0) : nil
    }

    /// `5-1`, or `5` with the number that is meant then.
    init(_ text: String, missingSequence: UInt64) throws(CommandFailure) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard let first = parts.first, let milliseconds = UInt64(first), parts.count <= 2,
            let sequence = parts.count == 2 ? UInt64(parts[1]) : missingSequence
        else { throw CommandFailure("ERR Invalid stream ID specified as stream command argument") }
        self.init(milliseconds: milliseconds, sequence: sequence)
    }

    init(milliseconds: UInt64, sequence: UInt64) {
        self.milliseconds = milliseconds
        self.sequence = sequence
    }
}

/// A stream with its groups.
struct StreamData {
    struct Entry {
        let id: StreamID
        let fields: [Bytes]
    }

    /// An entry that a consumer has read and not acknowledged.
    struct Pending {
        var consumer: Bytes
        var deliveredAt: Int64
        var deliveries: Int
    }

    struct Group {
        var lastDelivered: StreamID
        var pending: [StreamID: Pending] = [:]
        var consumers: Set<Bytes> = []
    }

    /// Entries of one node in a real stream: `MAXLEN ~` removes whole nodes only.
    static let entriesPerNode = 100

    private(set) var entries: [Entry] = []
    private(set) var lastID = StreamID.zero
    var groups: [Bytes: Group] = [:]

    mutating func append(_ id: StreamID, _ fields: [Bytes]) {
        entries.append(Entry(id: id, fields: fields))
        lastID = id
    }

    func entry(_ id: StreamID) -> Entry? {
        let index = firstIndex(from: id)
        return index < entries.count && entries[index].id == id ? entries[index] : nil
    }

    func range(from first: StreamID, through last: StreamID) -> ArraySlice<Entry> {
        let start = firstIndex(from: first)
        let end = last == .maximum ? entries.count : firstIndex(after: last)
        return entries[start..<max(start, end)]
    }

    func entries(after id: StreamID) -> ArraySlice<Entry> { entries[firstIndex(after: id)...] }

    mutating func remove(_ id: StreamID) -> Bool {
        let index = firstIndex(from: id)
        guard index < entries.count, entries[index].id == id else { return false }
        entries.remove(at: index)
        return true
    }

    /// - Returns: how many were removed.
    mutating func trim(to maximum: Int, approximately: Bool) -> Int {
        var excess = max(0, entries.count - maximum)
        if approximately { excess -= excess % Self.entriesPerNode }
        entries.removeFirst(excess)
        return excess
    }

    mutating func trim(before id: StreamID, approximately: Bool) -> Int {
        trim(to: entries.count - firstIndex(from: id), approximately: approximately)
    }

    private func firstIndex(from id: StreamID) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].id >= id { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func firstIndex(after id: StreamID) -> Int {
        id.next.map(firstIndex(from:)) ?? entries.count
    }
}
