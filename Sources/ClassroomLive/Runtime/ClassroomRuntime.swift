package import Classroom
public import ClassroomStore
public import Logging
package import NIOCore
import PrometheusMetrics
public import SocketIOServer

/// The classroom's real-time part: sign-in, quiz sessions, chat and dashboard on one Socket.IO server.
public final class ClassroomRuntime: Sendable {
    private let io: SocketIO
    private let store: any ClassroomStore
    package let configuration: RuntimeConfiguration
    private let clock: any ClassroomClock
    private let logger: Logger
    let pipeline: RequestPipeline
    private let registry: SessionRegistry
    private let leases: SessionLeases
    let service: LiveQuizService
    private let chat: ChatHandler
    private let dashboard: DashboardBroadcaster
    private let tokenWatch: TokenWatch
    private let expiry: ExpiryWatch
    private let relay: ChatRelay?
    private let nodes: NodeExchange?

    public init(
        io: SocketIO, store: any ClassroomStore, authentication: any AuthenticationService,
        configuration: RuntimeConfiguration = .init(), clock: any ClassroomClock = SystemClock(),
        guestTokens: (any GuestTokenIssuer)? = nil, cluster: (any ClassroomCluster)? = nil,
        link: (any NodeLink)? = nil, logger: Logger = Logger(label: "dunlin.classroom")
    ) {
        self.io = io
        self.store = store
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        let pipeline = RequestPipeline(
            authentication: authentication, configuration: configuration, clock: clock, logger: logger, cluster: cluster)
        // A database on its own machine may store a message without saying so, also where this server is alone with it.
        relay =
            cluster != nil || store.isShared
            ? ChatRelay(
                io: io, store: store, clock: clock, historyLimit: configuration.chatHistoryLimit,
                maximumHealed: configuration.maximumHealedMessages, logger: logger) : nil
        // Without a common database each server has sessions of its own.
        let nodes =
            store.isShared
            ? link.map { NodeExchange(link: $0, io: io, store: store, clock: clock, configuration: configuration, logger: logger) } : nil
        let leases = SessionLeases(store: store, clock: clock, configuration: configuration, node: nodes?.node, logger: logger)
        let registry = SessionRegistry(
            io: io, store: store, clock: clock, configuration: configuration, counters: pipeline.counters, leases: leases, nodes: nodes,
            logger: logger)
        self.nodes = nodes
        let chat = ChatHandler(pipeline: pipeline, store: store, io: io, relay: relay)
        self.pipeline = pipeline
        self.registry = registry
        self.leases = leases
        self.chat = chat
        service = LiveQuizService(
            store: store, registry: registry, leases: leases, authentication: authentication,
            guestTokens: guestTokens
                ?? StoreGuestTokens(store: store, lifetimeMs: configuration.guestTokenLifetimeMs, clock: clock),
            configuration: configuration, clock: clock, nodes: nodes, cluster: cluster)
        tokenWatch = TokenWatch(pipeline: pipeline)
        expiry = ExpiryWatch(store: store, clock: clock, intervalMs: configuration.expiryIntervalMs, logger: logger)
        dashboard = DashboardBroadcaster(
            clock: clock, configuration: configuration, sample: { Self.snapshot(pipeline, registry, chat.directory) },
            countSessions: { try await store.countSessions() })
    }

    // MARK: Life

    /// Registers the handlers and resumes the sessions that were being played. Call once, before the server accepts connections.
    public func start() async throws {
        io.use { [pipeline] request in try await pipeline.authenticateHandshake(&request) }
        var table = RequestTable()
        AuthHandler(pipeline: pipeline).register(in: &table)
        QuizHandler(pipeline: pipeline, service: service).register(in: &table)
        chat.register(in: &table)
        DashboardHandler(pipeline: pipeline, broadcaster: dashboard).register(in: &table)
        io.onConnection { [pipeline, table] socket in pipeline.connect(socket, table) }
        relay?.start()
        let presence = pipeline.presence
        pipeline.cluster?.start { presence.users }
        tokenWatch.start()
        expiry.start()
        let workInHand = pipeline.workInHand
        nodes?.start(
            NodeExchange.Host(
                registry: registry, carryOut: { [service] in try await service.carryOutHere($0, in: $1, $2, $3) },
                begin: { workInHand.begin() }, end: { workInHand.end() }))
        try await resumeSessions()
        leases.start { [registry] in
            await registry.loaded($0)?.letGo()
        } onOrphan: { [self] in
            await resume($0)
        }
    }

    /// This node can reach the others again after an interruption.
    public func reconnected() {
        relay?.reconnected()
        nodes?.reconnected()
    }

    /// Deadlines are absolute times: those that passed while the server was away take effect now.
    private func resumeSessions() async throws {
        // The sessions of other servers stay theirs.
        guard !store.isShared else {
            for id in try await store.ownerlessSessions(limit: .max) { await resume(id) }
            return
        }
        for record in try await store.sessions(statuses: [.active]) { await resume(record.id) }
    }

    /// Returns false if the session cannot be resumed.
    @discardableResult
    private func resume(_ sessionID: String) async -> Bool {
        do {
            _ = try await registry.session(sessionID)
            return true
        } catch is SessionElsewhere {
            return true
        } catch {
            logger.warning("a session could not be resumed", metadata: ["session": "\(sessionID)", "error.type": "\(type(of: error))"])
            return false
        }
    }

    /// Refuses new requests, and returns when all accepted requests are committed and answered, or after `drainTimeoutMs`. Stops all
    /// timers.
    public func drain() async {
        let workInHand = pipeline.workInHand
        let limit = clock.schedule(at: clock.now + configuration.drainTimeoutMs) { workInHand.giveUp() }
        await workInHand.drain()
        limit.cancel()
        dashboard.stop()
        tokenWatch.stop()
        expiry.stop()
        for session in registry.all { await session.stop() }
        await leases.stop()
        nodes?.stop()
        await pipeline.cluster?.stop()
    }

    // MARK: For the program around it

    /// The whole board of a session, live or ended.
    public func leaderboard(sessionID: String) async throws -> LeaderboardReport {
        try await service.getLeaderboard(sessionID)
    }

    /// The whole board as JSON, for somebody who asks for it.
    /// - Throws: `ClassroomError` `forbidden` for users who neither take part nor host.
    package func leaderboardDocument(sessionID: String, for user: User) async throws -> ByteBuffer {
        try await service.leaderboardDocument(sessionID, for: user)
    }

    /// Signs a request of the HTTP API in by its token, and charges it to its user.
    /// - Throws: `ClassroomError` for a token that names nobody, for too many wrong ones and for a user beyond their rate.
    package func signIn(token: String, address: String) async throws -> User {
        guard TokenLimits.accepts(token),
            // Counted apart from the sockets of the address: guesses at the HTTP API must not keep a class out of its quiz.
            let user = try await pipeline.verify(token, socketID: nil, address: "api:\(address)")
        else { throw ClassroomError.invalidToken }
        if let refusal = pipeline.limits.takeFromAPI(userID: user.id, at: clock.now) { throw refusal }
        if let waitMs = await pipeline.cluster?.take(.api(user.id, configuration.apiRate)) {
            throw RequestLimits.refusal(of: .other, waitMs)
        }
        return user
    }

    // MARK: Counting

    /// The state of the classroom.
    public func snapshot() -> RuntimeSnapshot {
        var snapshot = Self.snapshot(pipeline, registry, chat.directory)
        snapshot.dashboardSubscribers = dashboard.count
        snapshot.leases = leases.heldCount
        snapshot.leasesLost = leases.lostCount
        snapshot.sessionsTakenUp = leases.takenUpCount
        snapshot.nodes = nodes?.statistics
        return snapshot
    }

    private static func snapshot(_ pipeline: RequestPipeline, _ registry: SessionRegistry, _ chat: ChatDirectory) -> RuntimeSnapshot {
        let counters = pipeline.counters
        var snapshot = RuntimeSnapshot()
        snapshot.activeUsers = pipeline.presence.count
        snapshot.connections = counters.connections.value
        snapshot.waitingSessions = registry.count(.waiting)
        snapshot.activeSessions = registry.count(.active)
        snapshot.players = counters.players.value
        snapshot.chatRooms = chat.count
        snapshot.requests = counters.requests.value
        snapshot.answers = counters.answers.value
        snapshot.duplicateAnswers = counters.duplicateAnswers.value
        snapshot.chatMessages = counters.chatMessages.value
        snapshot.errors = counters.errors.value
        snapshot.rateLimited = counters.rateLimited.value
        snapshot.acknowledgementLatency = counters.latency.snapshot()
        return snapshot
    }
}
