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

    enum Identity: Equatable {
        /// Nothing: the socket's user, if any.
        case none
        /// A token that authenticates.
        case token(String)
        /// It may make the socket a guest's, who is not known before.
        case guest
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
