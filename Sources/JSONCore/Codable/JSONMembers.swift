import NIOCore

/// The members of an object as a decoder asks for them: found in one walk, and by name in constant time once enough names were asked for.
final class JSONMembers {
    /// So many look-ups go through the members one by one. Further ones use a table, which pays off then.
    private static let maximumScans = 8
    /// An object of so few members needs no table.
    private static let maximumScanned = 16

    private let object: JSONSlice
    private let parts: JSONParts
    private var scans = 0
    /// Open addressing: a member's number plus one in the first free place from its name's hash on; 0: free. The size is a power of two.
    private var table: [UInt32] = []

    init(_ object: JSONSlice) {
        self.object = object
        parts = JSONParts(of: object)
    }

    /// The last member of that name.
    func value(for name: String) -> JSONSlice? {
        var name = name
        return name.withUTF8 { wanted in
            self.object.bytes.withUnsafeReadableBytes { raw in
                if self.parts.list.count > Self.maximumScanned {
                    self.scans &+= 1
                    if self.scans > Self.maximumScans { return self.find(wanted, in: raw) }
                }
                return self.parts.list.lastIndex { part in
                    JSONString.equals(UnsafeRawBufferPointer(rebasing: raw[part.key]), hasEscapes: part.keyHasEscapes, wanted)
                }
            }
        }.map { self.parts.value(at: $0) }
    }

    /// Each name once, in the order of the members that count.
    var names: [String] {
        object.bytes.withUnsafeReadableBytes { raw in
            var names: [String] = []
            for index in self.parts.list.indices {
                var name = self.parts.name(at: index, in: raw)
                if name.withUTF8({ self.find($0, in: raw) }) == index { names.append(name) }
            }
            return names
        }
    }

    private func find(_ wanted: UnsafeBufferPointer<UInt8>, in raw: UnsafeRawBufferPointer) -> Int? {
        guard !parts.list.isEmpty else { return nil }
        if table.isEmpty { makeTable(raw) }
        return place(of: wanted, in: raw).member
    }

    private func makeTable(_ raw: UnsafeRawBufferPointer) {
        var size = 4
        while size < 2 &* parts.list.count { size &*= 2 }
        table = [UInt32](repeating: 0, count: size)
        for index in parts.list.indices {
            let part = parts.list[index]
            let key = UnsafeRawBufferPointer(rebasing: raw[part.key])
            let place: Int
            if part.keyHasEscapes {
                var name = JSONString.decode(key, hasEscapes: true)
                place = name.withUTF8 { self.place(of: $0, in: raw).index }
            } else {
                place = key.withMemoryRebound(to: UInt8.self) { self.place(of: $0, in: raw).index }
            }
            // Over an earlier member of the same name: the last one counts.
            table[place] = UInt32(truncatingIfNeeded: index &+ 1)
        }
    }

    /// The place of a name in the table, or the free place for it, and the member there.
    private func place(of name: UnsafeBufferPointer<UInt8>, in raw: UnsafeRawBufferPointer) -> (index: Int, member: Int?) {
        // Seeded by the process: nobody outside can choose names that collide.
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(name))
        var index = hasher.finalize() & (table.count &- 1)
        while table[index] != 0 {
            let member = Int(table[index]) &- 1
            let part = parts.list[member]
            if JSONString.equals(UnsafeRawBufferPointer(rebasing: raw[part.key]), hasEscapes: part.keyHasEscapes, name) {
                return (index, member)
            }
            index = (index &+ 1) & (table.count &- 1)
        }
        return (index, nil)
    }
}
