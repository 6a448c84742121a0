import DequeModule
import EngineIOCore
import NIOCore
import NIOHTTP1
import WebSocketCore

/// Stands behind the HTTP decoder of every connection: answers Engine.IO's path on the loop, turns a connection into a WebSocket, and
/// passes everything else on to whoever serves the rest. Serves one request at a time; later ones wait and hold back reading.
final class HTTPFrontHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    enum Phase {
        /// The next part is a head.
        case idle
        /// A request to Engine.IO's path, its body so far.
        case collecting(HTTPRequestHead, ByteBuffer)
        /// Its body is too large: read and dropped before the answer.
        case draining(HTTPRequestHead, byteCount: Int)
        /// The answer is not written yet.
        case answering
        /// Somebody else answers this request.
        case passing(requestEnded: Bool, responseEnded: Bool, closes: Bool)
        /// A session on another loop decides about its upgrade.
        case upgrading
        /// It is a WebSocket whose handler waits for the decoder to go.
        case switching(WebSocketHandler)
        /// Nothing more is read.
        case finished
    }

    let io: SocketIO
    let endpoint: EngineEndpoint
    let fallback: HTTPFallback
    let secure: Bool
    let encoder: HTTPResponseEncoder
    let requests: RequestDecoder
    let decoder: ByteToMessageHandler<RequestDecoder>
    private let abort: ((any Channel) -> Void)?

    var phase = Phase.idle
    var context: ChannelHandlerContext?
    /// The session whose GET waits for an answer.
    var polled: (shard: ShardHandle, sid: String)?
    /// The answer to bytes that are no HTTP, once the requests before them have theirs.
    var malformed: HTTPResponseStatus?
    var waiting: Deque<HTTPServerRequestPart> = []
    let unconfirmed = UnconfirmedSessions()
    private var isReadHeld = false
    /// Parts that waited are being taken.
    private var isResuming = false
    private var deadline = RequestDeadline()
    /// Answers that were written and have not all gone to the kernel.
    var unsentAnswers = 0
    var stall = StallWatch()
    private var hasFallback = false
    private var hasPlace = false
    /// The server ends: no further request is taken, and no client is waited for.
    private(set) var isQuiescing = false
    private static let quiescingGrace = TimeAmount.milliseconds(250)
    private static let quiescingResponseTime = TimeAmount.seconds(5)

    init(
        io: SocketIO, endpoint: EngineEndpoint, fallback: HTTPFallback, secure: Bool, encoder: HTTPResponseEncoder,
        requests: RequestDecoder, decoder: ByteToMessageHandler<RequestDecoder>, abort: ((any Channel) -> Void)?
    ) {
        self.io = io
        self.endpoint = endpoint
        self.fallback = fallback
        self.secure = secure
        self.encoder = encoder
        self.requests = requests
        self.decoder = decoder
        self.abort = abort
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard !hasPlace else { return }
        hasPlace = io.openChannel()
        if hasPlace {
            armDeadline()
        } else {
            phase = .finished
            context.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        if !hasFallback { fallback.abandon() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .switching(let handler) = phase { handler.ended(error: false) }
        phase = .finished
        abortPoll()
        releasePlace()
        context.fireChannelInactive()
    }

    func releasePlace() {
        guard hasPlace else { return }
        hasPlace = false
        io.closeChannel()
    }

    /// The place goes on to the WebSocket's handler.
    func takePlace() -> Bool {
        defer { hasPlace = false }
        return hasPlace
    }

    // MARK: Reading

    func read(context: ChannelHandlerContext) {
        if isReadyForPart(context) { context.read() } else { isReadHeld = true }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if waiting.isEmpty, accept(part, context) { return }
        waiting.append(part)
        if waiting.count > endpoint.configuration.maximumWaitingRequestParts { closeNow(context) }
    }

    /// Takes a part, or returns false when an earlier request is not answered yet.
    private func accept(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) -> Bool {
        switch (phase, part) {
        case (.finished, _): break
        // Behind a request for an upgrade comes no other.
        case (.upgrading, _), (.switching, _): break
        case (.answering, _): return false
        case (.idle, .head(let head)):
            guard isReadyForPart(context) else { return false }
            receive(head, context)
        case (.idle, _): break
        case (.collecting(let head, var body), .body(let bytes)):
            // Out of the property while it grows, or each piece would copy all before it.
            phase = .idle
            if body.readableBytes + bytes.readableBytes > endpoint.configuration.maximumHTTPBufferBytes {
                phase = .draining(head, byteCount: body.readableBytes + bytes.readableBytes)
            } else {
                body.writeImmutableBuffer(bytes)
                phase = .collecting(head, body)
            }
        case (.collecting(let head, let body), .end):
            phase = .answering
            deadline.disarm()
            dispatch(head, body: body, context)
        case (.draining(let head, let count), .body(let bytes)):
            phase = .draining(head, byteCount: count + bytes.readableBytes)
            if count + bytes.readableBytes > endpoint.configuration.maximumDrainedBytes {
                tooLarge(head, context, closes: true)
            }
        case (.draining(let head, _), .end): tooLarge(head, context, closes: false)
        case (.collecting, .head), (.draining, .head): context.close(promise: nil)
        case (.passing(true, _, _), _): return false
        case (.passing, _):
            context.fireChannelRead(wrapInboundOut(part))
            // The response may have ended meanwhile.
            if case .end = part, case .passing(_, let responseEnded, let closes) = phase {
                phase = .passing(requestEnded: true, responseEnded: responseEnded, closes: closes)
                deadline.disarm()
                context.fireChannelReadComplete()
                endPassingIfDone(context)
            }
        }
        return true
    }

    /// Whether no earlier request holds back the next part, and no earlier answer.
    private func isReadyForPart(_ context: ChannelHandlerContext) -> Bool {
        switch phase {
        case .answering, .upgrading, .switching, .passing(true, _, _): false
        case .finished: true
        default: context.channel.isWritable
        }
    }

    /// Whether the next step is the client's, so that it has a deadline.
    var awaitsClient: Bool {
        switch phase {
        case .answering, .upgrading, .switching, .passing(true, _, _): false
        default: true
        }
    }

    private func receive(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        if head.headers.first(name: "expect")?.lowercased() == "100-continue" {
            context.writeAndFlush(wrapOutboundOut(.head(HTTPResponseHead(version: head.version, status: .continue))), promise: nil)
        }
        if endpoint.owns(head.uri) {
            let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
            phase = length > endpoint.configuration.maximumHTTPBufferBytes ? .draining(head, byteCount: 0) : .collecting(head, ByteBuffer())
            return
        }
        do {
            if !hasFallback {
                hasFallback = true
                try fallback.install(context.channel)
            }
            let closes = RequestDecoder.stops(behind: head) || !head.isKeepAlive
            phase = .passing(requestEnded: false, responseEnded: false, closes: closes)
            context.fireChannelRead(wrapInboundOut(.head(head)))
        } catch {
            fallback.abandon()
            context.fireErrorCaught(error)
            context.close(promise: nil)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if case .passing = phase { context.fireChannelReadComplete() }
    }

    private func tooLarge(_ head: HTTPRequestHead, _ context: ChannelHandlerContext, closes: Bool) {
        phase = .answering
        deadline.disarm()
        let error = EngineRequestError(status: 413, code: 3, message: "Payload too large")
        write(endpoint.refusal(error, head, closes: closes), for: head, context)
    }

    // MARK: Responses of others

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        // First of all: to take something else for a part would stop the process, and only routes write parts.
        guard case .passing(let requestEnded, _, let closes) = phase else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head):
            if closes || isQuiescing { head.headers.replaceOrAdd(name: "Connection", value: "close") }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            writeEnd(data, promise: promise, context)
            phase = .passing(requestEnded: requestEnded, responseEnded: true, closes: closes)
            endPassingIfDone(context)
        }
    }

    private func endPassingIfDone(_ context: ChannelHandlerContext) {
        guard case .passing(true, true, let closes) = phase else { return }
        context.flush()
        finishResponse(closes: closes, context)
    }

    /// A response is written: on to the next request, or close.
    func finishResponse(closes: Bool, _ context: ChannelHandlerContext) {
        if closes || isQuiescing {
            phase = .finished
            waiting = []
            closeAfterDraining(context)
            return
        }
        phase = .idle
        awaitClient(context)
        resume(context)
    }

    /// Goes on with the parts that wait, and with reading.
    func resume(_ context: ChannelHandlerContext) {
        // An answer that is given at once comes back here: the outer call goes on with the parts.
        guard !isResuming else { return }
        isResuming = true
        while isReadyForPart(context), let part = waiting.popFirst() { _ = accept(part, context) }
        isResuming = false
        if malformed != nil { return refuseMalformed(context) }
        if isReadHeld, waiting.isEmpty, isReadyForPart(context) {
            isReadHeld = false
            context.read()
        }
    }

    /// Lets the peer read the answer: closing at once, with bytes unread, would reset the connection.
    func closeAfterDraining(_ context: ChannelHandlerContext) {
        requests.dropRest(maximumBytes: endpoint.configuration.maximumDrainedBytes)
        context.close(mode: .output, promise: nil)
        if isQuiescing { closeLater(in: HTTPFrontHandler.quiescingGrace, context) } else { awaitClient(context) }
        if isReadHeld {
            isReadHeld = false
            context.read()
        }
    }

    // MARK: Events

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            abortPoll()
            if case .passing = phase { context.fireUserInboundEventTriggered(event) } else { context.close(promise: nil) }
        case is ChannelShouldQuiesceEvent:
            quiesce(context)
            switch phase {
            case .idle: context.close(promise: nil)
            case .answering:
                if let polled {
                    let sid = polled.sid
                    polled.shard.run { $0.sessions[sid]?.close(.serverShuttingDown) }
                }
            case .passing: context.fireUserInboundEventTriggered(event)
            default: break
            }
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// A response that is under way may be read; whatever else the client is doing is cut short.
    private func quiesce(_ context: ChannelHandlerContext) {
        isQuiescing = true
        let isResponding = if case .passing(true, _, _) = phase { true } else { false }
        closeLater(in: isResponding ? HTTPFrontHandler.quiescingResponseTime : HTTPFrontHandler.quiescingGrace, context)
    }

    /// Ends the connection whatever is under way, without a farewell: the peer has had its time.
    func closeNow(_ context: ChannelHandlerContext) {
        phase = .finished
        if let abort { abort(context.channel) } else { context.close(promise: nil) }
    }

    private func closeLater(in time: TimeAmount, _ context: ChannelHandlerContext) {
        // `assumeIsolated()` stops the process off the loop: a handler is called there only.
        context.eventLoop.assumeIsolated().scheduleTask(in: time) { [weak self] in
            if let self, let context = self.context { closeNow(context) }
        }
    }

    private func abortPoll() {
        guard let polled else { return }
        self.polled = nil
        let sid = polled.sid
        polled.shard.run { $0.sessions[sid]?.pollAborted() }
    }

    // MARK: Deadline

    func armDeadline() {
        guard let context else { return }
        let due = context.eventLoop.now + TimeAmount(endpoint.configuration.requestTimeout)
        if let next = deadline.arm(at: due) { setTimer(next) }
    }

    private func setTimer(_ next: NIODeadline) {
        context?.eventLoop.assumeIsolated().scheduleTask(deadline: next) { [weak self] in
            guard let self, let context else { return }
            switch deadline.fire(now: context.eventLoop.now) {
            case .expired: closeNow(context)
            case .again(let next): setTimer(next)
            case .idle: break
            }
        }
    }
}
