import BitCollections

/// One chat room: who is in it.
public struct ChatRoom: Hashable, Sendable {
    public let id: String
    public let maximumMembers: Int
    private var present: [String: Presence] = [:]
    /// User ids in the order of joining; nil: gone.
    private var order: [String?] = []
    /// The positions in `order` that are no gaps. A look at the first of them passes 64 gaps in one step.
    private var taken = BitSet()
    private var gaps: Int { order.count - present.count }

    private struct Presence: Hashable, Sendable {
        var username: String
        /// In `order`.
        var position: Int
        var sockets: Int
    }

    public init(id: String, maximumMembers: Int = 10_000) {
        self.id = id
        self.maximumMembers = max(1, maximumMembers)
    }

    /// In the order of joining.
    public var members: [ChatMember] { firstMembers(present.count) }

    /// The first of them, without a look at the others.
    public func firstMembers(_ limit: Int) -> [ChatMember] {
        taken.prefix(max(0, limit)).compactMap { position in
            guard let userID = order[position], let presence = present[userID] else { return nil }
            return ChatMember(userId: userID, username: presence.username)
        }
    }

    public var isEmpty: Bool { present.isEmpty }

    public func isMember(_ userID: String) -> Bool { present[userID] != nil }

    /// One socket of the user joins. True: the first of them.
    @discardableResult
    public mutating func join(userID: String, username: String) throws(ClassroomError) -> Bool {
        if present[userID] != nil {
            present[userID]?.sockets += 1
            return false
        }
        guard present.count < maximumMembers else { throw ClassroomError(.conflict, "The room is full") }
        present[userID] = Presence(username: username, position: order.count, sockets: 1)
        taken[member: order.count] = true
        order.append(userID)
        return true
    }

    /// One socket of the user leaves or is gone. True: the last of them.
    @discardableResult
    public mutating func leave(userID: String) -> Bool {
        guard let presence = present[userID] else { return false }
        if presence.sockets > 1 {
            present[userID]?.sockets -= 1
            return false
        }
        present[userID] = nil
        order[presence.position] = nil
        taken[member: presence.position] = false
        if gaps > Self.toleratedGaps, gaps > present.count / 4 { closeGaps() }
        return true
    }

    private static let toleratedGaps = 64

    /// Each gap is closed once.
    private mutating func closeGaps() {
        order = order.filter { $0 != nil }
        taken = BitSet(0..<order.count)
        for (position, userID) in order.enumerated() {
            if let userID { present[userID]?.position = position }
        }
    }

    /// A user may write in a room that they joined.
    public func requireMember(_ userID: String) throws(ClassroomError) {
        guard isMember(userID) else { throw ClassroomError(.forbidden, "Join the room first") }
    }
}

/// A member as others see them.
public struct ChatMember: Hashable, Sendable, Encodable {
    public var userId: String
    public var username: String

    public init(userId: String, username: String) {
        self.userId = userId
        self.username = username
    }
}
