import EngineIOCore
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import RedisClient
import RedisTestSupport
import SocketIOClient
import SocketIOClusterCore
import SocketIORedis
import SocketIOTesting
import Testing

@testable import SocketIOServer

/// A session is restored in its place among the broadcasts: what was sent before is among the missed events, and what is sent later reaches the
/// socket.
@Suite("Clients that come back while events are sent", .timeLimit(.minutes(5)))
struct RecoveryOrderTests {
    private static let kinds: [RedisAdapterKind] = [.classic(), .sharded(mode: .static), .streams()]

    /// How often the connection ends in the middle.
    private static let crashes = 20

    /// How many events were sent and received.
    private struct Progress {
        var sent = 0
        var received = 0
    }

    @Test("every event arrives once and in order", arguments: kinds)
    func order(kind: RedisAdapterKind) async throws {
        try await withRedisClients(2, .memory) { clients in
            var settings = SocketIOConfiguration()
            settings.recovery = RecoveryLimits()
            settings.adapter = RedisAdapter.factory(clients[0], reader: clients[1], configuration: .patient(kind), logger: .quiet)
            let io = SocketIO(configuration: settings.patient, logger: .quiet)
            let recovered = NIOLockedValueBox<[Bool]>([])
            io.onConnection { socket in
                recovered.withLockedValue { [isRecovered = socket.recovered] in $0.append(isRecovered) }
                socket.on("crash") { $0.socket.connection.close(.transportError) }
            }
            let adapter = try #require(io.of("/").adapter as? RedisAdapter)
            try await withTestServer(io) { server in
                try await eventually { try await adapter.serverCount() == 1 }
                var configuration = try SocketIOClientConfiguration("http://\(server.host):\(server.port)")
                configuration.connection.transports = .webSocket
                configuration.reconnection = ReconnectionPolicy(delay: .milliseconds(1), maximumDelay: .milliseconds(1))
                try await withSocketIOClient(configuration) { client in
                    let events = client.events("n")
                    try await client.joined()
                    let progress = NIOLockedValueBox(Progress())
                    // A thread of its own: a loop whose timers are always due reads from none of its channels.
                    let senders = MultiThreadedEventLoopGroup(numberOfThreads: 1)
                    let sender = senders.next().scheduleRepeatedTask(initialDelay: .zero, delay: .microseconds(200)) { _ in
                        let next = progress.withLockedValue { progress -> Int? in
                            // Not more than the client may have missed.
                            guard progress.sent - progress.received < 100 else { return nil }
                            progress.sent += 1
                            return progress.sent - 1
                        }
                        if let next { io.emit("n", next) }
                    }
                    defer {
                        sender.cancel()
                        senders.shutdownGracefully { _ in }
                    }
                    var expected = 0
                    var crashes = 0
                    for try await event in events {
                        try #require(event.arguments.first.int == expected)
                        expected += 1
                        progress.withLockedValue { $0.received = expected }
                        // The next end comes when the client is back from the one before.
                        guard expected.isMultiple(of: 20), recovered.withLockedValue(\.count) == crashes + 1 else { continue }
                        if crashes == Self.crashes { break }
                        crashes += 1
                        try await client.emit("crash")
                    }
                }
            }
            #expect(recovered.withLockedValue { $0 } == [false] + Array(repeating: true, count: Self.crashes))
        }
    }
}
