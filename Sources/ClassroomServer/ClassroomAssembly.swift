import Classroom
import ClassroomHTTP
import ClassroomLive
import ClassroomStore
import Hummingbird
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
import PrometheusMetrics
import ServiceLifecycle
import SocketIOHummingbird
import SocketIOServer
import Synchronization

/// The parts of one running classroom, put together.
struct ClassroomAssembly {
    private let configuration: ClassroomConfiguration
    private let registry: PrometheusRegistry
    private let logger: Logger
    private let clock = SystemClock()
    private let tls: TLSConfiguration?
    private let store: any ClassroomStore
    private let authentication: any AuthenticationService
    private let io: SocketIO
    private let runtime: ClassroomRuntime
    private let readiness: Readiness
    private let tokens: TokensFile?
    /// nil: this server is alone.
    private let redis: RedisLink?

    /// Checks the settings, reads the files that they name and opens the database.
    init(configuration: ClassroomConfiguration, registry: PrometheusRegistry, logger: Logger) async throws {
        try configuration.check()
        self.configuration = configuration
        self.registry = registry
        self.logger = logger
        let clock = clock
        let now: @Sendable () -> UnixMilliseconds = { clock.now }
        tls = try configuration.tls?.configuration()
        var services: [any AuthenticationService] = []
        if let jwt = configuration.jwt {
            if case .hmacSecret(let secret) = jwt.key, secret.count < 32 {
                logger.warning("the JWT secret is shorter than the 32 bytes that HS256 asks for (RFC 7518, section 3.2)")
            }
            services.append(JWTAuthentication(verifier: try Self.verifier(jwt), now: now))
        }
        tokens = try configuration.tokensFile.map { path throws(StartupError) in try TokensFile(path: path) }
        let redis = try configuration.redis.map { try RedisLink(url: $0, logger: logger) }
        self.redis = redis
        try await redis?.connect()
        do { store = try await Self.open(configuration, logger) } catch {
            await redis?.close()
            throw error
        }
        services.append(StoredTokenAuthentication(store: store, now: now))
        authentication = CompositeAuthentication(services)
        var socketIO = configuration.resolvedSocketIO
        if let redis { socketIO.adapter = redis.adapter }
        io = SocketIO(configuration: socketIO, logger: logger)
        runtime = ClassroomRuntime(
            io: io, store: store, authentication: authentication, configuration: configuration.runtime, clock: clock,
            cluster: redis?.cluster, link: redis?.nodes, logger: logger)
        var checkRedis: (@Sendable () async throws -> Void)?
        if let redis { checkRedis = { try await redis.check() } }
        readiness = Readiness(store: store, redis: checkRedis)
    }

    func run(onListening: @escaping @Sendable (ListeningAddress) async -> Void) async throws {
        do {
            // Before anything is written: with a taken port, the database is most likely another server's that is running.
            try await ListeningProbe.check(hostname: configuration.hostname, port: configuration.port)
            try await tokens?.load(into: store, now: clock.now)
            let access = configuration.isDemo ? try await prepareDemo() : nil
            try await runtime.start()
            redis?.onReturn { [runtime] in runtime.reconnected() }
            ServerMetrics(io: io, store: store, runtime: runtime).register(with: registry)
            try await serve(access: access, onListening: onListening)
        } catch {
            await store.close()
            await redis?.close()
            throw error
        }
    }

    private func prepareDemo() async throws -> DemoClassroom.Access {
        try await DemoClassroom(store: store, now: clock.now).prepare(settings: configuration.runtime.sessionDefaults)
    }

    private func serve(access: DemoClassroom.Access?, onListening: @escaping @Sendable (ListeningAddress) async -> Void) async throws {
        let isListening = Atomic(false)
        let listening = NIOLockedValueBox<ListeningAddress?>(nil)
        let router = ClassroomRouter(
            configuration: configuration.http, store: store, authentication: authentication, runtime: runtime, readiness: readiness,
            registry: registry,
            address: { listening.withLockedValue { $0 }.map { ClassroomAddress(publicURL: $0.publicURL, networkURL: $0.reachableURL) } }
        ).build()
        let base = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname(configuration.hostname, port: configuration.port), backlog: 1_024),
            services: [SocketIOService(io)],
            onServerRunning: { channel in
                isListening.store(true, ordering: .relaxed)
                readiness.open()
                var address = ListeningAddress(
                    hostname: configuration.hostname, port: channel.localAddress?.port ?? configuration.port, isSecure: tls != nil)
                address.publicURL = configuration.publicURL.flatMap(PublicURL.normalized)
                address.databasePath = configuration.databasePath
                listening.withLockedValue { [address] in $0 = address }
                if let access { address.demoLinks = DemoLink.all(base: address.reachableURL, access: access) }
                await onListening(address)
            }, logger: logger)
        let application = try SocketIOApplication(base, io: io, tls: tls)
        let loopLag = LoopLagService(eventLoopGroup: application.eventLoopGroup, factory: registry)
        let group = ServiceGroup(
            // Shut down from the last to the first, each when the one after it has ended.
            services: [any Service](redis.map { [$0] } ?? []) + [
                StoreService(store: store, logger: logger), application, loopLag,
                DrainService(
                    readiness: readiness, runtime: runtime, io: io, notice: configuration.drainNotice, spread: configuration.drainSpread,
                    logger: logger),
            ], logger: logger)
        do {
            try await group.run()
        } catch {
            guard !isListening.load(ordering: .relaxed) else { throw error }
            throw StartupError(binding: "\(configuration.hostname):\(configuration.port)", failedWith: error)
        }
    }

    private static func verifier(_ jwt: JWTConfiguration) throws(StartupError) -> JWTVerifier {
        do throws(JWTKeyError) { return try JWTVerifier(jwt) } catch { throw StartupError(error) }
    }

    /// Opens the database and waits for its first answer.
    private static func open(_ configuration: ClassroomConfiguration, _ logger: Logger) async throws -> any ClassroomStore {
        var settings = configuration.store
        settings.defaultSettings = configuration.runtime.sessionDefaults
        do {
            let store = try await openStore(url: configuration.database, configuration: settings, logger: logger)
            try await store.health()
            return store
        } catch let error as StoreError {
            throw StartupError(error)
        } catch {
            throw StartupError(.databaseUnavailable, "the database does not answer")
        }
    }
}
