import NIOCore

/// The members of an object as a decoder asks for them: found in one walk, and by name in constant time once enough names were asked for.
struct JSONMembers {
    /// An object of so few members needs no table.
    private static let maximumScanned = 16

    private let parts: JSONParts
    private let table: JSONMemberTable?

    init(_ object: JSONSlice) {
        parts = JSONParts(of: object)
        table = parts.list.count > Self.maximumScanned ? JSONMemberTable(parts.list) : nil
    }

    /// The last member of that name.
    func value(for name: String) -> JSONSlice? {
        var name = name
        let index = name.withUTF8 { wanted in
            parts.whole.bytes.withUnsafeReadableBytes { raw in
                if let table, table.isWorthIt { return table.find(wanted, in: raw) }
                return parts.list.lastIndex { $0.isNamed(wanted, in: raw) }
            }
        }
        return index.map { parts.value(at: $0) }
    }

    /// Each name once, in the order of the members that count.
    var names: [String] {
        parts.whole.bytes.withUnsafeReadableBytes { raw in
            let table = table ?? JSONMemberTable(parts.list)
            return parts.list.indices.compactMap { index in
                var name = parts.name(at: index, in: raw)
                return name.withUTF8({ table.find($0, in: raw) }) == index ? name : nil
            }
        }
    }
}

/// Finds members by their names. An object of its own, since a decoder's container may not change itself.
private final class JSONMemberTable {
    /// So many look-ups go through the members one by one. Further ones use the table, which pays off then.
    private static let maximumScans = 8

    private let list: [JSONParts.Part]
    private var scans = 0
    /// Open addressing: a member's number plus one in the first free place from its name's hash on; 0: free. The size is a power of two.
    private var places: [UInt32] = []

    init(_ list: [JSONParts.Part]) { self.list = list }

    /// Whether enough names were asked for, this one included.
    var isWorthIt: Bool {
        scans &+= 1
        return scans > Self.maximumScans
    }

    func find(_ wanted: UnsafeBufferPointer<UInt8>, in raw: UnsafeRawBufferPointer) -> Int? {
        guard !list.isEmpty else { return nil }
        if places.isEmpty { makePlaces(raw) }
        return place(of: wanted, in: raw).member
    }

    private func makePlaces(_ raw: UnsafeRawBufferPointer) {
        var size = 4
        while size < 2 &* list.count { size &*= 2 }
        places = [UInt32](repeating: 0, count: size)
        for index in list.indices {
            let part = list[index]
            let key = UnsafeRawBufferPointer(rebasing: raw[part.key])
            let place: Int
            if part.keyHasEscapes {
                var name = JSONString.decode(key, hasEscapes: true)
                place = name.withUTF8 { self.place(of: $0, in: raw).index }
            } else {
                place = key.withMemoryRebound(to: UInt8.self) { self.place(of: $0, in: raw).index }
            }
            // Over an earlier member of the same name: the last one counts.
            places[place] = UInt32(truncatingIfNeeded: index &+ 1)
        }
    }

    /// The place of a name in the table, or the free place for it, and the member there.
    private func place(of name: UnsafeBufferPointer<UInt8>, in raw: UnsafeRawBufferPointer) -> (index: Int, member: Int?) {
        // Seeded by the process: nobody outside can choose names that collide.
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(name))
        var index = hasher.finalize() & (places.count &- 1)
        while places[index] != 0 {
            let member = Int(places[index]) &- 1
            if list[member].isNamed(name, in: raw) { return (index, member) }
            index = (index &+ 1) & (places.count &- 1)
        }
        return (index, nil)
    }
}

extension JSONParts.Part {
    @inline(__always)
    fileprivate func isNamed(_ name: UnsafeBufferPointer<UInt8>, in raw: UnsafeRawBufferPointer) -> Bool {
        JSONString.equals(UnsafeRawBufferPointer(rebasing: raw[key]), hasEscapes: keyHasEscapes, name)
    }
}
