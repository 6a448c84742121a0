import Classroom
import ClassroomStore
import JSONCore
import Logging
import NIOConcurrencyHelpers
import NIOCore
import SocketIOServer

/// The exchange between the nodes of a classroom: what clients of this node ask of sessions that other nodes run, and the reverse; and which
/// sockets sit where. Thread-safe.
///
/// One node runs a session, the one that holds its lease. Any other passes on what its clients ask, and hands them the answer. A node's own
/// ``SeatTable`` is the truth about its sockets: when a session goes on at another node, that one gets them from there.
final class NodeExchange: Sendable {
    /// What becomes of a request that was passed on.
    enum Outcome: Sendable {
        case answered(Result<SessionAnswer, ClassroomError>)
        /// It was not carried out: the session is run elsewhere, or its node cannot be reached.
        case moved
        /// Another node runs the session now, and nobody knows whether the former one carried it out.
        case lost
    }

    struct Waiter: Sendable {
        let context: CallContext
        let action: SessionAction
        let userID: String
        let continuation: CheckedContinuation<Outcome, Never>
    }

    struct State: Sendable {
        var sequence = 0
        var lastID = 0
        var requests: ForwardedRequests<Waiter>
        var places = SessionPlaces(limit: NodeExchange.maximumPlaces)
        var seats = SeatTable<SocketReference>()
        /// When each node was last heard of.
        var heard: [String: UnixMilliseconds] = [:]
        /// Sessions that are being looked up.
        var unsettled: Set<String> = []
        var inWork = 0
        var isTimerArmed = false
        var beat: ScheduledWork?
        var isStopped = false
        var statistics = NodeStatistics()
        var nextLine: UnixMilliseconds = 0

        /// A node does not run a session.
        ///
        /// - Returns: whether to find out who does. Not for a session that nobody here sits in and nobody looked for there, whoever names it.
        mutating func isDisowned(_ sessionID: String, by node: String) -> Bool {
            let wasThere = places[sessionID]?.node == node
            if wasThere { places.forget(sessionID) }
            return wasThere || seats.count(in: sessionID) > 0
        }
    }

    /// What the exchange needs of the classroom around it.
    struct Host: Sendable {
        let registry: SessionRegistry
        /// Carries out what a client of another node asks of a session that this node runs.
        let carryOut: @Sendable (SessionAction, String, User, CallContext) async throws -> SessionAnswer
        /// False while the server shuts down. What has begun is to be ended.
        let begin: @Sendable () -> Bool
        let end: @Sendable () -> Void
    }

    private static let maximumPlaces = 10_000

    let link: any NodeLink
    let store: any ClassroomStore
    let clock: any ClassroomClock
    let configuration: RuntimeConfiguration
    let logger: Logger
    let state: NIOLockedValueBox<State>
    let epochs = NIOLockedValueBox(SessionEpochs(limit: NodeExchange.maximumPlaces))
    /// This node's sockets.
    let adapter: any Adapter
    private let hostBox = NIOLockedValueBox<Host?>(nil)

    init(
        link: any NodeLink, io: SocketIO, store: any ClassroomStore, clock: any ClassroomClock, configuration: RuntimeConfiguration,
        logger: Logger
    ) {
        self.link = link
        adapter = io.of("/").adapter
        self.store = store
        self.clock = clock
        self.configuration = configuration
        self.logger = logger
        state = NIOLockedValueBox(State(requests: ForwardedRequests(limits: configuration.forwarding)))
    }

    var node: String { link.node }
    /// nil: it has not started, or has ended.
    var host: Host? { hostBox.withLockedValue { $0 } }

    var statistics: NodeStatistics {
        state.withLockedValue { state in
            var statistics = state.statistics
            statistics.waiting = state.requests.count
            return statistics
        }
    }

    // MARK: Life

    /// Listens to the other nodes and tells them of this one from now on.
    func start(_ host: Host) {
        hostBox.withLockedValue { $0 = host }
        link.listen { [weak self] in self?.receive($0) }
        armBeat()
    }

    /// Nothing is passed on any more; who waits is told that the session has moved.
    func stop() {
        let (waiters, beat) = state.withLockedValue { state in
            state.isStopped = true
            return (state.requests.removeAll(), state.beat)
        }
        beat?.cancel()
        hostBox.withLockedValue { $0 = nil }
        for request in waiters { request.waiter.continuation.resume(returning: .moved) }
        link.close()
    }

    // MARK: Asking

    /// Passes on what a client of this node asks, and waits for the answer. The caller is answered by its context before that, in order with
    /// what the session sends.
    func ask(
        _ action: SessionAction, in sessionID: String, at place: SessionPlace, _ user: User, _ context: CallContext,
        until deadline: UnixMilliseconds
    ) async -> Outcome {
        await withCheckedContinuation { continuation in
            let waiter = Waiter(context: context, action: action, userID: user.id, continuation: continuation)
            let now = clock.now
            let (message, mustArm) = state.withLockedValue { state -> (NodeMessage?, Bool) in
                guard !state.isStopped else { return (nil, false) }
                let seat = context.socket.flatMap { state.seats.seats(in: sessionID)[$0.id] }
                let isPlayer = seat?.userID == user.id && seat?.parts.contains(.player) == true
                let message = next(
                    &state,
                    .request(
                        ForwardedRequest(
                            id: state.lastID + 1, sessionID: sessionID, action: action, userID: user.id, username: user.username,
                            role: user.role, socketID: context.socket?.id, isPlayer: isPlayer, receivedAt: context.receivedAt,
                            device: context.device)))
                let request = ForwardedRequests<Waiter>.Request(
                    sessionID: sessionID, place: place, sequence: message.sequence, bytes: action.byteCount, sentAt: now,
                    deadline: deadline, waiter: waiter)
                guard state.requests.begin(state.lastID + 1, request) else { return (nil, false) }
                state.lastID += 1
                state.statistics.forwarded += 1
                defer { state.isTimerArmed = true }
                return (message, !state.isTimerArmed)
            }
            guard let message, case .request(let request) = message.body else {
                return continuation.resume(returning: .answered(.failure(Self.overloaded)))
            }
            if mustArm { armTimeout(at: deadline) }
            send(message, to: place.node) { [weak self] wasReceived in
                if !wasReceived { self?.finish(request.id, by: place.node, .moved) }
            }
        }
    }

    static let overloaded = ClassroomError(
        .unavailable, "Too many requests wait for another server, please try again", retryAfterMs: 1_000)
    static let unanswered = ClassroomError(
        .unavailable, "The server that runs this session does not answer, please try again", retryAfterMs: 1_000)

    /// A request has its outcome.
    func finish(_ id: Int, by node: String, _ outcome: Outcome) {
        guard let request = state.withLockedValue({ $0.requests.finish(id, by: node) }) else { return }
        conclude(request, outcome)
    }

    func conclude(_ request: ForwardedRequests<Waiter>.Request, _ outcome: Outcome) {
        let waiter = request.waiter
        if case .answered(.success(let answer)) = outcome {
            let part = note(waiter.action, answer, in: request.sessionID, waiter.userID, waiter.context)
            if let part, let socket = waiter.context.socket?.reference {
                // The owner has said so too, but that may be lost where the answer is not.
                SessionRooms.enter(socket, sessionID: request.sessionID, asWatcher: part != .player)
            }
            // Here, and not in the caller's task: what the session sends next comes behind it.
            if case .reply(let reply) = answer { waiter.context.reply(reply) }
        }
        waiter.continuation.resume(returning: outcome)
    }

    private func armTimeout(at time: UnixMilliseconds) {
        _ = clock.schedule(at: time) { [weak self] in
            guard let self else { return }
            let now = clock.now
            let (late, next) = state.withLockedValue { state in
                let late = state.requests.expire(at: now)
                let next = state.requests.nextDeadline
                state.isTimerArmed = next != nil
                state.statistics.unanswered += late.count
                return (late, next)
            }
            for request in late { conclude(request, .answered(.failure(Self.unanswered))) }
            if let next { armTimeout(at: next) }
        }
    }

    // MARK: Messages

    /// The next message of this node.
    func next(_ state: inout State, _ body: NodeMessage.Body) -> NodeMessage {
        state.sequence += 1
        return NodeMessage(from: node, sequence: state.sequence, body: body)
    }

    func send(_ body: NodeMessage.Body, to node: String, completion: @escaping @Sendable (Bool) -> Void = { _ in }) {
        send(state.withLockedValue { next(&$0, body) }, to: node, completion: completion)
    }

    func send(_ message: NodeMessage, to node: String, completion: @escaping @Sendable (Bool) -> Void) {
        do { link.send(try message.bytes, to: node, completion: completion) } catch {
            logger.error("a message to another server cannot be written", metadata: ["error.type": "\(type(of: error))"])
            completion(false)
        }
    }

    func sendToAll(_ body: NodeMessage.Body) {
        guard let bytes = try? state.withLockedValue({ next(&$0, body) }).bytes else { return }
        link.sendToAll(bytes)
    }
}

/// Counts of the exchange with other nodes.
public struct NodeStatistics: Sendable, Hashable {
    /// Requests of this node's clients that were passed on to other nodes.
    public var forwarded = 0
    /// Those that wait for an answer.
    public var waiting = 0
    /// Those that got none in time.
    public var unanswered = 0
    /// Requests of other nodes' clients that this node carried out.
    public var carriedOut = 0
    /// Messages that could not be read, or were too many.
    public var refused = 0
    /// Events of sessions that were not delivered, because a later owner of the session had been heard before.
    public var outdated = 0
}
