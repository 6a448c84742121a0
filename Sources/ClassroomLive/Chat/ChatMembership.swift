import SocketIOServer

/// A socket's place in a chat room.
struct ChatMembership {
    let roomID: String
    /// Whom a message to the room reaches: made once, used for every message.
    let target: BroadcastOperator

    /// The room's name among the server's rooms.
    static func room(_ roomID: String) -> String { "chat:\(roomID)" }
}
