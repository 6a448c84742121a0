import NIOCore
import NIOPosix
public import SocketIOCore

extension TestClient {
    /// Connects over WebSocket and joins the default namespace.
    ///
    /// - Parameters:
    ///   - auth: sent with the connect; an object, by the protocol.
    /// - Throws: ``TestClientError``: `upgradeRefused` for an HTTP answer, `connectRefused` for a CONNECT_ERROR.
    public static func connect(
        host: String = "127.0.0.1", port: Int, auth: (any JSONWritable)? = nil, path: String = "/socket.io/"
    ) async throws -> TestClient {
        var configuration = TestClientConfiguration(port: port)
        configuration.host = host
        configuration.path = path
        configuration.auth = auth.map(JSONSlice.init(writing:))
        return try await connect(configuration)
    }

    /// Connects as configured.
    public static func connect(_ configuration: TestClientConfiguration) async throws -> TestClient {
        try await connect(configuration, over: nil)
    }

    /// - Parameter connection: one in this process; nil: a TCP connection is opened.
    static func connect(
        _ configuration: TestClientConfiguration, over connection: InProcessLink.Connection?
    ) async throws -> TestClient {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        let inboxes = TestClientInboxes(on: eventLoop)
        var bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(configuration.timeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        if let bytes = configuration.receiveBufferBytes {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(bytes))
        }
        bootstrap = bootstrap.channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(TestClientHandler(configuration: configuration, inboxes: inboxes))
            }
        }
        let channel = try await bootstrap.connect(connection, or: configuration.host, configuration.port)
        let client = TestClient(configuration: configuration, channel: channel, inboxes: inboxes)
        do {
            client.joined(as: try await inboxes.joins.next(timeout: configuration.timeout))
        } catch {
            await client.drop()
            throw error
        }
        return client
    }

    /// Connects, hands the client to `body`, and disconnects it whatever happens.
    public static func withClient<Value>(
        _ configuration: TestClientConfiguration, _ body: (TestClient) async throws -> Value
    ) async throws -> Value {
        let client = try await connect(configuration)
        do {
            let value = try await body(client)
            await client.disconnect()
            return value
        } catch {
            await client.drop()
            throw error
        }
    }
}

extension ClientBootstrap {
    /// A channel over a connection in this process, or over a new TCP connection.
    func connect(_ connection: InProcessLink.Connection?, or host: String, _ port: Int) async throws -> any Channel {
        guard let connection else { return try await connect(host: host, port: port).get() }
        let channel: any Channel
        do {
            channel = try await withConnectedSocket(connection.client).get()
        } catch {
            connection.abandon()
            throw error
        }
        do {
            try await connection.accept()
        } catch {
            channel.close(promise: nil)
            throw error
        }
        return channel
    }
}

extension JSONSlice {
    /// The value written out.
    public init(writing value: any JSONWritable) {
        var writer = JSONWriter()
        value.write(to: &writer)
        self = (try? JSONSlice(validating: writer.buffer)) ?? .null
    }
}
