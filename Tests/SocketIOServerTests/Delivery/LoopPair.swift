import EngineIOCore
import Logging
import NIOCore
import NIOPosix
import SocketIOTesting
import Testing
import WebSocketCore

@testable import SocketIOServer

/// A server on TCP with two loops. Connections are accepted by one after the other.
struct LoopPair {
    let io: SocketIO
    let loops: [any EventLoop]
    private let address: SocketAddress
    private let accepted: AsyncStream<any Channel>

    static func with(_ configuration: SocketIOConfiguration = LoopPair.roomy, _ body: (LoopPair) async throws -> Void) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let io = SocketIO(configuration: configuration.patient, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let (accepted, continuation) = AsyncStream.makeStream(of: (any Channel).self)
        let channel = try await ServerBootstrap(group: group, childGroup: group)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.socketOption(.so_sndbuf), value: 65_536)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let none = HTTPFallback(install: { _ in }, abandon: {})
                    try SocketIOChannel(io: io, secure: false, fallback: none).configure(channel)
                    continuation.yield(channel)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let address = channel.localAddress else { throw ChannelError.unknownLocalAddress }
        let loops = (0..<2).map { _ in group.next() as any EventLoop }
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(LoopPair(io: io, loops: loops, address: address, accepted: accepted)))
        } catch { result = .failure(error) }
        try await channel.close()
        await io.shutdown()
        try await group.shutdownGracefully()
        try result.get()
    }

    /// What tests send does not make a reader slow.
    private static var roomy: SocketIOConfiguration {
        var configuration = SocketIOConfiguration()
        configuration.maximumQueuedBytes = 1 << 26
        return configuration.patient
    }

    func connect() async throws -> (client: SocketClient, peer: any Channel) {
        let client = try await SocketClient.connect(to: address)
        for await peer in accepted { return (client, peer) }
        throw ChannelError.eof
    }
}

/// A session that polls, and the WebSocket that has asked to take over from it.
struct ProbedUpgrade {
    let io: SocketIO
    let sid: SessionID
    let client: SocketClient
    let sessionLoop: any EventLoop
    let socketLoop: any EventLoop

    /// - Parameter isForwarded: whether the WebSocket is accepted by another loop than its session's.
    init(_ pair: LoopPair, isForwarded: Bool) async throws {
        io = pair.io
        let polling = try await pair.connect()
        sessionLoop = polling.peer.eventLoop
        let handshake = try await polling.client.ask(
            "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n", until: "}")
        let text = try #require(handshake.split(separator: "\"sid\":\"").last?.prefix(20))
        sid = try #require(SessionID(String(text)))
        var socket = try await pair.connect()
        while (socket.peer.eventLoop === sessionLoop) == isForwarded { socket = try await pair.connect() }
        socketLoop = socket.peer.eventLoop
        client = try await socket.client.upgrade("/socket.io/?EIO=4&transport=websocket&sid=\(sid)")
        client.send(["2probe"])
        #expect(try await client.next() == "3probe")
    }
}

/// A client of a test: HTTP as text, then WebSocket messages.
final class SocketClient: Sendable {
    private let channel: any Channel
    private let inbox: Inbox

    private init(_ channel: any Channel, _ bytes: AsyncStream<ByteBuffer>) {
        self.channel = channel
        inbox = Inbox(bytes)
    }

    static func connect(to address: SocketAddress) async throws -> SocketClient {
        let (received, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.minutes(2))
            .channelOption(.socketOption(.so_rcvbuf), value: 65_536)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Collector(continuation)) }
            }
            .connect(to: address).get()
        return SocketClient(channel, received)
    }

    /// Sends text and returns what comes, up to the end of that mark.
    func ask(_ text: String, until mark: String) async throws -> String {
        channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
        return try await inbox.text(until: mark)
    }

    /// Asks for a WebSocket.
    func upgrade(_ target: String) async throws -> SocketClient {
        let head = (["GET \(target) HTTP/1.1", "Host: x"] + EmbeddedPeer.upgradeHeaders).joined(separator: "\r\n")
        let response = try await ask(head + "\r\n\r\n", until: "\r\n\r\n")
        guard response.hasPrefix("HTTP/1.1 101 ") else { throw ChannelError.eof }
        return self
    }

    func send(_ texts: [String]) { channel.writeAndFlush(LinkedClient.frames(texts), promise: nil) }

    /// The same, once the kernel has them.
    func deliver(_ texts: [String]) async throws { try await channel.writeAndFlush(LinkedClient.frames(texts)) }

    /// The next text message, or a close frame as `close CODE`.
    func next() async throws -> String { try await inbox.message() }

    func setReading(_ isOn: Bool) async throws {
        try await channel.setOption(.autoRead, value: isOn).get()
        if isOn { channel.read() }
    }

    func close() async throws { try await channel.close() }
    var closeFuture: EventLoopFuture<Void> { channel.closeFuture }

    private actor Inbox {
        private var iterator: AsyncStream<ByteBuffer>.AsyncIterator
        private var received = ByteBuffer()
        private var decoder = WebSocketDecoder(role: .client, limits: WebSocketLimits())
        private var scratch = ByteBuffer()

        init(_ bytes: AsyncStream<ByteBuffer>) { iterator = bytes.makeAsyncIterator() }

        func text(until mark: String) async throws -> String {
            while true {
                let all = String(buffer: received)
                if let end = all.firstRange(of: mark)?.upperBound {
                    received.moveReaderIndex(forwardBy: all.utf8.distance(from: all.startIndex, to: end))
                    return String(all[..<end])
                }
                try await more()
            }
        }

        func message() async throws -> String {
            while true {
                while let event = try decoder.next(&received, scratch: &scratch) {
                    defer { scratch.clear() }
                    switch event {
                    case .text(let text): return String(buffer: text)
                    case .close(let code, _): return "close" + (code.map { " \($0.rawValue)" } ?? "")
                    default: break
                    }
                }
                try await more()
            }
        }

        private func more() async throws {
            var iterator = iterator
            guard var bytes = await iterator.next(isolation: self) else { throw ChannelError.eof }
            self.iterator = iterator
            received.writeBuffer(&bytes)
        }
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let continuation: AsyncStream<ByteBuffer>.Continuation
        init(_ continuation: AsyncStream<ByteBuffer>.Continuation) { self.continuation = continuation }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) { continuation.yield(unwrapInboundIn(data)) }
        func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
