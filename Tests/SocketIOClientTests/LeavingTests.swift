import EngineIOCore
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import SocketIOServer
import SocketIOTesting
import Testing

@testable import SocketIOClient

/// What was emitted leaves before the client does, though nobody awaits an acknowledgement.
@Suite("A client that leaves at once", .timeLimit(.minutes(5)))
struct LeavingTests {
    private static let transports: [EngineClientSession.Transports] = [.polling, .webSocket, .pollingThenUpgrade]

    /// A server that notes the numbers of all `note` events.
    private static func makeServer() -> (io: SocketIO, notes: NIOLockedValueBox<[Int]>) {
        let io = SocketIO(configuration: SocketIOConfiguration().patient)
        let notes = NIOLockedValueBox<[Int]>([])
        io.onConnection { socket in
            socket.on("note") { request in notes.withLockedValue { $0.append(request.arguments.first.int ?? -1) } }
        }
        return (io, notes)
    }

    @Test("an event that is sent before the connection stands arrives", arguments: transports)
    func early(transports: EngineClientSession.Transports) async throws {
        let (io, notes) = Self.makeServer()
        try await withTestServer(io) { server in
            let configuration = try server.client(transports)
            for round in 0..<10 {
                try await withSocketIOClient(configuration) { try await $0.emit("note", round) }
                #expect(notes.withLockedValue { $0 } == Array(0...round))
            }
        }
    }

    @Test("many events that are sent to a joined namespace arrive, in order", arguments: transports)
    func many(transports: EngineClientSession.Transports) async throws {
        let (io, notes) = Self.makeServer()
        try await withTestServer(io) { server in
            try await withSocketIOClient(server.client(transports)) { client in
                try await client.joined()
                // More than one POST takes; the first is under way when the client leaves.
                for number in 0..<100 { try await client.emit("note", number) }
            }
            #expect(notes.withLockedValue { $0 } == Array(0..<100))
        }
    }

    @Test("binary arrives whole", arguments: transports)
    func binary(transports: EngineClientSession.Transports) async throws {
        let io = SocketIO(configuration: SocketIOConfiguration().patient)
        let sizes = NIOLockedValueBox<[Int]>([])
        io.onConnection { socket in
            socket.on("file") { request in sizes.withLockedValue { $0.append(request.arguments.binary(at: 0)?.readableBytes ?? -1) } }
        }
        try await withTestServer(io) { server in
            try await withSocketIOClient(server.client(transports)) { client in
                for count in [700_000, 3, 600_000] {
                    try await client.emit("file", attachments: [ByteBuffer(repeating: 7, count: count)]) { $0.placeholder(0) }
                }
            }
            #expect(sizes.withLockedValue { $0 } == [700_000, 3, 600_000])
        }
    }

    @Test(
        "events arrive whatever the upgrade has come to",
        arguments: [.connecting, .probing, .pausing, .none] as [EngineClientSession.Upgrade])
    func upgrading(state: EngineClientSession.Upgrade) async throws {
        let (io, notes) = Self.makeServer()
        try await withTestServer(io) { server in
            let configuration = try server.client(.pollingThenUpgrade).connection
            let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
            for _ in 0..<10 {
                notes.withLockedValue { $0 = [] }
                try await eventLoop.flatSubmit {
                    let promise = eventLoop.makePromise(of: Void.self)
                    SocketIOConnection(ConnectionPlan(configuration), on: ClientLoop(eventLoop), delegate: Leaver(state, promise)).open()
                    return promise.futureResult
                }.get()
                #expect(notes.withLockedValue { $0 } == Array(0..<40))
            }
        }
    }

    /// Leaves when the upgrade has come to a state, or beyond.
    private final class Leaver: SocketIOConnectionDelegate {
        private let state: EngineClientSession.Upgrade
        private let promise: EventLoopPromise<Void>

        init(_ state: EngineClientSession.Upgrade, _ promise: EventLoopPromise<Void>) {
            self.state = state
            self.promise = promise
        }

        func connectionOpened(_ connection: SocketIOConnection) { connection.join() }

        func connection(_ connection: SocketIOConnection, received reception: SocketIOClientSession.Reception) {
            if case .joined = reception { self.look(connection) }
        }

        private func look(_ connection: SocketIOConnection) {
            guard connection.engine.upgrade == self.state || connection.transport == .websocket else {
                // Not at once, and not too soon: a loop whose timers are always due does not read. The last state stays.
                let pause = self.state == .none ? TimeAmount.milliseconds(2) : .microseconds(100)
                connection.loop.eventLoop.assumeIsolated().scheduleTask(in: pause) { self.look(connection) }
                return
            }
            for number in 0..<40 { connection.emit("note") { $0.integer(number) } }
            connection.close()
        }

        func connection(_ connection: SocketIOConnection, missed id: UInt64, in namespace: String) {}
        func connectionUpgraded(_ connection: SocketIOConnection) {}

        func connectionEnded(
            _ connection: SocketIOConnection, reason: EngineClientCloseReason, error: SocketIOClientError?,
            lost: [(namespace: String, lost: [UInt64])]
        ) {
            connection.closeFuture.assumeIsolated().whenComplete { _ in withExtendedLifetime(connection) { self.promise.succeed() } }
        }
    }

    @Test("a server that never answers holds the client up for as long as a close may take")
    func deadline() async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        for transports in Self.transports {
            var configuration = try SocketIOClientConfiguration("http://127.0.0.1:\(port)")
            configuration.connection.transports = transports
            configuration.connection.closeTimeout = .milliseconds(20)
            let left = try await withSocketIOClient(configuration) { client in
                try await client.emit("note", 1)
                return ContinuousClock.now
            }
            #expect(left.duration(to: .now) >= .milliseconds(20))
        }
        try await server.close()
    }

    @Test("a cancelled task waits for no connection, and a client with nothing to say for none either")
    func cancelled() async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        var configuration = try SocketIOClientConfiguration("http://127.0.0.1:\(port)")
        configuration.connection.closeTimeout = .seconds(100_000)
        let task = Task { [configuration] in
            try await withSocketIOClient(configuration) { client in
                try await client.emit("note", 1)
                try await client.joined()
            }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        try await withSocketIOClient(configuration) { _ in }
        try await server.close()
    }

    @Test("a namespace that is refused holds up nobody")
    func refused() async throws {
        let io = SocketIO(configuration: SocketIOConfiguration().patient)
        try await withTestServer(io) { server in
            let configuration = try server.client(namespace: "/unheard") { $0.connection.closeTimeout = .seconds(100_000) }
            try await withSocketIOClient(configuration) { try await $0.emit("note", 1) }
            #expect(io.statistics.joins[.unknownNamespace] == 1)
        }
    }
}
