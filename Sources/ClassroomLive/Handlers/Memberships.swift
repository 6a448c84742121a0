import SocketIOServer

/// A socket's place in a quiz session.
struct SessionMembership {
    let sessionID: String
    /// True for a player; false for an observer or the host.
    var isPlayer: Bool
}

extension [SessionMembership] {
    /// The session of a request that names none: the one that was joined last.
    var joinedLast: String? { last(where: \.isPlayer)?.sessionID }

    func contains(_ sessionID: String) -> Bool { contains { $0.sessionID == sessionID } }

    /// The socket has entered a session. One that it was in keeps its place unless it joins it.
    mutating func enter(_ sessionID: String, asPlayer: Bool) {
        guard asPlayer || !contains(sessionID) else { return }
        leave(sessionID)
        append(SessionMembership(sessionID: sessionID, isPlayer: asPlayer))
    }

    mutating func leave(_ sessionID: String) { removeAll { $0.sessionID == sessionID } }
}

/// A socket's place in a chat room.
struct ChatMembership {
    let roomID: String
    /// Sends to the room's members: made once, used for every message.
    let target: BroadcastOperator

    /// The room's name among the server's rooms.
    static func room(_ roomID: String) -> String { "chat:\(roomID)" }
}
