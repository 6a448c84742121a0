/// The last sequence of each room that was written to lately, so that a message costs no query.
///
/// A counter goes on although rows are deleted behind its back: a sequence is not used twice while the room is remembered.
struct ChatSequences {
    /// Rooms remembered; past it all are forgotten and asked for anew.
    let maximumRooms: Int
    private var last: [String: Int] = [:]

    init(maximumRooms: Int = 10_000) { self.maximumRooms = maximumRooms }

    /// The last sequence of the room; nil: the database has to be asked.
    func last(in room: String) -> Int? { last[room] }

    mutating func use(_ sequence: Int, in room: String) {
        if last.count >= maximumRooms, last[room] == nil { last.removeAll(keepingCapacity: true) }
        last[room] = sequence
    }

    /// Somebody else wrote to the room.
    mutating func forget(_ room: String) { last[room] = nil }

    /// What was used since the last commit was rolled back.
    mutating func forgetAll() { last.removeAll(keepingCapacity: true) }
}
