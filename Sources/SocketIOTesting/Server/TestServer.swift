import NIOConcurrencyHelpers
public import SocketIOCore

/// A server that runs for one test. What the test opens through it is closed with it.
public final class TestServer: Sendable {
    public let host: String
    /// 0 for a server in process, which has no port.
    public let port: Int
    private let link: TestLink?
    private let clients = NIOLockedValueBox<[TestClient]>([])
    private let connections = NIOLockedValueBox<[RawConnection]>([])

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
