import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
public import SocketIOClient
import SocketIOCore

/// A server that runs for one test. What the test opens through it is closed with it.
public final class TestServer: Sendable {
    public let host: String
    /// 0 for a server in process, which has no port.
    public let port: Int
    private let link: TestLink?
    private let clients = NIOLockedValueBox<[TestClient]>([])
    private let connections = NIOLockedValueBox<[RawConnection]>([])
    /// Clients of ``withClient(namespace:_:_:)`` that run.
    private let running = NIOLockedValueBox(0)

    init(host: String, port: Int) {
        self.host = host
        self.port = port
        link = nil
    }

    init(_ link: TestLink) {
        host = "localhost"
        port = 0
        self.link = link
    }

    /// A client of the default namespace.
    public func connect(auth: (any JSONWritable)? = nil) async throws -> TestClient {
        try await connect { $0.auth = auth.map(JSONSlice.init(writing:)) }
    }

    /// A client that is configured by the test.
    public func connect(_ configure: (inout TestClientConfiguration) -> Void) async throws -> TestClient {
        var configuration = TestClientConfiguration(port: port)
        configuration.host = host
        configure(&configuration)
        let client = try await TestClient.connect(configuration, over: link)
        clients.withLockedValue { $0.append(client) }
        return client
    }

    /// A plain connection.
    public func open() async throws -> RawConnection {
        let connection = try await RawConnection.open(host: host, port: port, over: link)
        connections.withLockedValue { $0.append(connection) }
        return connection
    }

    /// Runs a client as applications use it for as long as `body` runs: `SocketIOClient`'s, with its transports, its upgrade and its
    /// reconnects, over the server's link. On a simulated server its time is the simulated one: the delay before a reconnect passes when the
    /// test moves the clock.
    ///
    ///     try await server.withClient { client in
    ///         let rooms = try await client.emitWithAck("join", "swift")
    ///     }
    ///
    /// - Parameter body: gets the socket of the namespace.
    /// - Throws: What `body` throws, or what `withSocketIOClient` does.
    public func withClient<Value>(
        namespace: String = "/", _ configure: (inout SocketIOClientConfiguration) -> Void = { _ in },
        _ body: (ClientSocket) async throws -> Value
    ) async throws -> Value {
        var configuration = try SocketIOClientConfiguration("http://\(host)\(port > 0 ? ":\(port)" : "")\(namespace)")
        let eventLoopGroup: any EventLoopGroup
        switch link {
        case nil: eventLoopGroup = MultiThreadedEventLoopGroup.singleton
        case .sockets(let sockets):
            eventLoopGroup = MultiThreadedEventLoopGroup.singleton
            configuration.connection.openChannel = { loop, configure in sockets.open(on: loop, configure) }
        case .simulated(let simulated):
            eventLoopGroup = simulated.loop
            configuration.connection.openChannel = { _, configure in simulated.open(configure) }
            configuration.clock = SimulatedClock(loop: simulated.loop)
        }
        configure(&configuration)
        running.withLockedValue { $0 += 1 }
        defer { running.withLockedValue { $0 -= 1 } }
        return try await withSocketIOClient(configuration, eventLoopGroup: eventLoopGroup, body)
    }

    // MARK: The end of the test

    /// What tasks still do with the clients and connections: they have outlived the test.
    func waits() async -> [String] {
        var waits = connections.withLockedValue { $0 }.flatMap(\.waits)
        for client in clients.withLockedValue({ $0 }) { waits += await client.waits() }
        let running = running.withLockedValue { $0 }
        return waits + Array(repeating: "the end of withClient", count: running)
    }

    func closeAll() async {
        let clients = self.clients.withLockedValue { clients in
            defer { clients = [] }
            return clients
        }
        let connections = self.connections.withLockedValue { connections in
            defer { connections = [] }
            return connections
        }
        for connection in connections { await connection.close() }
        await withTaskGroup { group in
            for client in clients { group.addTask { await client.disconnect() } }
        }
    }
}
