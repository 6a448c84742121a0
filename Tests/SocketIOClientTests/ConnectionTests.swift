import EngineIOCore
import NIOCore
import NIOPosix
import SocketIOServer
import SocketIOTesting
import Testing

@testable import SocketIOClient

/// The callback-level interface, as the load generator uses it.
@Suite("One connection on its loop", .timeLimit(.minutes(10)))
struct ConnectionTests {
    /// Sends one event after the other, and remembers what comes.
    private final class User: SocketIOConnectionDelegate {
        private let rounds: Int
        private let timeout: Duration?
        private let event: String
        private let promise: EventLoopPromise<[String]>
        private var log: [String] = []
        private var answers = 0
        /// It leaves when its join is on the way.
        private let leavesAtOnce: Bool

        init(
            event: String = "echo", rounds: Int = 1, timeout: Duration? = nil, leavesAtOnce: Bool = false,
            _ promise: EventLoopPromise<[String]>
        ) {
            self.leavesAtOnce = leavesAtOnce
            self.event = event
            self.rounds = rounds
            self.timeout = timeout
            self.promise = promise
        }

        func connectionOpened(_ connection: SocketIOConnection) {
            self.log.append("opened")
            connection.join()
            // The POST with the join leaves in the next turn.
            if self.leavesAtOnce { connection.loop.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(1)) { connection.close() } }
        }

        func connection(_ connection: SocketIOConnection, received reception: SocketIOClientSession.Reception) {
            switch reception {
            case .joined: self.send(connection)
            case .acknowledgement(let id, let arguments, _):
                self.answers += 1
                if arguments.first.int != Int(id) { self.log.append("wrong answer") }
                if self.answers == self.rounds { connection.close() } else { self.send(connection) }
            default: self.log.append("\(reception)")
            }
        }

        private func send(_ connection: SocketIOConnection) {
            let next = self.answers
            let id = connection.emitWithAck(self.event, timeout: self.timeout) { $0.integer(next) }
            if id == nil { self.log.append("refused") }
        }

        func connection(_ connection: SocketIOConnection, missed id: UInt64, in namespace: String) {
            self.log.append("missed \(id)")
            connection.close()
        }

        func connectionUpgraded(_ connection: SocketIOConnection) {}

        func connectionEnded(
            _ connection: SocketIOConnection, reason: EngineClientCloseReason, error: SocketIOClientError?,
            lost: [(namespace: String, lost: [UInt64])]
        ) {
            self.log.append("ended \(reason.rawValue) \(lost.flatMap(\.lost))" + (error.map { " \($0)" } ?? ""))
            let log = self.log
            connection.closeFuture.assumeIsolated().whenComplete { _ in self.promise.succeed(log) }
        }
    }

    private func run(
        _ configuration: ConnectionConfiguration, event: String = "echo", rounds: Int = 1, timeout: Duration? = nil,
        leavesAtOnce: Bool = false
    ) async throws -> [String] {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        return try await eventLoop.flatSubmit {
            let promise = eventLoop.makePromise(of: [String].self)
            let user = User(event: event, rounds: rounds, timeout: timeout, leavesAtOnce: leavesAtOnce, promise)
            SocketIOConnection(ConnectionPlan(configuration), on: ClientLoop(eventLoop), delegate: user).open()
            return promise.futureResult
        }.get()
    }

    @Test(
        "it opens, exchanges and closes, and leaves no channel",
        arguments: [.polling, .webSocket, .pollingThenUpgrade] as [EngineClientSession.Transports])
    func exchange(transports: EngineClientSession.Transports) async throws {
        try await withTestServer(makeServer()) { server in
            let configuration = try server.client(transports).connection
            #expect(try await run(configuration, rounds: 200) == ["opened", "ended forced close []"])
        }
    }

    @Test("an acknowledgement that does not come is reported when it is due")
    func missed() async throws {
        try await withTestServer(makeServer()) { server in
            let log = try await run(server.client().connection, event: "silent", timeout: .milliseconds(20))
            #expect(log == ["opened", "missed 0", "ended forced close []"])
        }
    }

    @Test("a server that closes loses what is pending", arguments: [.polling, .webSocket] as [EngineClientSession.Transports])
    func closed(transports: EngineClientSession.Transports) async throws {
        try await withTestServer(makeServer()) { server in
            let log = try await run(server.client(transports).connection, event: "crash")
            #expect(log.first == "opened" && log.last?.hasPrefix("ended transport close") == true)
        }
    }

    @Test("a server that takes nothing more holds up the end for as long as a close may take")
    func unanswered() async throws {
        let server = try await SilentServer.start()
        let port = try #require(server.localAddress?.port)
        var configuration = try ConnectionConfiguration("http://127.0.0.1:\(port)")
        configuration.transports = .polling
        configuration.closeTimeout = .milliseconds(20)
        let log = try await run(configuration, leavesAtOnce: true)
        #expect(log == ["opened", "ended forced close []"])
        try await server.close()
    }

    @Test("silence of the server beyond interval and timeout ends the connection")
    func silence() async throws {
        let server = try await SilentServer.start()
        let port = try #require(server.localAddress?.port)
        var configuration = try ConnectionConfiguration("http://127.0.0.1:\(port)")
        configuration.transports = .polling
        let log = try await run(configuration)
        #expect(log == ["opened", "ended ping timeout []"])
        try await server.close()
    }

    /// Answers the first poll with an open packet whose times are short, and nothing afterwards.
    private final class SilentServer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private var isAnswered = false

        static func start() async throws -> any Channel {
            try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(SilentServer()) }
                }
                .bind(host: "127.0.0.1", port: 0).get()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard !self.isAnswered, String(buffer: self.unwrapInboundIn(data)).hasPrefix("GET ") else { return }
            self.isAnswered = true
            let body = #"0{"sid":"s","upgrades":[],"pingInterval":20,"pingTimeout":20,"maxPayload":1000}"#
            let response = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: response)), promise: nil)
        }
    }

    @Test("an HTTP error is reported with its status and body", arguments: [.polling, .webSocket] as [EngineClientSession.Transports])
    func refused(transports: EngineClientSession.Transports) async throws {
        try await withTestServer(makeServer()) { server in
            var configuration = try server.client(transports).connection
            configuration.url.query = "transport=carrier-pigeon"
            configuration.path = "/elsewhere/"
            let log = try await run(configuration)
            #expect(log.count == 1 && log[0].hasPrefix("ended transport error") && log[0].contains("404"))
        }
    }

    @Test("a connection to nobody ends with the reason")
    func nobody() async throws {
        // No port that the system hands out: another test might get it meanwhile.
        let log = try await run(ConnectionConfiguration("http://127.0.0.1:1"))
        #expect(log.count == 1 && log[0].contains("connectFailed"))
    }

    @Test("a server that never answers is given up when the time is over")
    func openTimeout() async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        for transports in [.polling, .webSocket] as [EngineClientSession.Transports] {
            var configuration = try ConnectionConfiguration("http://127.0.0.1:\(port)")
            configuration.transports = transports
            configuration.timeout = .milliseconds(50)
            let log = try await run(configuration)
            #expect(log == ["ended transport error [] connectTimeout"])
        }
        try await server.close()
    }

    /// A server whose system completes a connection or two and lets all further ones wait.
    private func makeFullServer() async throws -> any Channel {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(ChannelOptions.backlog, value: 1)
            .serverChannelOption(ChannelOptions.autoRead, value: false)
            .bind(host: "127.0.0.1", port: 0).get()
    }

    @Test("a server that does not even accept is given up when the time is over, and leaves no channel")
    func connectTimeout() async throws {
        let server = try await makeFullServer()
        let port = try #require(server.localAddress?.port)
        for transports in [.webSocket, .webSocket, .webSocket, .polling] as [EngineClientSession.Transports] {
            var configuration = try ConnectionConfiguration("http://127.0.0.1:\(port)")
            configuration.address = server.localAddress
            configuration.transports = transports
            configuration.timeout = .milliseconds(50)
            let log = try await run(configuration)
            #expect(log == ["ended transport error [] connectTimeout"])
        }
        try await server.close()
    }

    @Test("a connection that is dropped while it is being made leaves no channel")
    func abortWhileConnecting() async throws {
        let server = try await makeFullServer()
        let port = try #require(server.localAddress?.port)
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        for transports in [.webSocket, .webSocket, .webSocket, .polling] as [EngineClientSession.Transports] {
            var configuration = try ConnectionConfiguration("http://127.0.0.1:\(port)")
            configuration.address = server.localAddress
            configuration.transports = transports
            // The time of this test ends first.
            configuration.timeout = .seconds(3_600)
            let plan = ConnectionPlan(configuration)
            let log = try await eventLoop.flatSubmit {
                let promise = eventLoop.makePromise(of: [String].self)
                let connection = SocketIOConnection(plan, on: ClientLoop(eventLoop), delegate: User(promise))
                connection.open()
                connection.abort()
                return promise.futureResult
            }.get()
            #expect(log == ["ended forced close []"])
        }
        try await server.close()
    }

    @Test("a channel delays no small packets, reads into small buffers, and comes from the local address that is set")
    func channelOptions() async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        var configuration = try ConnectionConfiguration("http://127.0.0.1:\(port)")
        configuration.address = server.localAddress
        configuration.localAddress = try SocketAddress(ipAddress: "127.0.0.2", port: 0)
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let channel = try await ClientChannel.connect(ConnectionPlan(configuration), on: eventLoop) { _ in }.get()
        let isUndelayed = try await channel.getOption(.tcpOption(.tcp_nodelay)).get()
        #expect(isUndelayed != 0)
        let allocator = try await channel.getOption(.recvAllocator).get() as? AdaptiveRecvByteBufferAllocator
        #expect(allocator?.initial == 512)
        #expect(channel.localAddress?.ipAddress == "127.0.0.2")
        try await channel.close()
        try await server.close()
    }
}
