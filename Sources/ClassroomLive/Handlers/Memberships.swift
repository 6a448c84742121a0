import SocketIOServer

/// A socket's place in a quiz session.
struct SessionMembership {
    let sessionID: String
    /// It joined; otherwise it observes, or is the host's.
    var isPlayer: Bool
}

extension [SessionMembership] {
    /// The session that a request means which names none: the one joined last.
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
    /// Whom a message to the room reaches: made once, used for every message.
    let target: BroadcastOperator

    /// The room's name among the server's rooms.
    static func room(_ roomID: String) -> String { "chat:\(roomID)" }
}
