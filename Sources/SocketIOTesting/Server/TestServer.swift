import NIOConcurrencyHelpers
public import SocketIOCore

/// A server that runs for one test. What the test opens through it is closed with it.
public final class TestServer: Sendable {
    public let host: String
    /// 0 for a server in process, which has no port.
    public let port: Int
    private let link: InProcessLink?
    private let clients = NIOLockedValueBox<[TestClient]>([])
    private let connections = NIOLockedValueBox<[RawConnection]>([])

    init(host: String, port: Int) {
        self.host = host
        self.port = port
        self.link = nil
    }

    init(_ link: InProcessLink) {
        self.host = "localhost"
        self.port = 0
        self.link = link
    }

    /// A client of the default namespace.
    public func connect(auth: (any JSONWritable)? = nil) async throws -> TestClient {
        try await self.connect { $0.auth = auth.map(JSONSlice.init(writing:)) }
    }

    /// A client that is configured by the test.
    public func connect(_ configure: (inout TestClientConfiguration) -> Void) async throws -> TestClient {
        var configuration = TestClientConfiguration(port: self.port)
        configuration.host = self.host
        configure(&configuration)
        let client = try await TestClient.connect(configuration, over: try self.link?.open())
        self.clients.withLockedValue { $0.append(client) }
        return client
    }

    /// A plain connection.
    public func open() async throws -> RawConnection {
        let connection = try await RawConnection.open(host: self.host, port: self.port, over: try self.link?.open())
        self.connections.withLockedValue { $0.append(connection) }
        return connection
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
