import DequeModule

/// The polling sessions that one TCP connection has opened and whose clients joined no namespace. A session costs one request, so without a
/// limit a single connection could take all places. Used on the connection's loop, where its sessions live.
final class UnconfirmedSessions {
    private(set) var count = 0

    func open() { count += 1 }
    func confirm() { count -= 1 }
}

/// The same sessions of all connections of one loop, the oldest first. Beyond the limit the oldest is dropped: an honest client joins
/// within a round trip, while a client that only opens sessions displaces its own.
struct Newcomers {
    private let maximum: Int
    /// It still contains sessions that have joined since, until they reach the front.
    private var slots: Deque<ConnectionSlot> = []
    private var members: Set<ConnectionSlot> = []

    init(maximum: Int) { self.maximum = maximum }

    var count: Int { members.count }

    /// Returns the session to end if there are too many now.
    mutating func add(_ slot: ConnectionSlot) -> ConnectionSlot? {
        slots.append(slot)
        members.insert(slot)
        guard members.count > maximum else {
            if slots.count > 2 * members.count + 64 { slots = Deque(slots.filter { members.contains($0) }) }
            return nil
        }
        while let oldest = slots.popFirst() {
            if members.remove(oldest) != nil { return oldest }
        }
        return nil
    }

    mutating func remove(_ slot: ConnectionSlot) { members.remove(slot) }
}
