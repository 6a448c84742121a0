/// Keys, members and values are bytes, compared as such.
typealias Bytes = [UInt8]

/// What stands under a key.
enum RedisData {
    case string(Bytes)
    case hash([Bytes: Bytes])
    case set(Set<Bytes>)
    case sortedSet(SortedSet)
    case stream(StreamData)

    var typeName: String {
        switch self {
        case .string: "string"
        case .hash: "hash"
        case .set: "set"
        case .sortedSet: "zset"
        case .stream: "stream"
        }
    }

    /// An empty container is no key at all, a stream excepted.
    var isEmpty: Bool {
        switch self {
        case .string, .stream: false
        case .hash(let fields): fields.isEmpty
        case .set(let members): members.isEmpty
        case .sortedSet(let members): members.count == 0
        }
    }
}

/// One database: keys, their values, and when they end. Times are milliseconds since 1970.
struct Keyspace {
    private struct Entry {
        var data: RedisData
        var expiresAt: Int64?
    }

    private var entries: [Bytes: Entry] = [:]

    func data(_ key: Bytes, at now: Int64) -> RedisData? {
        guard let entry = entries[key], !Self.isOver(entry, at: now) else { return nil }
        return entry.data
    }

    private static func isOver(_ entry: Entry, at now: Int64) -> Bool { entry.expiresAt.map { $0 <= now } ?? false }

    /// Takes a value out to change it, so that it has one owner meanwhile; ``put(_:_:)`` brings it back.
    mutating func take(_ key: Bytes, at now: Int64) -> RedisData? {
        guard let entry = entries[key] else { return nil }
        guard !Self.isOver(entry, at: now) else {
            entries[key] = nil
            return nil
        }
        entries[key]?.data = .string([])
        return entry.data
    }

    /// Stores a value and leaves the key's end as it is. An empty container removes the key.
    mutating func put(_ key: Bytes, _ data: RedisData) {
        guard !data.isEmpty else {
            entries[key] = nil
            return
        }
        entries[key, default: Entry(data: data)].data = data
    }

    /// Stores a value, with a new end or none.
    mutating func replace(_ key: Bytes, _ data: RedisData, expiresAt: Int64?) {
        entries[key] = Entry(data: data, expiresAt: expiresAt)
    }

    mutating func remove(_ key: Bytes, at now: Int64) -> Bool {
        guard let entry = entries.removeValue(forKey: key) else { return false }
        return !Self.isOver(entry, at: now)
    }

    mutating func removeAll() { entries.removeAll() }

    /// nil: no such key. An inner nil: it has no end.
    func expiry(_ key: Bytes, at now: Int64) -> Int64?? {
        guard let entry = entries[key], !Self.isOver(entry, at: now) else { return nil }
        return .some(entry.expiresAt)
    }

    mutating func setExpiry(_ key: Bytes, _ time: Int64?) { entries[key]?.expiresAt = time }

    func keys(at now: Int64) -> [Bytes] {
        entries.filter { !Self.isOver($0.value, at: now) }.map(\.key)
    }
}
