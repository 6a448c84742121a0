/// The members of a room on one loop. Order does not matter, so leaving swaps with the last.
final class RoomShard {
    let name: String
    private(set) var members: ContiguousArray<ServerSocket> = []

    init(name: String) { self.name = name }

    /// Returns the new member's index, which its membership keeps.
    func insert(_ socket: ServerSocket) -> Int {
        members.append(socket)
        return members.count - 1
    }

    func remove(at index: Int) {
        let last = members.count - 1
        if index != last {
            let moved = members[last]
            members[index] = moved
            moved.memberships.move(room: self, to: index)
        }
        members.removeLast()
    }
}

/// The rooms that one socket is in, and where in each it stands.
struct Memberships {
    private struct Entry {
        let room: RoomShard
        var index: Int
    }

    /// What a room costs beside its name when only one socket is in it: the room, its list of members, its entry in the loop's table.
    static let overheadBytes = 224

    private var entries: [Entry] = []
    /// What they cost if nobody else is in these rooms.
    private(set) var byteCount = 0

    static func cost(of name: String) -> Int { name.utf8.count + overheadBytes }

    var count: Int { entries.count }
    var names: [String] { entries.map(\.room.name) }

    func contains(_ name: String) -> Bool { entries.contains { $0.room.name == name } }

    mutating func append(_ room: RoomShard, index: Int) {
        entries.append(Entry(room: room, index: index))
        byteCount += Memberships.cost(of: room.name)
    }

    mutating func move(room: RoomShard, to index: Int) {
        guard let position = entries.firstIndex(where: { $0.room === room }) else { return }
        entries[position].index = index
    }

    /// Takes out the room of that name.
    mutating func remove(_ name: String) -> (room: RoomShard, index: Int)? {
        guard let position = entries.firstIndex(where: { $0.room.name == name }) else { return nil }
        entries.swapAt(position, entries.count - 1)
        return popLast()
    }

    /// Takes out any one.
    mutating func popLast() -> (room: RoomShard, index: Int)? {
        guard let entry = entries.popLast() else { return nil }
        byteCount -= Memberships.cost(of: entry.room.name)
        return (entry.room, entry.index)
    }
}
