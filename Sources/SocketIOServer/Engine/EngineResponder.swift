import EngineIOCore
import NIOCore

/// The answer to one request to Engine.IO's path.
enum EngineResponse: Sendable {
    /// 200, `text/plain`: packets.
    case payload(ByteBuffer)
    /// 200, `ok`: the POST's packets were taken.
    case accepted
    case refused(EngineRequestError)
}

/// Answers one HTTP request, from whichever loop the session lives on.
struct EngineResponder: Sendable {
    private let complete: @Sendable (EngineResponse) -> Void

    init(_ complete: @escaping @Sendable (EngineResponse) -> Void) { self.complete = complete }

    func succeed(_ response: EngineResponse) { complete(response) }
    func fail(_ error: EngineRequestError) { complete(.refused(error)) }
}
