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

    /// - Parameter link: in this process; nil: a TCP connection is opened.
    static func connect(_ configuration: TestClientConfiguration, over link: TestLink?) async throws -> TestClient {
        // Time-outs of a test are real, whatever the time of its server.
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        let inboxes = TestClientInboxes(on: eventLoop)
        var bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(configuration.timeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        if let bytes = configuration.receiveBufferBytes {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(bytes))
        }
        let channel = try await bootstrap.connect(over: link, or: configuration.host, configuration.port) {
            TestClientHandler(configuration: configuration, inboxes: inboxes)
        }
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
    /// A channel over a link in this process, or over a new TCP connection.
    func connect(
        over link: TestLink?, or host: String, _ port: Int, _ makeHandler: @escaping @Sendable () -> any ChannelHandler
    ) async throws -> any Channel {
        let bootstrap = channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(makeHandler()) }
        }
        switch link {
        case nil: return try await bootstrap.connect(host: host, port: port).get()
        case .sockets(let sockets): return try await bootstrap.connect(try sockets.open())
        case .simulated(let simulated):
            return try await simulated.open { try $0.pipeline.syncOperations.addHandler(makeHandler()) }.get()
        }
    }

    private func connect(_ connection: InProcessLink.Connection) async throws -> any Channel {
        let channel: any Channel
        do {
            channel = try await withConnectedSocket(connection.client).get()
        } catch {
            connection.abandon()
            throw error
        }
        do {
            _ = try await connection.accept().get()
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
