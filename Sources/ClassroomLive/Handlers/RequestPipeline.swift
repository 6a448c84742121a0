import Classroom
import Logging
import NIOCore
import SocketIOCore
import SocketIOServer

/// The path of every request: it is counted, limited, queued in the order of arrival, authenticated, carried out and answered.
final class RequestPipeline: Sendable {
    let authentication: any AuthenticationService
    let configuration: RuntimeConfiguration
    let clock: any ClassroomClock
    let logger: Logger
    let counters = RuntimeCounters()
    let presence: PresenceDirectory
    let tokens = TokenDirectory()
    let workInHand = WorkInHand()
    let limits: RequestLimits
    let memory: RequestMemory
    /// What several nodes share. Nil if there is only one node.
    let cluster: (any ClassroomCluster)?

    init(
        authentication: any AuthenticationService, configuration: RuntimeConfiguration, clock: any ClassroomClock, logger: Logger,
        cluster: (any ClassroomCluster)? = nil
    ) {
        self.cluster = cluster
        self.authentication = authentication
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        presence = PresenceDirectory(maximumSocketsPerUser: configuration.maximumSocketsPerUser, cluster: cluster)
        limits = RequestLimits(configuration)
        memory = RequestMemory(configuration)
    }

    // MARK: Connections

    /// Serves a socket's requests. Call on its loop.
    @discardableResult
    func connect(_ socket: ServerSocket, _ table: RequestTable) -> ClientState {
        let connection = ClientState(
            socket: socket, presence: presence, tokens: tokens, departures: table.departures,
            queueLimit: configuration.maximumQueuedRequests)
        counters.connections.change(by: 1)
        if let signedIn = socket.data as? SignedIn { connection.become(signedIn.user, token: signedIn.token) }
        socket.onUnhandled { [self] incoming in
            let name = incoming.name
            if let route = table.route(name) {
                receive(incoming, name, route, connection)
            } else if table.owns(name) {
                refuseUnknown(incoming, name)
            }
        }
        socket.onDisconnect { [self, weak socket] _ in
            // The handler keeps the connection alive, and the connection the socket.
            socket?.onUnhandled { _ in }
            counters.connections.change(by: -1)
            depart(connection)
        }
        return connection
    }

    /// Runs work after the requests that arrived before. It has no answer and is not counted.
    private func depart(_ connection: ClientState) {
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

    /// Cheap refusals come first: size and depth by the bytes, the socket's rate, the user's rate, and only then is the payload read.
    private func receive(_ incoming: EventRequest, _ name: String, _ route: RequestTable.Route, _ connection: ClientState) {
        counters.requests.count()
        let now = clock.now
        let problem = PayloadLimits.allow(incoming.arguments) ? nil : PayloadLimits.refusal
        let payload = problem == nil ? PayloadLimits.trimmed(incoming.arguments.first, to: route.fields) : .null
        let responder = Responder(
            event: name, socket: connection.reference, acknowledge: incoming.acknowledge,
            sentAt: problem == nil ? Self.sentAt(payload) : nil, counters: counters)
        if let problem { return responder.fail(problem) }
        if let limit = route.limit, let refusal = limits.take(limit, from: &connection.buckets, at: now) {
            return responder.fail(refusal)
        }
        guard payload.kind == .object || payload.isNull else {
            return responder.fail(ClassroomError(.invalid, "Validation error: the payload must be an object"))
        }
        let request = ClientRequest(
            responder: responder, payload: payload, lane: route.lane, receivedAt: now, identity: route.identity(payload),
            limit: route.limit)
        admit(request, connection, route.perform)
    }

    private func admit(_ request: ClientRequest, _ connection: ClientState, _ perform: @escaping RequestTable.Perform) {
        guard workInHand.begin() else {
            return request.responder.fail(
                ClassroomError(.unavailable, "The server is shutting down", retryAfterMs: Self.restartMs))
        }
        connection.waits(request)
        if let user = knownUser(of: request, connection), let refusal = charge(request, user) {
            return refuse(request, connection, refusal)
        }
        guard reserve(request, connection) else {
            return refuse(
                request, connection,
                ClassroomError(.unavailable, "Too many requests are waiting, please try again", retryAfterMs: Self.overloadMs))
        }
        let isAccepted = connection.queue.submit(request) { [self] request in
            connection.waitsNoLonger(request)
            let outcome = perform(request, connection)
            if outcome == .finished { end(request, connection) }
            return outcome
        }
        if !isAccepted {
            refuse(
                request, connection,
                ClassroomError(.unavailable, "Too many requests of this socket are waiting", retryAfterMs: Self.overloadMs))
        }
    }

    /// Ends a request that was pending.
    func finish(_ request: ClientRequest, _ connection: ClientState) {
        end(request, connection)
        connection.queue.finish(request.lane)
    }

    /// Refuses a request that will not be carried out.
    private func refuse(_ request: ClientRequest, _ connection: ClientState, _ refusal: ClassroomError) {
        end(request, connection)
        request.responder.fail(refusal)
    }

    /// Releases the memory that the request had reserved.
    private func end(_ request: ClientRequest, _ connection: ClientState) {
        workInHand.end()
        connection.waitsNoLonger(request)
        guard let (bytes, holder) = request.reservation else { return }
        request.reservation = nil
        connection.waitingBytes -= bytes
        memory.release(bytes, for: holder)
    }

    /// Returns false if the socket, its user or the server has too many bytes of waiting requests.
    private func reserve(_ request: ClientRequest, _ connection: ClientState) -> Bool {
        let bytes = RequestMemory.bytes(of: request.payload)
        // There is always room for one request, so that a socket can ask anything at all.
        let isFirst = connection.waitingBytes == 0
        guard isFirst || connection.waitingBytes + bytes <= configuration.maximumWaitingBytesPerSocket else { return false }
        let holder = connection.user?.id ?? "socket:\(connection.id)"
        guard memory.reserve(bytes, for: holder) else { return false }
        connection.waitingBytes += bytes
        request.reservation = (bytes, holder)
        return true
    }

    // MARK: Rate limits

    /// The sender, if neither the request, which is counted already, nor one before it can still change it.
    private func knownUser(of request: ClientRequest, _ connection: ClientState) -> User? {
        guard request.limit != nil, let user = connection.user, !connection.isSigningIn, connection.waitingChanges == 0 else { return nil }
        return user
    }

    /// Charges the request's limit, if it has one that was not charged.
    func charge(_ request: ClientRequest, _ user: User) -> ClassroomError? {
        guard let limit = request.limit else { return nil }
        request.limit = nil
        return limits.take(limit, userID: user.id, at: request.receivedAt)
    }

    /// Charges the waiting requests once their sender is known: requests beyond a limit are refused at once and not when their turn comes.
    func chargeWaiting(_ connection: ClientState) {
        guard let user = connection.user else { return }
        var refused: [(request: ClientRequest, refusal: ClassroomError)] = []
        for request in connection.queue.waitingRequests {
            guard !connection.changesUser(request) else { break }
            if let refusal = charge(request, user) { refused.append((request, refusal)) }
        }
        // They are removed before any is answered: an answer whose write fails makes the transport read on, and that may add requests here.
        connection.queue.removeWaiting(Set(refused.map { ObjectIdentifier($0.request) }))
        for (request, refusal) in refused { refuse(request, connection, refusal) }
    }

    /// A number of at most 32 characters: it goes back to the sender and, with a chat message, to a whole room.
    private static func sentAt(_ payload: JSONSlice) -> JSONSlice? {
        guard let sentAt = payload[PayloadLimits.latencyStamp], sentAt.bytes.readableBytes <= PayloadLimits.maximumLatencyStampBytes + 2
        else { return nil }
        switch sentAt.kind {
        case .number: return sentAt.bytes.readableBytes <= PayloadLimits.maximumLatencyStampBytes ? sentAt : nil
        // A numeric string counts as a number, as in every other field.
        case .string:
            // It goes back as it came, so no blanks or line breaks stand around it.
            guard let text = sentAt.string, text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }) else { return nil }
            return Payload.string(text).number == nil ? nil : sentAt
        default: return nil
        }
    }

    private static let restartMs = 2_000
    private static let overloadMs = 1_000
}

/// The value that the handshake's middleware passes on to the socket.
struct SignedIn: Sendable {
    var user: User
    var token: String
}
