import EngineIOCore
import NIOCore

/// The answer to one request to Engine.IO's path.
enum EngineResponse: Sendable, Equatable {
    /// 200, `text/plain`: packets.
    case payload(Payload)
    /// 200, `ok`: the POST's packets were taken.
    case accepted
    case refused(EngineRequestError)
}

/// Answers one HTTP request that has to wait for its session, from whichever loop the session lives on.
struct EngineResponder: Sendable {
    /// Names the connection that asks.
    let asker: ObjectIdentifier
    private let complete: @Sendable (EngineResponse) -> Void

    /// - Parameter complete: must not answer within the call, because a session calls it in the middle of its work.
    init(asker: ObjectIdentifier, _ complete: @escaping @Sendable (EngineResponse) -> Void) {
        self.asker = asker
        self.complete = complete
    }

    /// The answer reaches the request in a later step of its loop.
    func answer(_ response: EngineResponse) { complete(response) }
}
