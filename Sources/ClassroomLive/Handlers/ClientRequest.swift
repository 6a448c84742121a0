import Classroom
import SocketIOCore

/// One request of a socket on its way through the pipeline. Bound to the socket's loop.
final class ClientRequest: QueuedRequest {
    let responder: Responder
    /// An object or null.
    let payload: JSONSlice
    let lane: RequestLane
    /// The time of receipt.
    let receivedAt: UnixMilliseconds
    /// What the request says about who sends it.
    let identity: Identity
    /// The rate limit that is still to be charged; nil: none, or charged.
    var limit: RequestLimits.Kind?
    /// What is held for it in the request memory, and in whose name; nil: nothing.
    var reservation: (bytes: Int, holder: String)?

    enum Identity {
        /// Nothing: the socket's user, if any.
        case none
        /// A token that authenticates.
        case token(String)
        /// Something in a token's place that cannot be one: as bad as a wrong token.
        case badToken
        /// It may make the socket a guest's, who is not known before.
        case guest
    }

    var isGuest: Bool { if case .guest = identity { true } else { false } }
    var hasBadToken: Bool { if case .badToken = identity { true } else { false } }
    var namesNobody: Bool { if case .none = identity { true } else { false } }

    /// What a payload's `token` says; null is none.
    static func identity(_ payload: JSONSlice) -> Identity {
        guard let token = payload["token"], !token.isNull else { return .none }
        guard let text = token.string, TokenLimits.accepts(text) else { return .badToken }
        return .token(text)
    }

    init(
        responder: Responder, payload: JSONSlice, lane: RequestLane, receivedAt: UnixMilliseconds, identity: Identity,
        limit: RequestLimits.Kind?
    ) {
        self.responder = responder
        self.payload = payload
        self.lane = lane
        self.receivedAt = receivedAt
        self.identity = identity
        self.limit = limit
    }
}
