/// Identifies a namespace of a server. It is never reused.
typealias NamespaceIndex = Int

/// One event loop's share of a namespace: its sockets, and its members of each room. Used on that loop only, so it needs no locks.
final class NamespaceShard {
    let index: NamespaceIndex
    /// By the socket's id.
    var sockets: [RoomName: ServerSocket] = [:]
    private(set) var rooms: [RoomName: RoomShard] = [:]
    private var visitMark: UInt64 = 0
    /// The smaller number of handlers of the last two new sockets. The next socket reserves as many, so that its table is allocated once.
    private(set) var usualHandlers = 0
    private var lastHandlers = 0

    init(index: NamespaceIndex) { self.index = index }

    /// Records how many handlers a new socket has.
    func began(handlers: Int) {
        usualHandlers = min(handlers, lastHandlers)
        lastHandlers = handlers
    }

    var isEmpty: Bool { sockets.isEmpty && rooms.isEmpty }

    // MARK: Rooms

    /// Returns whether the socket is the first member of the room on this loop.
    func join(_ socket: ServerSocket, room name: String) -> Bool {
        if let room = rooms[RoomName(name)] {
            socket.memberships.append(room, index: room.insert(socket))
            return false
        }
        let room = RoomShard(name: name)
        rooms[RoomName(name)] = room
        socket.memberships.append(room, index: room.insert(socket))
        return true
    }

    /// Returns whether the socket was the last member of the room on this loop.
    func leave(_ place: (room: RoomShard, index: Int)) -> Bool {
        place.room.remove(at: place.index)
        guard place.room.members.isEmpty else { return false }
        rooms[RoomName(place.room.name)] = nil
        return true
    }

    // MARK: Visiting

    /// Visits each socket that the options name, once. `body` must make no calls while members are visited.
    @inline(__always)
    func visit(_ options: BroadcastOptions, _ body: (ServerSocket) -> Void) {
        if options.except.isEmpty, options.rooms.count == 1 {
            let name = RoomName(options.rooms[0])
            if let room = rooms[name], sockets[name] == nil {
                for socket in room.members { body(socket) }
                return
            }
        }
        visitMark += 1
        let mark = visitMark
        for name in options.except { visit(name) { $0.visitMark = mark } }
        func once(_ socket: ServerSocket) {
            guard socket.visitMark != mark else { return }
            socket.visitMark = mark
            body(socket)
        }
        if options.rooms.isEmpty {
            for socket in sockets.values { once(socket) }
        } else {
            for name in options.rooms { visit(name, once) }
        }
    }

    /// The members of a room and the socket of that id: a client may have named its room after another's socket.
    private func visit(_ name: String, _ body: (ServerSocket) -> Void) {
        let name = RoomName(name)
        if let room = rooms[name] {
            for socket in room.members { body(socket) }
        }
        if let socket = sockets[name] { body(socket) }
    }

    /// The sockets that the options name, for operations that change rooms or end sockets.
    func chosen(_ options: BroadcastOptions) -> [ServerSocket] {
        var chosen: [ServerSocket] = []
        visit(options) { chosen.append($0) }
        return chosen
    }
}

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

    /// The memory of a room with one socket, beside its name: the room, its list of members, its entry in the loop's table.
    static let overheadBytes = 224

    private var entries: [Entry] = []
    /// Their memory if nobody else is in these rooms.
    private(set) var byteCount = 0

    static func cost(of name: String) -> Int { name.utf8.count + overheadBytes }

    var count: Int { entries.count }
    var names: [String] { entries.map(\.room.name) }

    func contains(_ name: String) -> Bool { entries.contains { $0.room.name.utf8.elementsEqual(name.utf8) } }

    mutating func append(_ room: RoomShard, index: Int) {
        entries.append(Entry(room: room, index: index))
        byteCount += Memberships.cost(of: room.name)
    }

    mutating func move(room: RoomShard, to index: Int) {
        guard let position = entries.firstIndex(where: { $0.room === room }) else { return }
        entries[position].index = index
    }

    /// Removes the room of that name.
    mutating func remove(_ name: String) -> (room: RoomShard, index: Int)? {
        guard let position = entries.firstIndex(where: { $0.room.name.utf8.elementsEqual(name.utf8) }) else { return nil }
        entries.swapAt(position, entries.count - 1)
        return popLast()
    }

    /// Removes any one room.
    mutating func popLast() -> (room: RoomShard, index: Int)? {
        guard let entry = entries.popLast() else { return nil }
        byteCount -= Memberships.cost(of: entry.room.name)
        return (entry.room, entry.index)
    }
}
