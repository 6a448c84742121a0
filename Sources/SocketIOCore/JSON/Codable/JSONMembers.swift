import NIOCore

/// The members of an object, found once, so that a large object costs a decoder no more than a small one a member.
struct JSONMembers {
    private struct Member {
        var key: Range<Int>
        var keyHasEscapes: Bool
        var value: Range<Int>
    }

    /// Beyond this a table of names pays.
    private static let maximumScanned = 16

    private let object: JSONSlice
    private let members: [Member]
    private let byName: [String: Int]

    init(_ object: JSONSlice) {
        var members: [Member] = []
        var byName: [String: Int] = [:]
        object.bytes.withUnsafeReadableBytes { raw in
            var walk = JSONWalk(raw)
            while walk.next() {
                members.append(Member(key: walk.key, keyHasEscapes: walk.keyHasEscapes, value: walk.value))
            }
            if members.count > Self.maximumScanned {
                for (index, member) in members.enumerated() { byName[Self.name(of: member, in: raw)] = index }
            }
        }
        self.object = object
        self.members = members
        self.byName = byName
    }

    /// The last member of that name.
    func value(for name: String) -> JSONSlice? {
        if self.members.count > Self.maximumScanned {
            return self.byName[name].map { self.object.slice(self.members[$0].value) }
        }
        var name = name
        return name.withUTF8 { wanted in
            self.object.bytes.withUnsafeReadableBytes { raw in
                self.members.last { member in
                    if member.keyHasEscapes { return Self.name(of: member, in: raw).utf8.elementsEqual(wanted) }
                    return member.key.count == wanted.count && raw[member.key].elementsEqual(wanted)
                }
            }
        }.map { self.object.slice($0.value) }
    }

    /// Each name once.
    var names: [String] {
        if self.members.count > Self.maximumScanned { return Array(self.byName.keys) }
        return self.object.bytes.withUnsafeReadableBytes { raw in
            var names: [String] = []
            for member in self.members {
                let name = Self.name(of: member, in: raw)
                if !names.contains(name) { names.append(name) }
            }
            return names
        }
    }

    private static func name(of member: Member, in raw: UnsafeRawBufferPointer) -> String {
        JSONString.decode(UnsafeRawBufferPointer(rebasing: raw[member.key]), hasEscapes: member.keyHasEscapes)
    }
}
