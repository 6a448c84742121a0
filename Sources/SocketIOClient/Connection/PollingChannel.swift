import NIOCore
import NIOHTTP1
import NIOSSL

/// One request after another over one TCP connection that is kept alive; a new one is opened when the server has ended it. A polling session has
/// two: a GET that waits would hold back a POST.
final class PollingChannel {
    struct Response {
        var status: Int
        var body: ByteBuffer
    }

    typealias Completion = (Result<Response, SocketIOClientError>) -> Void

    private let plan: ConnectionPlan
    private let loop: any EventLoop
    private var handler: PollingHandler?
    /// Its completion is called once, with the response or with why there is none.
    private var completion: Completion?
    private var isClosed = false
    /// Told when this no longer has a channel.
    private let ended: () -> Void

    init(_ plan: ConnectionPlan, on loop: any EventLoop, ended: @escaping () -> Void) {
        self.plan = plan
        self.loop = loop
        self.ended = ended
    }

    var hasChannel: Bool { self.handler != nil }

    /// Sends a request; the one before has been answered.
    func send(_ target: String, body: ByteBuffer?, _ completion: @escaping Completion) {
        guard !self.isClosed, self.completion == nil else { return completion(.failure(.closed)) }
        self.completion = completion
        if let handler {
            handler.send(target, body)
            return
        }
        let maximumBodyBytes = self.plan.configuration.limits.maximumPollingBytes
        let handler = PollingHandler(self, maximumBodyBytes: maximumBodyBytes)
        self.handler = handler
        let bound = NIOLoopBound(handler, eventLoop: self.loop)
        let connected = ClientChannel.connect(self.plan, on: self.loop) { channel in
            try channel.pipeline.syncOperations.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
            try channel.pipeline.syncOperations.addHandler(bound.value)
        }
        // `assumeIsolated()` stops the process off the loop: the future is of that loop, and this is called on it.
        connected.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel):
                if self.isClosed { channel.close(promise: nil) } else { handler.send(target, body) }
            case .failure(let error): self.channelEnded(handler, .connectFailed("\(error)"))
            }
        }
    }

    func head(_ target: String, body: ByteBuffer?) -> HTTPRequestHead {
        let configuration = self.plan.configuration
        var headers = HTTPHeaders()
        headers.add(name: "Host", value: configuration.url.hostField)
        for (name, value) in configuration.headers { headers.add(name: name, value: value) }
        headers.add(name: "Accept", value: "*/*")
        if let body {
            headers.add(name: "Content-Type", value: "text/plain;charset=UTF-8")
            headers.add(name: "Content-Length", value: "\(body.readableBytes)")
        }
        return HTTPRequestHead(version: .http1_1, method: body == nil ? .GET : .POST, uri: target, headers: headers)
    }

    func answered(_ response: Response) { self.completion.take()?(.success(response)) }

    func channelEnded(_ handler: PollingHandler, _ error: SocketIOClientError) {
        guard self.handler === handler else { return }
        self.handler = nil
        self.completion.take()?(.failure(error))
        self.ended()
    }

    /// Ends the channel; a request under way gets no answer any more.
    func close() {
        self.isClosed = true
        self.completion = nil
        self.handler?.close()
    }
}

/// Collects each response of a ``PollingChannel``'s connection.
final class PollingHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// The two hold each other until the channel ends.
    private var owner: PollingChannel?
    private let maximumBodyBytes: Int
    private var context: ChannelHandlerContext?
    private var status = 0
    private var closesAfterwards = false
    private var body = ByteBuffer()

    init(_ owner: PollingChannel, maximumBodyBytes: Int) {
        self.owner = owner
        self.maximumBodyBytes = maximumBodyBytes
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.end(.connectFailed("the connection was not made"))
    }

    func send(_ target: String, _ body: ByteBuffer?) {
        guard let context, let owner else { return }
        context.write(self.wrapOutboundOut(.head(owner.head(target, body: body))), promise: nil)
        if let body { context.write(self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            self.status = Int(head.status.code)
            self.closesAfterwards = !head.isKeepAlive
            self.body = ByteBuffer()
        case .body(let part):
            guard self.body.readableBytes + part.readableBytes <= self.maximumBodyBytes else {
                self.end(.protocolViolation("the answer to a poll is larger than \(self.maximumBodyBytes) bytes"))
                return context.close(promise: nil)
            }
            self.body.writeImmutableBuffer(part)
        case .end:
            // Informational responses precede the one that counts (RFC 9110 §15.2).
            guard self.status >= 200, let owner else { return }
            let response = PollingChannel.Response(status: self.status, body: self.body)
            self.body = ByteBuffer()
            if self.closesAfterwards {
                self.owner = nil
                context.close(promise: nil)
                owner.answeredLast(self, response)
            } else {
                owner.answered(response)
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end(.connectFailed("the server closed the connection"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.end(.connectFailed("\(error)"))
        context.close(promise: nil)
    }

    private func end(_ error: SocketIOClientError) { self.owner.take()?.channelEnded(self, error) }

    func close() {
        guard let context else { return }
        context.close(promise: nil)
    }
}

extension PollingChannel {
    /// The response is there and the server ends this connection: the next request opens another.
    fileprivate func answeredLast(_ handler: PollingHandler, _ response: Response) {
        if self.handler === handler { self.handler = nil }
        self.answered(response)
        self.ended()
    }
}
