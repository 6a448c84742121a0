import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import RedisClient
import RedisCore
import RedisTestSupport
import SocketIORedis
import SocketIOServer
import SocketIOTesting
import Testing

extension Logger {
    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

/// Clients of one fresh Redis, one for each server of a test. They are closed at the end, whatever happens.
func withRedisClients(_ count: Int, _ backend: Backend, _ body: ([RedisClient]) async throws -> Void) async throws {
    try await withBackend(backend) { port in try await withRedisClients(count, port: port, body) }
}

func withRedisClients(_ count: Int, port: Int, _ body: ([RedisClient]) async throws -> Void) async throws {
    let clients = try (0..<count).map { _ in
        try RedisClient(.patient(port: port), on: MultiThreadedEventLoopGroup.singleton.next(), logger: .quiet)
    }
    for client in clients { client.start() }
    let result: Result<Void, any Error>
    do { result = .success(try await body(clients)) } catch { result = .failure(error) }
    for client in clients { await client.close() }
    try result.get()
}

extension RedisAdapterConfiguration {
    /// Other servers may take longer than any machine needs.
    static func patient(_ kind: RedisAdapterKind) -> RedisAdapterConfiguration {
        var configuration = RedisAdapterConfiguration(kind)
        configuration.requestTimeout = .seconds(120)
        return configuration
    }
}

/// Servers that an adapter joins, which know each other when `body` begins.
func withCluster(
    _ clients: [RedisClient], _ configuration: RedisAdapterConfiguration = .patient(.classic()),
    _ body: ([(io: SocketIO, server: TestServer, adapter: RedisAdapter)]) async throws -> Void
) async throws {
    try await start(clients[...], [], configuration, body)
}

private func start(
    _ clients: ArraySlice<RedisClient>, _ nodes: [(io: SocketIO, server: TestServer, adapter: RedisAdapter)],
    _ configuration: RedisAdapterConfiguration,
    _ body: ([(io: SocketIO, server: TestServer, adapter: RedisAdapter)]) async throws -> Void
) async throws {
    guard let client = clients.first else {
        for node in nodes { try await eventually { try await node.adapter.serverCount() == nodes.count } }
        return try await body(nodes)
    }
    var settings = SocketIOConfiguration()
    settings.adapter = RedisAdapter.factory(client, configuration: configuration, logger: .quiet)
    let io = SocketIO(configuration: settings.patient, logger: .quiet)
    io.onConnection { socket in
        socket.on("enter") { request in
            request.socket.join(request.arguments.first.string ?? "")
            request.acknowledge?()
        }
    }
    let adapter = try #require(io.of("/").adapter as? RedisAdapter)
    try await withTestServer(io) { server in
        try await start(clients.dropFirst(), nodes + [(io, server, adapter)], configuration, body)
    }
}

/// What handlers were told, in its order.
final class Heard: Sendable {
    private let texts = NIOLockedValueBox<[String]>([])
    var all: [String] { texts.withLockedValue { $0 } }
    func add(_ text: String) { texts.withLockedValue { $0.append(text) } }
}
