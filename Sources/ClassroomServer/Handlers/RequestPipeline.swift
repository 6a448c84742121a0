import Classroom
import Logging
import NIOCore
import SocketIOCore
import SocketIOServer

/// The way of every request: counted, limited, queued in the order of arrival, authenticated, carried out, answered.
final class RequestPipeline: Sendable {
    let authentication: any AuthenticationService
    let configuration: RuntimeConfiguration
    let clock: any ClassroomClock
    let logger: Logger
    let counters = RuntimeCounters()
    let presence = PresenceDirectory()
    let workInHand = WorkInHand()
    let limits: RequestLimits

    init(
        authentication: any AuthenticationService, configuration: RuntimeConfiguration, clock: any ClassroomClock, logger: Logger
    ) {
        self.authentication = authentication
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        limits = RequestLimits(configuration)
    }

    // MARK: Connections

    /// Begins with a socket. Call on its loop.
    func connect(_ socket: ServerSocket) -> ClientConnection {
        let connection = ClientConnection(
            socket: socket, presence: presence, queueLimit: configuration.maximumQueuedRequests)
        counters.connections.change(by: 1)
        if let signedIn = socket.attachment as? SignedIn { connection.become(signedIn.user, token: signedIn.token) }
        socket.onDisconnect { [self] _ in
            counters.connections.change(by: -1)
            // Behind what arrived before it. It answers nobody and counts as nobody's work.
            let departure = ClientRequest(
                responder: Responder(
                    event: "disconnect", socket: connection.reference, acknowledge: nil, sentAt: nil, counters: counters),
                payload: .null, lane: .exclusive, receivedAt: clock.now, identity: .none, limit: nil)
            connection.queue.enqueue(departure) { _ in
                connection.depart()
                return .finished
            }
        }
        return connection
    }

    // MARK: Requests

    /// Handles an event of this socket.
    ///
    /// - Parameters:
    ///   - limit: charged at once when it is known who asks, and else as soon as it is.
    ///   - identity: what the payload says about who asks.
    ///   - perform: carries out; when it returns `.pending`, `finish` is to be called on the loop.
    func on(
        _ event: String, of socket: ServerSocket, _ connection: ClientConnection, lane: RequestLane = .exclusive,
        limit: RequestLimits.Kind? = nil, identity: @escaping (JSONSlice) -> ClientRequest.Identity = { _ in .none },
        _ perform: @escaping (ClientRequest, ClientConnection) -> RequestOutcome
    ) {
        socket.on(event) { [self] incoming in
            counters.requests.count()
            let payload = incoming.arguments.first
            let responder = Responder(
                event: event, socket: connection.reference, acknowledge: incoming.acknowledge, sentAt: Self.sentAt(payload),
                counters: counters)
            guard payload.kind == .object || payload.isNull else {
                return responder.fail(ClassroomError(.invalid, "Validation error: the payload must be an object"))
            }
            let request = ClientRequest(
                responder: responder, payload: payload, lane: lane, receivedAt: clock.now, identity: identity(payload), limit: limit)
            admit(request, connection, perform)
        }
    }

    private func admit(
        _ request: ClientRequest, _ connection: ClientConnection,
        _ perform: @escaping (ClientRequest, ClientConnection) -> RequestOutcome
    ) {
        guard workInHand.begin() else {
            return request.responder.fail(
                ClassroomError(.unavailable, "The server is shutting down", retryAfterMs: Self.restartMs))
        }
        if let user = knownUser(of: request, connection), let refusal = charge(request, user) {
            workInHand.end()
            return request.responder.fail(refusal)
        }
        let isAccepted = connection.queue.submit(request) { [self] request in
            let outcome = perform(request, connection)
            if outcome == .finished { workInHand.end() }
            return outcome
        }
        if !isAccepted {
            workInHand.end()
            request.responder.fail(
                ClassroomError(.unavailable, "Too many requests of this socket are waiting", retryAfterMs: Self.overloadMs))
        }
    }

    /// A request that was pending is done.
    func finish(_ request: ClientRequest, _ connection: ClientConnection) {
        workInHand.end()
        connection.queue.finish(request.lane)
    }

    // MARK: Rate limits

    /// The user who sends the request, if nothing that waits or is under way can change it.
    private func knownUser(of request: ClientRequest, _ connection: ClientConnection) -> User? {
        guard request.limit != nil, let user = connection.user, !connection.isSigningIn, !changesUser(request, connection),
            !connection.queue.waitingRequests.contains(where: { changesUser($0, connection) })
        else { return nil }
        return user
    }

    private func changesUser(_ request: ClientRequest, _ connection: ClientConnection) -> Bool {
        switch request.identity {
        case .none: false
        case .token(let token): token != connection.token
        case .guest: connection.user == nil
        }
    }

    /// Charges the request's limit, if it has one that was not charged.
    func charge(_ request: ClientRequest, _ user: User) -> ClassroomError? {
        guard let limit = request.limit else { return nil }
        request.limit = nil
        return limits.take(limit, userID: user.id, at: request.receivedAt)
    }

    /// It has become known who sends the requests that wait: those beyond a limit are refused now, not when their turn comes.
    func chargeWaiting(_ connection: ClientConnection) {
        guard let user = connection.user else { return }
        var isKnown = true
        connection.queue.removeWaiting { request in
            isKnown = isKnown && !changesUser(request, connection)
            guard isKnown, let refusal = charge(request, user) else { return false }
            workInHand.end()
            request.responder.fail(refusal)
            return true
        }
    }

    private static func sentAt(_ payload: JSONSlice) -> JSONSlice? {
        guard let sentAt = payload["_sentAt"], sentAt.kind == .number else { return nil }
        return sentAt
    }

    private static let restartMs = 2_000
    private static let overloadMs = 1_000
}

/// What the handshake's middleware leaves for the socket.
struct SignedIn: Sendable {
    var user: User
    var token: String
}
