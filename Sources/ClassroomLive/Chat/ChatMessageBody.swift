import Classroom
import SocketIOCore

/// A chat message as everybody gets it. Written by hand: this is the path that a busy room takes.
struct ChatMessageBody: JSONWritable, Sendable {
    let message: ChatMessage
    /// The latency stamp of the request that caused it.
    var sentAt: JSONSlice?
    /// As an acknowledgement has it.
    var isAcknowledgement = false

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        if isAcknowledgement { writer.field("ok", true) }
        writeMembers(to: &writer)
        if let sentAt { writer.field("_sentAt", sentAt) }
        writer.endObject()
    }

    /// All of the message, without what belongs to one request.
    func writeMembers(to writer: inout JSONWriter) {
        writer.field("id", message.id)
        writer.field("roomId", message.roomID)
        writer.field("userId", message.userID)
        writer.field("username", message.username)
        writer.field("content", message.content)
        writer.field("type", message.type)
        writer.field("sentAt", message.sentAt)
        writer.field("sequence", message.sequence)
        if let clientID = message.clientID { writer.field("clientId", clientID) }
    }
}
