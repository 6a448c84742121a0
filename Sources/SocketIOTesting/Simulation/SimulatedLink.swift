import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import SocketIOServer

/// Connections to a server over a simulated network: no sockets, and one event loop whose time stands still until ``ManualClock`` moves it.
final class SimulatedLink: Sendable {
    private let io: SocketIO
    let loop: NIOAsyncTestingEventLoop
    private let wires: NIOLoopBound<SimulatedWires>
    private let channels = NIOLockedValueBox<[NIOAsyncTestingChannel]>([])

    init(to io: SocketIO, over network: SimulatedNetwork, _ clock: ManualClock) async throws {
        self.io = io
        loop = clock.loop
        wires = try await loop.submit { [loop] in NIOLoopBound(SimulatedWires(network, on: loop), eventLoop: loop) }.get()
    }

    /// Opens a connection, and gives one end to the server.
    ///
    /// - Parameter configure: adds the client's handlers, on the loop.
    func open(_ configure: @escaping @Sendable (any Channel) throws -> Void) -> EventLoopFuture<any Channel> {
        let client = NIOAsyncTestingChannel(loop: loop)
        let server = NIOAsyncTestingChannel(loop: loop)
        channels.withLockedValue { $0 += [client, server] }
        return loop.submit { [io, wires] () throws -> any Channel in
            let clientEnd = SimulatedEnd(wires.value, halfCloses: false)
            let serverEnd = SimulatedEnd(wires.value, halfCloses: true)
            clientEnd.peer = serverEnd
            serverEnd.peer = clientEnd
            try server.pipeline.syncOperations.addHandler(serverEnd)
            try SocketIOChannel(io: io, secure: false, fallback: HTTPFallback(install: { _ in }, abandon: {})).configure(server)
            try client.pipeline.syncOperations.addHandler(clientEnd)
            try configure(client)
            let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
            server.connect(to: address, promise: nil)
            client.connect(to: address, promise: nil)
            return client
        }
    }

    /// Closes what is open still, and ends the loop.
    func close() async {
        for channel in channels.withLockedValue({ $0 }) { try? await channel.close() }
        await loop.shutdownGracefully()
    }
}

/// One end of a simulated connection: the first handler of its channel, in the place of a socket.
final class SimulatedEnd: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData

    private let wires: SimulatedWires
    /// Whether this end may still send when the other has ended.
    private let halfCloses: Bool
    weak var peer: SimulatedEnd?
    /// When the last piece for this end arrives at the earliest.
    var lastDue = 0
    private var context: ChannelHandlerContext?
    private var unflushed = ByteBuffer()
    private var promises: [EventLoopPromise<Void>] = []
    private var hasEnded = false

    init(_ wires: SimulatedWires, halfCloses: Bool) {
        self.wires = wires
        self.halfCloses = halfCloses
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    // MARK: Sending

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .byteBuffer(let bytes) = unwrapOutboundIn(data) { unflushed.writeImmutableBuffer(bytes) }
        if let promise { promises.append(promise) }
    }

    func flush(context: ChannelHandlerContext) {
        var bytes = ByteBuffer(), written: [EventLoopPromise<Void>] = []
        swap(&bytes, &unflushed)
        swap(&written, &promises)
        if let peer, !hasEnded { wires.send(bytes, to: peer) }
        for promise in written { promise.succeed() }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .input { promise?.succeed(); return }
        if let peer, !hasEnded { wires.sendEnd(to: peer) }
        hasEnded = true
        if mode == .output { promise?.succeed() } else { context.close(mode: mode, promise: promise) }
    }

    // MARK: Receiving

    func receive(_ bytes: ByteBuffer) {
        guard let context, context.channel.isActive else { return }
        context.fireChannelRead(wrapInboundOut(bytes))
        context.fireChannelReadComplete()
    }

    func receiveEnd() {
        guard let context, context.channel.isActive else { return }
        guard halfCloses else { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        context.fireChannelReadComplete()
    }

    /// The connection breaks: both channels close, and nothing that is on its way arrives.
    func cut() {
        for end in [self, peer] {
            end?.hasEnded = true
            end?.context?.close(promise: nil)
        }
    }
}
