import Dispatch
import EngineIOCore
import NIOCore
import NIOPosix
import SocketIOCore
import Testing
import WebSocketCore

@testable import SocketIOClient

/// After a stall, a loop runs its timers before it has read from all its connections.
@Suite("A client that comes late to its heartbeats", .timeLimit(.minutes(5)))
struct LateClientTests {
    private static let pingInterval = 40
    /// Long, so that a loop that the machine leaves waiting for a moment has time left to read.
    private static let pingTimeout = 1000

    @Test(
        "a ping that lies unread in the socket is in time",
        arguments: [.webSocket, .polling] as [EngineClientSession.Transports], [1, 150] as [Int64])
    func unread(transports: EngineClientSession.Transports, milliseconds: Int64) async throws {
        let groups = (0..<2).map { _ in MultiThreadedEventLoopGroup(numberOfThreads: 1) }
        let (events, log) = AsyncStream.makeStream(of: String.self)
        let hasArrived = DispatchSemaphore(value: 0)
        let server = try await ServerBootstrap(group: groups[0])
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(PingingServer(hasArrived, log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        var configuration = try ConnectionConfiguration("http://127.0.0.1:\(server.localAddress?.port ?? 0)")
        configuration.transports = transports
        let loop = groups[1].next()
        let connection = try await loop.submit { [configuration] in
            let user = HeldUser(hasArrived, lateness: .milliseconds(milliseconds), log)
            let connection = SocketIOConnection(ConnectionPlan(configuration), on: ClientLoop(loop), delegate: user)
            connection.open()
            return NIOLoopBound(connection, eventLoop: loop)
        }.get()
        var iterator = events.makeAsyncIterator()
        #expect(await iterator.next() == "pong")
        try await loop.flatSubmit {
            connection.value.abort()
            return connection.value.closeFuture
        }.get()
        try await server.close()
        for group in groups { try await group.shutdownGracefully() }
    }

    /// Holds its loop, once the session is open, until the ping has arrived and has been overdue for a time.
    private final class HeldUser: SocketIOConnectionDelegate {
        private let hasArrived: DispatchSemaphore
        private let lateness: TimeAmount
        private let log: AsyncStream<String>.Continuation

        init(_ hasArrived: DispatchSemaphore, lateness: TimeAmount, _ log: AsyncStream<String>.Continuation) {
            self.hasArrived = hasArrived
            self.lateness = lateness
            self.log = log
        }

        func connectionOpened(_ connection: SocketIOConnection) {
            let deadline = NIODeadline.now() + .milliseconds(Int64(pingInterval + pingTimeout)) + lateness
            connection.join()
            connection.loop.eventLoop.execute { [hasArrived] in
                hasArrived.wait()
                _ = DispatchSemaphore(value: 0).wait(timeout: .init(uptimeNanoseconds: deadline.uptimeNanoseconds))
            }
        }

        func connection(_ connection: SocketIOConnection, received reception: SocketIOClientSession.Reception) {}
        func connection(_ connection: SocketIOConnection, missed id: UInt64, in namespace: String) {}
        func connectionUpgraded(_ connection: SocketIOConnection) {}

        func connectionEnded(
            _ connection: SocketIOConnection, reason: EngineClientCloseReason, error: SocketIOClientError?,
            lost: [(namespace: String, lost: [UInt64])]
        ) { log.yield(reason.rawValue) }
    }

    /// Opens a session, and sends a ping when the client asks for more: over a WebSocket with its first message, over polling with its
    /// second GET.
    private final class PingingServer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let hasArrived: DispatchSemaphore
        private let log: AsyncStream<String>.Continuation
        private var received = ByteBuffer()
        private var scratch = ByteBuffer()
        private var decoder: WebSocketDecoder?

        private static let open =
            #"0{"sid":"s","upgrades":[],"pingInterval":\#(pingInterval),"pingTimeout":\#(pingTimeout),"maxPayload":1000}"#

        init(_ hasArrived: DispatchSemaphore, _ log: AsyncStream<String>.Continuation) {
            self.hasArrived = hasArrived
            self.log = log
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received.writeImmutableBuffer(unwrapInboundIn(data))
            if decoder == nil { request(context) }
            while let event = try? decoder?.next(&received, scratch: &scratch) {
                switch event {
                case .text(let text) where String(buffer: text) == "3": log.yield("pong")
                case .text: ping(framed("2"), context)
                default: break
                }
            }
        }

        private func request(_ context: ChannelHandlerContext) {
            let text = String(buffer: received)
            guard let end = text.firstRange(of: "\r\n\r\n")?.upperBound else { return }
            if let field = text.firstRange(of: "Sec-WebSocket-Key: ") {
                let key = text[field.upperBound...].prefix { $0 != "\r\n" }
                var response = ByteBuffer(
                    string: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        + "Sec-WebSocket-Accept: \(WebSocketHandshake.acceptKey(for: key))\r\n\r\n")
                response.writeImmutableBuffer(framed(Self.open))
                context.writeAndFlush(wrapOutboundOut(response), promise: nil)
                decoder = WebSocketDecoder(role: .server)
            } else if text.hasPrefix("POST ") {
                // `40` at first, the pong afterwards.
                guard end < text.endIndex else { return }
                if text[end...] == "3" { log.yield("pong") }
                context.writeAndFlush(wrapOutboundOut(response("ok")), promise: nil)
            } else if text.contains("sid=") {
                ping(response("2"), context)
            } else {
                context.writeAndFlush(wrapOutboundOut(response(Self.open)), promise: nil)
            }
            received.clear()
        }

        /// Loopback: what the kernel has taken has arrived.
        private func ping(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(bytes)).whenComplete { [hasArrived] _ in hasArrived.signal() }
        }

        private func framed(_ text: String) -> ByteBuffer {
            var buffer = ByteBuffer()
            WebSocketEncoder.write(opcode: .text, payload: ByteBuffer(string: text), into: &buffer)
            return buffer
        }

        private func response(_ body: String) -> ByteBuffer {
            ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        }
    }
}
