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
    /// The sender as the request itself names it.
    let identity: Identity
    /// The rate limit that has yet to be charged. Nil if there is none or it was charged.
    var limit: RequestLimits.Kind?
    /// The bytes reserved in the request memory, and their holder. Nil if nothing is reserved.
    var reservation: (bytes: Int, holder: String)?
    /// Whether it counts among its socket's waiting requests that change the user.
    var isWaitingChange = false

    enum Identity {
        /// The request names nobody: the socket's user is the sender, if there is one.
        case none
        /// A token that authenticates.
        case token(String)
        /// A value that cannot be a token. It is treated like a wrong one.
        case badToken
        /// The request may sign the socket in as a new guest.
        case guest
    }

    var isGuest: Bool { if case .guest = identity { true } else { false } }
    var hasBadToken: Bool { if case .badToken = identity { true } else { false } }
    var namesNobody: Bool { if case .none = identity { true } else { false } }

    /// The identity in a payload's `token`; null means none.
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
