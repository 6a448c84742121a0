import Classroom
import ClassroomLive
import ClassroomStore
import Logging
import NIOCore
import NIOPosix
import RedisClient
import RedisCore
import RedisTestSupport
import RedisTesting
import SocketIORedis
import SocketIOServer
import SocketIOTesting
import Testing

@testable import ClassroomServer

/// Two nodes of a classroom in this process, with one store and one Redis in memory.
enum ClassroomNodes {
    private static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    struct Node {
        let io: SocketIO
        let runtime: ClassroomRuntime
        let server: TestServer
        let client: RedisClient

        func connect(_ user: String) async throws -> TestClient {
            try await server.connect(auth: JSONObject { $0.field("token", "\(user)_token") })
        }
    }

    /// - Parameters:
    ///   - patience: how long a request waits for Redis; longer than any machine needs where Redis is there.
    ///   - joinRate: that of a user for joins, and for observations.
    static func run(
        patience: Duration = .seconds(60), isShared: Bool = false, joinRate: TokenBucket.Rule = RuntimeConfiguration().joinRate,
        _ body: (InMemoryRedis, MemoryStore, [Node]) async throws -> Void
    ) async throws {
        let redis = try await InMemoryRedis.start(scripts: RedisScripts.all)
        let store = MemoryStore(isShared: isShared)
        for name in ["ann", "ben"] {
            try await store.save(User(id: name, username: name))
            try await store.createToken(hash: TokenHash.sha256Hex("\(name)_token"), userID: name, expiresAt: nil, createdAt: 0)
        }
        let teacher = User(id: "teacher", username: "teacher", role: .instructor)
        try await store.save(teacher)
        try await store.createToken(hash: TokenHash.sha256Hex("teacher_token"), userID: "teacher", expiresAt: nil, createdAt: 0)
        let questions = ["q1", "q2"].map { Question(id: $0, question: "?", options: ["a", "b"], correctAnswer: .index(1)) }
        try await store.save(Quiz(id: "quiz", title: "Quiz", questions: questions, createdBy: "teacher"))
        try await start(2, [], redis, store, patience, joinRate, body)
        await redis.shutDown()
    }

    private static func start(
        _ missing: Int, _ nodes: [Node], _ redis: InMemoryRedis, _ store: MemoryStore, _ patience: Duration, _ joinRate: TokenBucket.Rule,
        _ body: (InMemoryRedis, MemoryStore, [Node]) async throws -> Void
    ) async throws {
        guard missing > 0 else {
            for node in nodes { try await eventually { try await node.io.of("/").adapter.serverCount() == nodes.count } }
            return try await body(redis, store, nodes)
        }
        var settings = RedisConfiguration.patient(port: redis.port)
        settings.backoff = RedisBackoff(initial: .milliseconds(5), maximum: .milliseconds(20))
        let client = try RedisClient(settings, on: MultiThreadedEventLoopGroup.singleton.next(), logger: logger)
        client.start()
        var limits = RedisCluster.Limits()
        limits.beatInterval = .milliseconds(20)
        limits.patience = patience
        let cluster = RedisCluster(client, node: "node\(missing)", limits: limits, logger: logger)
        var configuration = SocketIOConfiguration()
        configuration.adapter = RedisAdapter.factory(client, logger: logger)
        let io = SocketIO(configuration: configuration.patient, logger: logger)
        let clock = SystemClock()
        var rates = RuntimeConfiguration()
        // Nothing flows back while a slow machine runs the test.
        rates.creationRate = TokenBucket.Rule(capacity: 3, refillPerSecond: 0.001)
        rates.guestRateOfAddress = TokenBucket.Rule(capacity: 3, refillPerSecond: 0.001)
        rates.failedLookupRate = TokenBucket.Rule(capacity: 4, refillPerSecond: 0.001)
        rates.failedLookupRateOfAddress = TokenBucket.Rule(capacity: 4, refillPerSecond: 0.001)
        rates.failedSignInRateOfAddress = TokenBucket.Rule(capacity: 4, refillPerSecond: 0.001)
        rates.failedLongTokenRateOfAddress = TokenBucket.Rule(capacity: 4, refillPerSecond: 0.001)
        rates.guestChatRateOfRoom = TokenBucket.Rule(capacity: 3, refillPerSecond: 0.001)
        rates.guestChatRate = TokenBucket.Rule(capacity: 5, refillPerSecond: 0.001)
        rates.apiRate = TokenBucket.Rule(capacity: 3, refillPerSecond: 0.001)
        rates.joinRate = joinRate
        rates.maximumHealedMessages = 300
        rates.leadInMs = 0
        rates.questionDurationMs = 600_000
        rates.chatRate = TokenBucket.Rule(capacity: 30, refillPerSecond: 0.001)
        let runtime = ClassroomRuntime(
            io: io, store: store, authentication: StoredTokenAuthentication(store: store, now: { clock.now }), configuration: rates,
            clock: clock, cluster: cluster, link: RedisNodeLink(client, node: "node\(missing)", database: 0), logger: logger)
        try await runtime.start()
        try await withTestServer(io) { server in
            let node = Node(io: io, runtime: runtime, server: server, client: client)
            try await start(missing - 1, nodes + [node], redis, store, patience, joinRate, body)
        }
        await runtime.drain()
        await client.close()
    }
}
