import ClassroomLive
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import RedisClient
import RedisCore
import ServiceLifecycle
import SocketIORedis
import SocketIOServer

/// A classroom's connection to Redis: what the nodes share, their way to each other, and the adapter that joins their sockets.
final class RedisLink: Service, Sendable {
    let cluster: RedisCluster
    let nodes: RedisNodeLink
    let adapter: AdapterFactory
    private let client: RedisClient
    private let configuration: RedisConfiguration
    private let logger: Logger

    /// Reads the URL. It connects with ``connect()``.
    init(url: String, logger: Logger) throws {
        let configuration = try Self.configuration(url: url)
        self.configuration = configuration
        client = try RedisClient(configuration, on: MultiThreadedEventLoopGroup.singleton.next(), logger: logger)
        let node = Self.nodeName()
        cluster = RedisCluster(client, node: node, logger: logger)
        nodes = RedisNodeLink(client, node: node, database: configuration.database)
        // Channels belong to no database: classrooms in two databases of one Redis must not hear each other.
        let key = configuration.database == 0 ? "socket.io" : "socket.io:\(configuration.database)"
        adapter = RedisAdapter.factory(client, configuration: RedisAdapterConfiguration(.classic(key: key)), logger: logger)
        self.logger = logger
    }

    /// - Throws: what is wrong with the URL, without its password.
    static func check(url: String) throws(StartupError) { _ = try configuration(url: url) }

    private static func configuration(url: String) throws(StartupError) -> RedisConfiguration {
        do throws(RedisError) {
            var configuration = try RedisConfiguration(url: url)
            configuration.clientName = "dunlin"
            return configuration
        } catch {
            throw StartupError(.invalidSetting, "not a URL of Redis: \(error.detail) (expected redis://HOST:PORT/DB)")
        }
    }

    private static func nodeName() -> String {
        let digits = Array("0123456789abcdef")
        return String((0..<16).map { _ in digits[Int.random(in: digits.indices)] })
    }

    /// Waits until Redis answers.
    func connect(within patience: Duration = RedisLink.connectTimeout) async throws(StartupError) {
        // By a client that logs nothing: at the start, what is wrong is told once, by the error.
        var silent = logger
        silent.logLevel = .critical
        let probe: RedisClient
        do { probe = try RedisClient(configuration, on: client.eventLoop, logger: silent) } catch {
            throw StartupError(.invalidSetting, "TLS to Redis cannot be set up: \(error)")
        }
        do throws(RedisError) { try await probe.ready(within: patience) } catch {
            let cause = await probe.status().lastFailure ?? error
            await probe.close()
            let reason = cause.detail.isEmpty ? "\(cause.code)" : "\(cause.code) (\(cause.detail))"
            throw StartupError(.redisUnavailable, "Redis at \(configuration.host):\(configuration.port): \(reason)")
        }
        await probe.close()
        client.start()
    }

    /// Calls back each time that Redis is there again after it was away.
    func onReturn(_ body: @escaping @Sendable () -> Void) {
        let wasAway = NIOLockedValueBox(false)
        let loop = client.eventLoop
        client.subscribe(to: .channel("dunlin:return")) { event in
            switch event {
            case .interrupted: wasAway.withLockedValue { $0 = true }
            case .established:
                let isReturn = wasAway.withLockedValue { wasAway in
                    defer { wasAway = false }
                    return wasAway
                }
                // The adapter's own subscriptions come back with this one.
                if isReturn { loop.scheduleTask(in: .milliseconds(250), body) }
            case .message, .failed: break
            }
        }
    }

    /// - Throws: if Redis does not answer.
    func check() async throws {
        _ = try await client.send(RedisCommand("PING"), timeout: .seconds(1))
    }

    /// Redis's clock, in milliseconds since 1970.
    func time(within patience: Duration = RedisLink.connectTimeout) async throws -> Int64 {
        let reply = try await client.send(RedisCommand("TIME"), timeout: patience)
        guard let time = Self.milliseconds(reply) else { throw RedisError(.unexpectedReply, "TIME") }
        return time
    }

    /// The reply to TIME, seconds and microseconds. Nil if it is none, or so far from today that nobody could reckon with it.
    static func milliseconds(_ reply: RESPValue) -> Int64? {
        guard let parts = reply.elements, parts.count == 2, let seconds = parts[0].integer, let microseconds = parts[1].integer,
            (0...1 << 40).contains(seconds), (0..<1_000_000).contains(microseconds)
        else { return nil }
        return seconds * 1_000 + microseconds / 1_000
    }

    /// Closes the connection when all that use it have ended.
    func run() async throws {
        try? await gracefulShutdown()
        await client.close()
    }

    func close() async { await client.close() }

    static let connectTimeout: Duration = .seconds(5)
}
