/// The last sequence of recently used rooms, so that a message needs no query.
///
/// A counter continues even if another program deletes rows: no sequence is used twice while the room is remembered.
struct ChatSequences {
    /// The maximum number of rooms. Beyond it all are forgotten and queried again.
    let maximumRooms: Int
    private var last: [String: Int] = [:]

    init(maximumRooms: Int = 10_000) { self.maximumRooms = maximumRooms }

    /// The last sequence of the room. Nil if the database must be queried.
    func last(in room: String) -> Int? { last[room] }

    mutating func use(_ sequence: Int, in room: String) {
        if last.count >= maximumRooms, last[room] == nil { last.removeAll(keepingCapacity: true) }
        last[room] = sequence
    }

    /// Another process wrote to the room.
    mutating func forget(_ room: String) { last[room] = nil }

    /// The sequences since the last commit were rolled back.
    mutating func forgetAll() { last.removeAll(keepingCapacity: true) }
}
