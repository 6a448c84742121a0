import ChannelDescriptors
package import NIOCore
package import NIOHTTP1
import NIOTLS

/// Sends one request after the other over a kept-alive TCP connection, and opens a new one if the server has closed it. A polling session
/// has two of these, since a waiting GET would hold back a POST. Lives on its loop.
package final class RequestChannel {
    package struct Request {
        package var method: HTTPMethod
        /// Path and query.
        package var target: String
        /// The header fields, with `Host`, and with `Content-Length` if there is a body.
        package var headers: HTTPHeaders
        package var body: ByteBuffer?

        package init(_ method: HTTPMethod, _ target: String, headers: HTTPHeaders, body: ByteBuffer? = nil) {
            self.method = method
            self.target = target
            self.headers = headers
            self.body = body
        }
    }

    package struct Response {
        package var status: Int
        package var headers: HTTPHeaders
        package var body: ByteBuffer
    }

    package typealias Completion = (Result<Response, SocketIOClientError>) -> Void

    private let plan: ConnectionPlan
    private let loop: ClientLoop
    private var handler: RequestHandler?
    /// Its completion is called once, with the response or the error.
    private var completion: Completion?
    private var isClosed = false
    /// Called when the channel has closed.
    private let ended: () -> Void
    /// Called for each opened channel when TCP and TLS are established.
    private let reached: (ConnectionMilestone) -> Void

    /// - Parameter plan: the server's plan, of which only the address, TLS and limits are used.
    package init(
        _ plan: ConnectionPlan, on loop: ClientLoop, reached: @escaping (ConnectionMilestone) -> Void = { _ in },
        ended: @escaping () -> Void
    ) {
        self.plan = plan
        self.loop = loop
        self.reached = reached
        self.ended = ended
    }

    package var hasChannel: Bool { handler != nil }

    var hasUnread: Bool { handler?.hasUnread ?? false }

    /// Sends a request. The previous one must have been answered.
    package func send(_ request: Request, _ completion: @escaping Completion) {
        guard !isClosed, self.completion == nil else { return completion(.failure(.closed)) }
        self.completion = completion
        if let handler {
            handler.send(request)
            return
        }
        let maximumBodyBytes = plan.configuration.limits.maximumPollingBytes
        let handler = RequestHandler(self, maximumBodyBytes: maximumBodyBytes)
        self.handler = handler
        let bound = NIOLoopBound((handler, self.loop), eventLoop: self.loop.eventLoop)
        let connected = ClientChannel.connect(plan, on: self.loop.eventLoop) { channel in
            let (handler, loop) = bound.value
            try channel.pipeline.syncOperations.addHandler(ByteCounter(loop))
            try channel.pipeline.syncOperations.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
            try channel.pipeline.syncOperations.addHandler(handler)
        }
        // `assumeIsolated()` stops the process off the loop: the future is of that loop, and this is called on it.
        connected.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel):
                self.reached(.tcp)
                if self.isClosed { channel.close(promise: nil) } else { handler.send(request) }
            case .failure(let error): self.channelEnded(handler, .connectFailed("\(error)"))
            }
        }
    }

    func secured() { reached(.tls) }

    func answered(_ response: Response) { completion.take()?(.success(response)) }

    func channelEnded(_ handler: RequestHandler, _ error: SocketIOClientError) {
        guard self.handler === handler else { return }
        self.handler = nil
        completion.take()?(.failure(error))
        ended()
    }

    /// Closes the channel. A request under way gets no answer.
    package func close() {
        isClosed = true
        completion = nil
        handler?.close()
    }
}

/// Collects each response of a ``RequestChannel``'s connection.
final class RequestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// The two refer to each other until the channel ends.
    private var owner: RequestChannel?
    private let maximumBodyBytes: Int
    private var context: ChannelHandlerContext?
    private var head: HTTPResponseHead?
    private var body = ByteBuffer()

    init(_ owner: RequestChannel, maximumBodyBytes: Int) {
        self.owner = owner
        self.maximumBodyBytes = maximumBodyBytes
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        end(.connectFailed("the connection was not made"))
    }

    var hasUnread: Bool { context.map(DirectWrite.hasUnread) ?? false }

    func send(_ request: RequestChannel.Request) {
        guard let context else { return }
        let head = HTTPRequestHead(version: .http1_1, method: request.method, uri: request.target, headers: request.headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let body = request.body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent { owner?.secured() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ByteBuffer()
        case .body(let part):
            guard body.readableBytes + part.readableBytes <= maximumBodyBytes else {
                end(.protocolViolation("the body of a response is larger than \(maximumBodyBytes) bytes"))
                return context.close(promise: nil)
            }
            body.writeImmutableBuffer(part)
        case .end:
            // Informational responses precede the one that counts (RFC 9110 §15.2).
            guard let head, head.status.code >= 200, let owner else { return }
            let response = RequestChannel.Response(status: Int(head.status.code), headers: head.headers, body: body)
            self.head = nil
            body = ByteBuffer()
            if head.isKeepAlive {
                owner.answered(response)
            } else {
                self.owner = nil
                context.close(promise: nil)
                owner.answeredLast(self, response)
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.connectFailed("the server closed the connection"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(.connectFailed("\(error)"))
        context.close(promise: nil)
    }

    private func end(_ error: SocketIOClientError) { owner.take()?.channelEnded(self, error) }

    func close() {
        guard let context else { return }
        context.close(promise: nil)
    }
}

extension RequestChannel {
    /// The response has come and the server closes this connection: the next request opens another one.
    fileprivate func answeredLast(_ handler: RequestHandler, _ response: Response) {
        if self.handler === handler { self.handler = nil }
        answered(response)
        ended()
    }
}

/// Counts the bytes of a connection, below the HTTP handlers.
private final class ByteCounter: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let loop: ClientLoop

    init(_ loop: ClientLoop) { self.loop = loop }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        loop.bytesReceived &+= unwrapInboundIn(data).readableBytes
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        loop.bytesSent &+= unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
    }
}
