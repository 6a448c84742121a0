import NIOConcurrencyHelpers
public import NIOCore
import NIOPosix

/// A TCP connection that sends what it is told and collects what comes: for malformed requests, HTTP errors and slow sockets.
public final class RawConnection: Sendable {
    private let channel: any Channel
    private let arrivals: Mailbox<ByteBuffer?>
    private let received = NIOLockedValueBox(ByteBuffer())
    private let timeout: Duration

    private init(channel: any Channel, arrivals: Mailbox<ByteBuffer?>, timeout: Duration) {
        self.channel = channel
        self.arrivals = arrivals
        self.timeout = timeout
    }

    /// - Parameter timeout: for connecting, and for each wait that names no other.
    public static func open(host: String = "127.0.0.1", port: Int, timeout: Duration = .seconds(60)) async throws -> RawConnection {
        try await self.open(host: host, port: port, timeout: timeout, over: nil)
    }

    static func open(
        host: String, port: Int, timeout: Duration = .seconds(60), over link: TestLink?
    ) async throws -> RawConnection {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        let arrivals = Mailbox<ByteBuffer?>("bytes", on: eventLoop)
        let channel = try await ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(timeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(over: link, or: host, port) { RawConnectionHandler(arrivals) }
        return RawConnection(channel: channel, arrivals: arrivals, timeout: timeout)
    }

    /// Opens a connection, hands it to `body`, and closes it whatever happens.
    public static func withConnection<Value>(
        host: String = "127.0.0.1", port: Int, _ body: (RawConnection) async throws -> Value
    ) async throws -> Value {
        let connection = try await self.open(host: host, port: port)
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }

    public func write(_ text: String) async throws {
        try await write(ByteBuffer(string: text))
    }

    public func write(_ bytes: ByteBuffer) async throws {
        try await channel.writeAndFlush(bytes)
    }

    /// Collects bytes until they satisfy a condition.
    ///
    /// - Parameter isEnough: asked with everything that has come and was not taken.
    /// - Returns: All of it; it is taken.
    /// - Throws: ``TestClientError/timeout(_:)``, or `closed` when the connection ends before.
    public func read(timeout: Duration? = nil, until isEnough: (ByteBuffer) -> Bool) async throws -> ByteBuffer {
        while true {
            let enough = self.received.withLockedValue { received -> ByteBuffer? in
                guard isEnough(received) else { return nil }
                defer { received = ByteBuffer() }
                return received
            }
            if let enough { return enough }
            guard try await receive(timeout) else { throw TestClientError.closed(TestClientClosure()) }
        }
    }

    /// Everything until the server closes the connection.
    public func readToEnd(timeout: Duration? = nil) async throws -> ByteBuffer {
        while try await receive(timeout) {}
        return self.received.withLockedValue { received in
            defer { received = ByteBuffer() }
            return received
        }
    }

    /// The next HTTP response.
    public func response(timeout: Duration? = nil) async throws -> RawResponse {
        var isAtEnd = false
        while true {
            let response = self.received.withLockedValue { received -> RawResponse? in
                guard let response = RawResponse(received, isComplete: isAtEnd) else { return nil }
                received.moveReaderIndex(forwardBy: response.totalBytes)
                return response
            }
            if let response { return response }
            if isAtEnd { throw TestClientError.closed(TestClientClosure()) }
            isAtEnd = try await !receive(timeout)
        }
    }

    /// Says that nothing more will be sent, and goes on reading.
    public func finishWriting() async throws {
        try await channel.close(mode: .output)
    }

    /// What somebody waits for now.
    var waits: [String] { arrivals.waits }

    public func close() async {
        try? await channel.close()
        try? await channel.closeFuture.get()
    }

    /// - Returns: Whether something came; otherwise the server has closed.
    private func receive(_ timeout: Duration?) async throws -> Bool {
        guard let bytes = try await arrivals.next(timeout: timeout ?? self.timeout) else {
            arrivals.deliver(nil)
            return false
        }
        self.received.withLockedValue { received in
            var bytes = bytes
            received.writeBuffer(&bytes)
        }
        return true
    }
}

private final class RawConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let arrivals: Mailbox<ByteBuffer?>

    init(_ arrivals: Mailbox<ByteBuffer?>) { self.arrivals = arrivals }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        arrivals.deliver(unwrapInboundIn(data))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent { arrivals.deliver(nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        arrivals.deliver(nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
