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
    let tokens = TokenDirectory()
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

    /// Serves a socket's requests. Call on its loop.
    @discardableResult
    func connect(_ socket: ServerSocket, _ table: RequestTable) -> ClientConnection {
        let connection = ClientConnection(
            socket: socket, presence: presence, tokens: tokens, departures: table.departures,
            queueLimit: configuration.maximumQueuedRequests)
        counters.connections.change(by: 1)
        if let signedIn = socket.attachment as? SignedIn { connection.become(signedIn.user, token: signedIn.token) }
        socket.onAny { [self] incoming in
            if let route = table.routes[incoming.name] {
                receive(incoming, route, connection)
            } else if table.owns(incoming.name) {
                refuseUnknown(incoming)
            }
        }
        socket.onDisconnect { [self, unowned socket] _ in
            // The handler holds the connection and the connection the socket.
            socket.onAny { _ in }
            counters.connections.change(by: -1)
            depart(connection)
        }
        return connection
    }

    /// Behind what arrived before it. It answers nobody and counts as nobody's work.
    private func depart(_ connection: ClientConnection) {
        let departure = ClientRequest(
            responder: Responder(
                event: "disconnect", socket: connection.reference, acknowledge: nil, sentAt: nil, counters: counters),
            payload: .null, lane: .exclusive, receivedAt: clock.now, identity: .none, limit: nil)
        connection.queue.enqueue(departure) { _ in
            connection.depart()
            return .finished
        }
    }

    // MARK: Requests

    private func receive(_ incoming: EventRequest, _ route: RequestTable.Route, _ connection: ClientConnection) {
        counters.requests.count()
        guard PayloadLimits.allow(incoming.arguments) else { return refuse(incoming, PayloadLimits.refusal) }
        let payload = incoming.arguments.first
        let responder = Responder(
            event: incoming.name, socket: connection.reference, acknowledge: incoming.acknowledge, sentAt: Self.sentAt(payload),
            counters: counters)
        guard payload.kind == .object || payload.isNull else {
            return responder.fail(ClassroomError(.invalid, "Validation error: the payload must be an object"))
        }
        let request = ClientRequest(
            responder: responder, payload: payload, lane: route.lane, receivedAt: clock.now, identity: route.identity(payload),
            limit: route.limit)
        admit(request, connection, route.perform)
    }

    private func admit(_ request: ClientRequest, _ connection: ClientConnection, _ perform: @escaping RequestTable.Perform) {
        guard workInHand.begin() else {
            return request.responder.fail(
                ClassroomError(.unavailable, "The server is shutting down", retryAfterMs: Self.restartMs))
        }
        if let user = knownUser(of: request, connection), let refusal = charge(request, user) {
            workInHand.end()
            return request.responder.fail(refusal)
        }
        let isAccepted = connection.queue.submit(request) { [workInHand] request in
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
        case .none, .badToken: false
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
        // It comes back, and goes to a room: it must not be as large as its sender likes.
        guard let sentAt = payload["_sentAt"], sentAt.bytes.readableBytes <= PayloadLimits.maximumLatencyStampBytes else { return nil }
        switch sentAt.kind {
        case .number: return sentAt
        // A numeric text counts as a number, here as anywhere.
        case .string: return sentAt.string.flatMap { Payload.string($0).number } == nil ? nil : sentAt
        default: return nil
        }
    }

    private static let restartMs = 2_000
    private static let overloadMs = 1_000
}

/// What the handshake's middleware leaves for the socket.
struct SignedIn: Sendable {
    var user: User
    var token: String
}
