import EngineIOCore
import NIOCore
import NIOHTTP1
import WebSocketCore

/// The only handler of a connection that has not sent a request yet. It answers a plain request for a WebSocket itself, and the WebSocket's
/// handler replaces it. For any other request it adds the HTTP handlers and passes them the bytes that were read.
final class OpeningHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let channels: SocketIOChannel
    private var io: SocketIO { channels.io }
    private var context: ChannelHandlerContext?
    private var shard: LoopShard?
    /// Its slot in the queue of deadlines for the first request.
    private var slot: ConnectionSlot?
    private var openedAt = NIODeadline.uptimeNanoseconds(0)
    /// The bytes of an incomplete request.
    private var partial: ByteBuffer?
    /// Whether another handler has taken over, or the connection ends.
    private var isDone = false
    /// Whether it holds a place among the connections.
    private var holdsPlace = false

    init(_ channels: SocketIOChannel) { self.channels = channels }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { open(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        open(context)
        context.fireChannelActive()
    }

    private func open(_ context: ChannelHandlerContext) {
        guard shard == nil, !isDone else { return }
        let shard = io.shard(for: context.eventLoop).shard.value
        self.shard = shard
        holdsPlace = io.openChannel()
        guard holdsPlace else { return end(context) }
        openedAt = context.eventLoop.now
        slot = shard.awaitRequest(of: self, now: openedAt)
        ReceiveBuffer.use(shard.receiveBuffers, on: context.channel)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isDone { finish() }
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        if !isDone { finish() }
        self.context = nil
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard !isDone, event is ChannelShouldQuiesceEvent || event as? ChannelEvent == .inputClosed else {
            return context.fireUserInboundEventTriggered(event)
        }
        // No complete request has come.
        end(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isDone else { return context.fireErrorCaught(error) }
        end(context)
    }

    /// No request has come in time.
    func overdue() {
        slot = nil
        guard !isDone, let context else { return }
        finish()
        if let abort = channels.abort { abort(context.channel) } else { context.close(promise: nil) }
    }

    private func end(_ context: ChannelHandlerContext) {
        finish()
        context.close(promise: nil)
    }

    /// Closes the connection: no handler takes over.
    private func finish() {
        stopWaiting()
        channels.fallback.abandon()
        if takePlace() { io.closeChannel() }
    }

    private func stopWaiting() {
        isDone = true
        partial = nil
        if let slot { shard?.openings.remove(slot) }
        slot = nil
    }

    private func takePlace() -> Bool {
        defer { holdsPlace = false }
        return holdsPlace
    }

    // MARK: The first request

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return context.fireChannelRead(data) }
        var bytes = unwrapInboundIn(data)
        if var partial = partial.take() {
            partial.writeImmutableBuffer(bytes)
            bytes = partial
        }
        switch bytes.withUnsafeReadableBytes(PlainRequest.read) {
        // The rest may follow in the same batch.
        case .incomplete: partial = bytes
        case .other: layHTTP(bytes, context)
        case .upgrade(let head, let length):
            guard io.endpoint.path.owns(head.uri), HostField.isValid(in: head), let shard else { return layHTTP(bytes, context) }
            upgrade(head, bytes, length, shard, context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // This handler takes no requests that arrive in pieces.
        if let partial { return layHTTP(partial, context, isBatchOver: true) }
        context.fireChannelReadComplete()
    }

    /// - Parameter length: the bytes of the request.
    private func upgrade(
        _ head: HTTPRequestHead, _ bytes: ByteBuffer, _ length: Int, _ shard: LoopShard, _ context: ChannelHandlerContext
    ) {
        var rest = bytes
        rest.moveReaderIndex(forwardBy: length)
        let decision = io.endpoint.decide(
            head, bytes: OpeningHandler.kept(bytes, length), address: context.remoteAddress?.ipAddress ?? "", secure: channels.secure,
            isShuttingDown: io.isShuttingDown, shard: { io.shard(at: $0) })
        guard case .webSocket(let handshake, let sid, let request) = decision else { return layHTTP(rest, context, (head, decision)) }
        if let sid {
            // Otherwise the session lives on another loop, or does not exist.
            guard sid.shard == shard.index, let connection = shard.sessions[sid] else {
                return layHTTP(rest, context, (head, decision))
            }
            let agreement = WebSocketAgreement(request, for: connection.handshake.address, io: io)
            let handler = WebSocketHandler(io: io, secure: channels.secure, isFirst: true)
            let transport = connection.makeTransport(handler, agreement)
            handler.write(agreement.response(in: shard.takeSpare()))
            let isAccepted = connection.openUpgrade(transport)
            takeOver(handler, rest: rest, context) {}
            if !isAccepted { transport.close(code: nil) }
        } else {
            guard io.openSession(for: handshake, polls: false) else {
                let refusal = io.endpoint.refusal(.overloaded, head, closes: true, handshake: .overloaded)
                return layHTTP(rest, context, (head, .answer(refusal)))
            }
            shard.counters.handshakes.add(.accepted)
            let agreement = WebSocketAgreement(request, for: handshake.address, io: io)
            let handler = WebSocketHandler(io: io, secure: channels.secure, isFirst: true)
            let response = agreement.response(in: shard.takeSpare())
            let transport = shard.openWebSocket(handshake, handler, agreement, response: response)
            // Together with the response, in one write.
            takeOver(handler, rest: rest, context) { transport.flush() }
        }
    }

    /// The request, kept as long as the session: in the receive buffer, which the channel keeps anyway, or in a copy if that buffer is much
    /// larger.
    private static func kept(_ bytes: ByteBuffer, _ length: Int) -> ByteBuffer {
        if bytes.storageCapacity <= ReceiveBuffer.firstBytes,
            let slice = bytes.getSlice(at: bytes.readerIndex, length: length)
        {
            return slice
        }
        return ByteBuffer(bytes: bytes.readableBytesView.prefix(length))
    }

    /// - Parameter write: called when the handler is in the pipeline, before it reads on.
    private func takeOver(_ handler: WebSocketHandler, rest: ByteBuffer, _ context: ChannelHandlerContext, write: () -> Void) {
        stopWaiting()
        channels.fallback.abandon()
        handler.ownsPlace = takePlace()
        let operations = context.pipeline.syncOperations
        do {
            try operations.addHandler(handler, position: .before(self))
        } catch {
            if handler.ownsPlace { io.closeChannel() }
            handler.ended(error: true)
            return context.close(promise: nil)
        }
        write()
        operations.removeHandler(context: context, promise: nil)
        handler.begin(with: rest)
    }

    // MARK: HTTP

    /// Replaces this handler by the HTTP handlers. They get the bytes that were read. A request that was parsed already is passed with the
    /// decision about it.
    private func layHTTP(
        _ bytes: ByteBuffer, _ context: ChannelHandlerContext, _ request: (head: HTTPRequestHead, decision: EngineDecision)? = nil,
        isBatchOver: Bool = false
    ) {
        stopWaiting()
        let requests = RequestDecoder(limits: SocketIOChannel.parserLimits)
        let encoder = HTTPResponseEncoder()
        let decoder = ByteToMessageHandler(requests, maximumBufferSize: io.configuration.maximumUndecodedBytes)
        let front = HTTPFrontHandler(channels, encoder: encoder, requests: requests, decoder: decoder, openedAt: openedAt)
        let operations = context.pipeline.syncOperations
        do {
            try operations.addHandlers(encoder, decoder, front, position: .after(self))
        } catch {
            return end(context)
        }
        // The front handler has the place now, and tells the fallback.
        holdsPlace = false
        if let request { front.take(request.head, request.decision) }
        if bytes.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(bytes)) }
        if isBatchOver { context.fireChannelReadComplete() }
        operations.removeHandler(context: context, promise: nil)
    }
}
