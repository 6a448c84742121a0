import NIOCore
import NIOPosix
import Testing
import WebSocketCore

@testable import SocketIOClient

/// Frames go to the kernel directly, and what it does not take goes through the channel: nothing may be lost, doubled or overtaken at the seam.
@Suite("A client whose server stops reading", .timeLimit(.minutes(10)))
struct PartialWriteTests {
    @Test("what the kernel takes only in part arrives whole, and what is sent meanwhile and afterwards arrives behind it")
    func order() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let stalled = loop.makePromise(of: (any Channel).self)
        let numbers = loop.makePromise(of: [Int].self)
        let server = try await ServerBootstrap(group: loop)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(StallingServer(stalled: stalled, numbers: numbers))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        let configuration = try ConnectionConfiguration("http://127.0.0.1:\(port)")
        let filled = loop.makePromise(of: Int.self)
        let sender = try await loop.submit {
            let sender = Sender(small: 400, filled: filled)
            WebSocketConnection(ConnectionPlan(configuration), target: "/", on: ClientLoop(loop), delegate: sender).open()
            return NIOLoopBound(sender, eventLoop: loop)
        }.get()
        let large = try await filled.futureResult.get()
        try await stalled.futureResult.get().setOption(.autoRead, value: true).get()
        #expect(try await numbers.futureResult.get() == Array(0..<large + 400))
        try await loop.submit { sender.value.connection?.close() }.get()
        try await server.close()
    }

    /// Sends large messages until they are refused, then two small ones for each message that the server has read.
    private final class Sender: WebSocketConnectionDelegate {
        private(set) var connection: WebSocketConnection?
        private let filled: EventLoopPromise<Int>
        private var small: Int
        private var next = 0

        init(small: Int, filled: EventLoopPromise<Int>) {
            self.small = small
            self.filled = filled
        }

        private func send(_ padding: String) -> Bool {
            guard self.connection?.send(ByteBuffer(string: "\(self.next) \(padding)")) == true else { return false }
            self.next += 1
            return true
        }

        func connectionOpened(_ connection: WebSocketConnection) {
            self.connection = connection
            let padding = String(repeating: "x", count: 300_000)
            while self.send(padding) {}
            self.filled.succeed(self.next)
        }

        func connection(_ connection: WebSocketConnection, received message: ByteBuffer) {
            for _ in 0..<2 where self.small > 0 {
                if self.send(self.small == 1 ? "end" : "") { self.small -= 1 }
            }
        }

        func connection(_ connection: WebSocketConnection, reached milestone: ConnectionMilestone) {}
        func connectionEnded(_ connection: WebSocketConnection, error: SocketIOClientError?) { self.connection = nil }
    }

    /// Reads nothing from the handshake on, until it is told to; then answers each message, and collects their numbers up to the end.
    private final class StallingServer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let stalled: EventLoopPromise<any Channel>
        private let numbers: EventLoopPromise<[Int]>
        private var received = ByteBuffer()
        private var scratch = ByteBuffer()
        private var decoder: WebSocketDecoder?
        private var found: [Int] = []

        init(stalled: EventLoopPromise<any Channel>, numbers: EventLoopPromise<[Int]>) {
            self.stalled = stalled
            self.numbers = numbers
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            self.received.writeImmutableBuffer(self.unwrapInboundIn(data))
            if self.decoder == nil { self.upgrade(context) }
            do {
                while let event = try self.decoder?.next(&self.received, scratch: &self.scratch) {
                    if case .text(let text) = event { self.take(String(buffer: text), context) }
                }
            } catch {
                self.numbers.fail(error)
            }
            self.received.discardReadBytes()
        }

        private func upgrade(_ context: ChannelHandlerContext) {
            let request = String(buffer: self.received)
            guard request.hasSuffix("\r\n\r\n"), let field = request.firstRange(of: "Sec-WebSocket-Key: ") else { return }
            let key = request[field.upperBound...].prefix { $0 != "\r\n" }
            self.received.clear()
            self.decoder = WebSocketDecoder(role: .server)
            let response =
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: \(WebSocketHandshake.acceptKey(for: key))\r\n\r\n"
            context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: response)), promise: nil)
            // A loop's channel takes this option at once.
            try? context.channel.syncOptions?.setOption(.autoRead, value: false)
            self.stalled.succeed(context.channel)
        }

        private func take(_ message: String, _ context: ChannelHandlerContext) {
            self.found.append(Int(message.prefix { $0 != " " }) ?? -1)
            var answer = ByteBuffer()
            WebSocketEncoder.write(opcode: .text, payload: ByteBuffer(string: "read"), into: &answer)
            context.writeAndFlush(self.wrapOutboundOut(answer), promise: nil)
            if message.hasSuffix(" end") { self.numbers.succeed(self.found) }
        }
    }
}
