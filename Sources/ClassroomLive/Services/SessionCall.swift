import Classroom
import SocketIOServer

/// A request that waits for its session to answer. Belongs to the session's actor.
final class SessionCall {
    let userID: String
    let context: CallContext
    /// The guest's token for the answer to a join.
    let guestToken: String?
    private var continuation: CheckedContinuation<SessionReply, any Error>?

    init(
        userID: String, context: CallContext, guestToken: String? = nil, continuation: CheckedContinuation<SessionReply, any Error>
    ) {
        self.userID = userID
        self.context = context
        self.guestToken = guestToken
        self.continuation = continuation
    }

    /// Whether the call has yet to be answered.
    var isOpen: Bool { continuation != nil }

    /// Answers now, before all that the session sends later. Only the first answer counts.
    func succeed(_ event: SessionEvent, isRoomEvent: Bool = false) {
        guard let continuation else { return }
        self.continuation = nil
        let reply = SessionReply(event, isRoomEvent: isRoomEvent)
        context.reply(reply)
        continuation.resume(returning: reply)
    }

    func fail(_ error: any Error) {
        continuation?.resume(throwing: error)
        continuation = nil
    }
}

/// The session has left memory: the caller must ask the registry again.
struct SessionRetired: Error {}
