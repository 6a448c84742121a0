import EngineIOCore
import NIOCore
import NIOHTTP1
import WebSocketCore

/// Follows the HTTP decoder in the pipeline of a connection. It answers Engine.IO's path, turns the connection into a WebSocket, and passes
/// all other requests to the fallback. ``HTTPFrontMachine`` decides; this handler performs.
final class HTTPFrontHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    let io: SocketIO
    let secure: Bool
    let encoder: HTTPResponseEncoder
    let requests: RequestDecoder
    let decoder: ByteToMessageHandler<RequestDecoder>
    let unconfirmed = UnconfirmedSessions()
    private let fallback: HTTPFallback
    private let abort: (@Sendable (any Channel) -> Void)?
    private let maximumTurn: TimeAmount

    var machine: HTTPFrontMachine
    var context: ChannelHandlerContext?
    /// When the connection was opened. Nil once its first deadline is set.
    private var openedAt: NIODeadline?
    /// The decision about the first request, if it was read before.
    var decided: EngineDecision?
    /// The WebSocket's handler, while it waits for the decoder to go.
    var successor: WebSocketHandler?
    private var isPerforming = false
    /// The memory of the request's body. A session that takes packets from it holds this too.
    private(set) var heldBody: HeldMemory?
    /// The client of the last request that was given to the routes. Nil without trusted proxies: it is the connection's.
    private var routedClient: String?
    /// When the connection's turn began.
    private var turnStart: NIODeadline?

    /// - Parameter openedAt: when the connection was opened. Its place among the connections is taken already.
    init(
        _ channels: SocketIOChannel, encoder: HTTPResponseEncoder, requests: RequestDecoder,
        decoder: ByteToMessageHandler<RequestDecoder>, openedAt: NIODeadline
    ) {
        io = channels.io
        fallback = channels.fallback
        secure = channels.secure
        abort = channels.abort
        self.encoder = encoder
        self.requests = requests
        self.decoder = decoder
        self.openedAt = openedAt
        maximumTurn = TimeAmount(io.configuration.maximumTurn)
        machine = HTTPFrontMachine(limits: HTTPFrontMachine.Limits(io.configuration), path: io.endpoint.path)
    }

    var endpoint: EngineEndpoint { io.endpoint }

    // MARK: Inputs

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        machine.isWritable = context.channel.isWritable
        machine.opened(hasPlace: true)
        perform()
    }

    /// A request that was read without the parser, and what was decided about it.
    func take(_ head: HTTPRequestHead, _ decision: EngineDecision) {
        decided = decision
        // The bytes behind it are not requests.
        requests.keepRest()
        machine.received(.head(head))
        machine.received(.end(nil))
        perform()
    }

    func channelInactive(context: ChannelHandlerContext) {
        successor?.ended(error: false)
        successor = nil
        machine.inactive()
        perform()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        if !machine.isRouteInstalled { fallback.abandon() }
    }

    func read(context: ChannelHandlerContext) {
        machine.readRequested()
        perform()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        machine.received(unwrapInboundIn(data))
        perform()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        turnStart = nil
        machine.readComplete()
        perform()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        machine.writabilityChanged(isWritable: context.channel.isWritable)
        perform()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed: machine.inputClosed()
        case is ChannelShouldQuiesceEvent: machine.quiesce()
        default: return context.fireUserInboundEventTriggered(event)
        }
        perform()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? HTTPParserError {
            machine.malformed(error == .headerOverflow ? .requestHeaderFieldsTooLarge : .badRequest)
        } else {
            machine.failed()
        }
        perform()
    }

    /// A part of a route's response.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        // Checked first: unwrapping anything else as a part would stop the process.
        guard machine.takesRouteParts else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let head): context.write(wrapOutboundOut(.head(machine.routeHead(head))), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            machine.routeEnded()
            writeEnd(data, promise: promise, context)
            perform()
        }
    }

    /// The answer to a request that waited for its session.
    func complete(_ response: EngineResponse, to number: UInt32) {
        turnStart = nil
        guard let head = machine.request else { return }
        let deflater = context.flatMap { io.shard(for: $0.eventLoop).shard.value.payloadDeflater }
        machine.answer(endpoint.answer(response, head, deflater), to: number)
        perform()
    }

    // MARK: Actions

    /// Carries out the machine's actions, step by step. An input from within a step is handled after it, in this one loop, however deep the
    /// calls are.
    func perform() {
        guard !isPerforming else { return }
        isPerforming = true
        while let action = machine.next() {
            if let context { perform(action, context) } else { performWithoutPipeline(action) }
        }
        isPerforming = false
    }

    private func perform(_ action: HTTPFrontMachine.Action, _ context: ChannelHandlerContext) {
        switch action {
        case .read: context.read()
        case .dispatch(let head, let body):
            beginRequest(at: io.shard(for: context.eventLoop).shard.value.clock())
            dispatch(head, body: body, context)
        case .refuseLargeBody(let head):
            let error = EngineRequestError(status: 413, code: 3, message: "Payload too large")
            machine.answer(endpoint.refusal(error, head), to: machine.requestNumber)
        case .refuseBody(let head):
            let error = EngineRequestError(status: 503, code: 3, message: "Too many request bodies")
            machine.answer(endpoint.refusal(error, head), to: machine.requestNumber)
        case .holdBody(let bytes, let before):
            guard bytes > 0 else { return performWithoutPipeline(action) }
            let held = heldBody ?? HeldMemory(io.bodies, address: bodyClient(context))
            if held.resize(to: bytes) { heldBody = held } else { machine.bodyRefused(before: before) }
        case .writeContinue:
            context.writeAndFlush(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
        case .respond(let head, let body):
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            if body.readableBytes > 0 { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
            writeEnd(wrapOutboundOut(.end(nil)), promise: nil, context)
            context.flush()
        case .installRoute: installRoute(context)
        case .forward(let part):
            if case .head(let head) = part, !io.configuration.trustedProxies.isEmpty { routedClient = endpoint.client(of: head, context) }
            context.fireChannelRead(wrapInboundOut(part))
        case .forwardReadComplete: context.fireChannelReadComplete()
        case .forwardInputClosed: context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        case .forwardQuiescing: context.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        case .flush: context.flush()
        case .dropRest: requests.dropRest(maximumBytes: machine.limits.maximumDrainedBytes)
        case .closeOutput: context.close(mode: .output, promise: nil)
        case .close: context.close(promise: nil)
        case .abort: if let abort { abort(context.channel) } else { context.close(promise: nil) }
        case .closeLater(let time): later(in: time, context) { $0.machine.graceOver() }
        case .resumeLater: later(in: LoopShard.pause, context) { $0.beginTurn() }
        case .armDeadline:
            if let next = machine.armDeadline(now: openedAt.take() ?? context.eventLoop.now) { setTimer(next, context) }
        case .watchStall: if machine.watchStall(waitingBytes: waitingBytes(context)) { lookLater(context) }
        case .abortPoll, .endSession, .releasePlace: performWithoutPipeline(action)
        }
    }

    /// The client whose body is received: with a request for Engine.IO, or else with one for a route.
    private func bodyClient(_ context: ChannelHandlerContext) -> String {
        if machine.received == nil, let routedClient { return routedClient }
        return endpoint.client(of: machine.received, context)
    }

    /// Actions for other objects are carried out even if the handler has left the pipeline.
    private func performWithoutPipeline(_ action: HTTPFrontMachine.Action) {
        switch action {
        case .abortPoll(let sid):
            let asker = ObjectIdentifier(self)
            session(sid) { $0.pollAborted(by: asker) }
        case .endSession(let sid): session(sid) { $0.close(.serverShuttingDown) }
        case .releasePlace: io.closeChannel()
        case .holdBody(let bytes, let before): if bytes == 0 { heldBody = nil } else { machine.bodyRefused(before: before) }
        default: break
        }
    }

    private func session(_ sid: SessionID, _ body: @escaping @Sendable (EngineConnection) -> Void) {
        guard let handle = io.shard(at: sid.shard) else { return }
        handle.run { shard in if let connection = shard.sessions[sid] { body(connection) } }
    }

    private func installRoute(_ context: ChannelHandlerContext) {
        do {
            try fallback.install(context.channel)
        } catch {
            machine.routeFailed()
            context.fireErrorCaught(error)
        }
    }

    /// Writes the end of an answer, and reports when it has left the memory.
    private func writeEnd(_ end: NIOAny, promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext) {
        let written = promise ?? context.eventLoop.makePromise(of: Void.self)
        // `assumeIsolated()` stops the process off the loop: a handler is called there, and so are its futures.
        written.futureResult.assumeIsolated().whenComplete { [self] _ in
            machine.answerHasGone()
            perform()
        }
        context.write(end, promise: written)
    }

    // MARK: Turns

    private func beginTurn() {
        turnStart = nil
        machine.turnBegan()
    }

    /// If the requests of this turn took long, those behind wait for a later turn.
    private func beginRequest(at now: NIODeadline) {
        if let turnStart, now - turnStart >= maximumTurn { machine.turnIsOver() }
        turnStart = turnStart ?? now
    }

    // MARK: Timers

    private func later(in time: TimeAmount, _ context: ChannelHandlerContext, _ input: @escaping (HTTPFrontHandler) -> Void) {
        // `assumeIsolated()` stops the process off the loop: a handler is called there only.
        let loop = context.eventLoop.assumeIsolated()
        let call = { [weak self] in
            guard let self, self.context != nil else { return }
            input(self)
            perform()
        }
        loop.scheduleTask(in: time, call)
    }

    private func setTimer(_ deadline: NIODeadline, _ context: ChannelHandlerContext) {
        context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            guard let self, let context = self.context else { return }
            if let next = machine.deadlineDue(now: context.eventLoop.now) { setTimer(next, context) }
            perform()
        }
    }

    private func lookLater(_ context: ChannelHandlerContext) {
        let time = TimeAmount(endpoint.configuration.responseStallTimeout)
        later(in: time, context) { handler in
            guard let context = handler.context else { return }
            if handler.machine.stallDue(waitingBytes: handler.waitingBytes(context)) { handler.lookLater(context) }
        }
    }

    private func waitingBytes(_ context: ChannelHandlerContext) -> Int {
        guard let options = context.channel.syncOptions, let count = try? options.getOption(.bufferedWritableBytes) else { return 0 }
        return count
    }
}
