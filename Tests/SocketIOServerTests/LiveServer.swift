import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import SocketIOTesting

@testable import SocketIOServer

/// A server on TCP without anything but the channel's own handlers, and clients that read when the test says so. Small kernel buffers on
/// both sides: what nobody reads comes to wait in the server's memory soon.
struct LiveServer {
    let io: SocketIO
    let channel: any Channel
    /// The server's side of each connection.
    let accepted: AsyncStream<any Channel>

    static func with(_ configuration: SocketIOConfiguration, fallback: HTTPFallback? = nil, _ body: (LiveServer) async throws -> Void)
        async throws
    {
        let io = SocketIO(configuration: configuration.patient, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let (accepted, continuation) = AsyncStream.makeStream(of: (any Channel).self)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.socketOption(.so_sndbuf), value: 65_536)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let none = HTTPFallback(install: { _ in }, abandon: {})
                    try SocketIOChannel(io: io, secure: false, fallback: fallback ?? none).configure(channel)
                    continuation.yield(channel)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        try await body(LiveServer(io: io, channel: channel, accepted: accepted))
        try await channel.close()
        await io.shutdown()
        // A loop may still be at the end of the last session's work, which asks the server for its settings.
        for loop in MultiThreadedEventLoopGroup.singleton.makeIterator() { try await loop.submit {}.get() }
        withExtendedLifetime(io) {}
    }

    /// A connection that reads nothing before it is told; and what it has read.
    func connect() async throws -> (client: any Channel, peer: any Channel, received: AsyncStream<ByteBuffer>) {
        guard let address = channel.localAddress else { throw ChannelError.unknownLocalAddress }
        let (received, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
        let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.minutes(2))
            .channelOption(.autoRead, value: false)
            .channelOption(.socketOption(.so_rcvbuf), value: 65_536)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Collector(continuation)) }
            }
            .connect(to: address).get()
        for await peer in accepted { return (client, peer, received) }
        throw ChannelError.eof
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

extension Channel {
    /// Waits for the end of the connection. Throws when it takes longer than that.
    func closed(within time: TimeAmount) async throws {
        let promise = eventLoop.makePromise(of: Void.self)
        closeFuture.cascade(to: promise)
        let timeout = eventLoop.scheduleTask(in: time) { promise.fail(ChannelError.connectTimeout(time)) }
        try await promise.futureResult.get()
        timeout.cancel()
    }
}
