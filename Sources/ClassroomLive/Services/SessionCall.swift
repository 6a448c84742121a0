import Classroom

/// A request that waits for its session to answer. Belongs to the session's actor.
final class SessionCall {
    let userID: String
    let context: CallContext
    private var completion: ((Result<SessionReply, any Error>) -> Void)?

    /// - Parameter completion: called at most once.
    init(userID: String, context: CallContext, completion: @escaping (Result<SessionReply, any Error>) -> Void) {
        self.userID = userID
        self.context = context
        self.completion = completion
    }

    /// Whether the call has yet to be answered.
    var isOpen: Bool { completion != nil }

    /// Answers now, before all that the session sends later. Only the first answer counts.
    func succeed(_ event: SessionEvent, isRoomEvent: Bool = false) {
        guard let completion else { return }
        self.completion = nil
        let reply = SessionReply(event, isRoomEvent: isRoomEvent)
        context.reply(reply)
        completion(.success(reply))
    }

    func fail(_ error: any Error) {
        completion?(.failure(error))
        completion = nil
    }
}

/// The session has left memory: the caller must ask the registry again.
struct SessionRetired: Error {}
