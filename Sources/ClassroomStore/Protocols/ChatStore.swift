public import Classroom

/// The history of the chat rooms.
public protocol ChatStore: StoreWriting {
    /// The last messages of the room, the oldest of them first.
    func recentChat(roomID: String, limit: Int) async throws -> [ChatMessage]
}

extension ChatStore {
    /// Stores the message as the next of its room: the stored message has the room's last sequence + 1 (from 1), whatever
    /// `message.sequence` says, and no two servers assign the same one. A message whose `clientID` its sender has used in the room before
    /// is that message sent again: it is not stored again, and the completion gets the stored message, which its id shows. Completions run
    /// after the commit, in the order of the sequences.
    public func append(_ message: ChatMessage, completion: @escaping @Sendable (Result<ChatMessage, ClassroomError>) -> Void) {
        perform(.appendMessage(message), \.message, completion: completion)
    }

    /// ``append(_:completion:)``, awaited.
    public func append(_ message: ChatMessage) async throws(ClassroomError) -> ChatMessage {
        try await perform(.appendMessage(message), \.message)
    }
}
