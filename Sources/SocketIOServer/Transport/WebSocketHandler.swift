import ChannelDescriptors
import DequeModule
import EngineIOCore
import NIOCore
import NIOPosix

/// The only handler of a WebSocket connection, except for TLS. It passes bytes to the session's transport as they are read, and is the
/// transport's link to the channel. Frames written before it joins the pipeline are buffered.
///
/// A failed write makes the channel read what is left and close, within the write; TLS and a close may call back too. The session may be in
/// the middle of a handler then. So this handler keeps the channel's reports during a call, and passes them on in a later task.
final class WebSocketHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Target {
        case local(WebSocketTransport)
        /// Whether the session lives on another loop.
        indirect case remote(NIOLoopBound<WebSocketTransport>, any EventLoop)
    }

    enum Stage {
        /// Before it joins the pipeline.
        case early
        case attached
        /// After it has left the pipeline, or if it will never join it.
        case detached
    }

    /// The limit of bytes on their way to a session on another loop. Reading pauses beyond it.
    private static let maximumForwardedBytes = 1 << 18
    /// The limit of bytes of reports. Beyond it they are dropped together with the connection, which is closing anyway if it reads within a
    /// write.
    private static let maximumReportedBytes = 1 << 20
    /// How many bytes a closed connection may still send.
    private static let maximumLingerBytes = 16_000_000

    let io: SocketIO
    /// The session. Nil before it is known and after its end. Until then the two hold each other.
    var target: Target?
    private(set) var context: ChannelHandlerContext?
    /// Nil until some of it is needed.
    var rare: RareState?
    var sentBytes = 0
    var intake = IntakeWatch()
    /// The number of writes that the channel has not finished.
    var queuedWrites: Int32 = 0
    /// The channel's own descriptor. The channel closes it on this loop, and is inactive before any code of ours runs after that: it is used
    /// only while the channel is active.
    var descriptor: NIOBSDSocket.Handle?
    private(set) var stage = Stage.early
    /// Whether this handler holds the connection's place.
    var ownsPlace = false
    /// Whether the session has packets that it has not taken yet.
    private var isHeldBySession = false
    private var isReadHeld = false
    var isClosing = false
    /// Whether the channel's queue is empty, so that frames may go straight to the kernel. Always false under TLS.
    var writesDirectly = false
    let secure: Bool
    private let isFirst: Bool
    private var isCallingChannel = false
    private var hasReports = false

    /// - Parameter isFirst: whether nothing was written to the channel yet.
    init(io: SocketIO, secure: Bool, isFirst: Bool = false) {
        self.io = io
        self.secure = secure
        self.isFirst = isFirst
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        guard stage == .early else { return }
        self.context = context
        if isFirst, !secure {
            descriptor = DirectWrite.descriptor(of: context)
            writesDirectly = descriptor != nil
        }
        stage = .attached
        guard let early = rare.take() else { return }
        if early.frames.readableBytes > 0 { write(early.frames) }
        if let closing = early.closing { close(closing) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        tellReports()
        detach()
        self.context = nil
        descriptor = nil
    }

    private func detach() {
        stage = .detached
        target = nil
    }

    /// Starts as the first handler. `rest` holds the bytes behind the request.
    func begin(with rest: ByteBuffer) {
        if rest.readableBytes > 0, let context {
            receive(rest, context)
            complete()
        }
    }

    /// Starts after the HTTP handlers have left. `rest` holds the bytes that they had read.
    func takeOver(with rest: ByteBuffer) {
        if let context {
            if !secure { descriptor = DirectWrite.descriptor(of: context) }
            writeThroughChannel(ByteBuffer(), context)
        }
        if rest.readableBytes > 0, let context { receive(rest, context) }
        complete()
        context?.read()
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended(error: false)
        if ownsPlace {
            ownsPlace = false
            io.closeChannel()
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        ended(error: true)
        context.close(promise: nil)
    }

    /// Tells the session that its connection has gone. A handler that has not joined the pipeline by then must not join it any more.
    func ended(error: Bool) {
        if isLate { return report(.ended(error: error)) }
        switch target {
        case .local(let transport): transport.inactive(error: error)
        case .remote(let transport, let loop): loop.execute { transport.value.inactive(error: error) }
        case nil: break
        }
        if stage == .early { detach() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            ended(error: false)
            context.close(promise: nil)
        case is ChannelShouldQuiesceEvent: shutDown()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// The server ends.
    func shutDown() {
        switch target {
        case .local(let transport): transport.shutDown()
        case .remote(let transport, let loop): loop.execute { transport.value.shutDown() }
        case nil: break
        }
    }

    // MARK: Reports

    /// Whether the session must not be called now, because a call is under way or earlier reports wait.
    private var isLate: Bool { isCallingChannel || hasReports }

    /// Calls the channel and keeps its reports meanwhile.
    @inline(__always)
    func call(_ body: () -> Void) {
        let wasCalling = isCallingChannel
        isCallingChannel = true
        body()
        isCallingChannel = wasCalling
    }

    private func report(_ report: RareState.Report) {
        let rare = rareState
        if case .read(let bytes) = report {
            guard !rare.hasDroppedBytes, rare.reportedBytes + bytes.readableBytes <= WebSocketHandler.maximumReportedBytes else {
                rare.hasDroppedBytes = true
                return
            }
            rare.reportedBytes += bytes.readableBytes
        }
        rare.reports.append(report)
        guard !hasReports, let context else { return }
        hasReports = true
        // `assumeIsolated()` stops the process off the loop: a handler is called there only.
        context.eventLoop.assumeIsolated().execute { self.tellReports() }
    }

    private func tellReports() {
        guard hasReports, let rare else { return }
        let all = rare.reports
        rare.reports = []
        rare.reportedBytes = 0
        hasReports = false
        for report in all {
            switch report {
            case .read(let bytes): if let context { receive(bytes, context) }
            case .readComplete: complete()
            case .ended(let error): ended(error: error)
            }
        }
        if rare.hasDroppedBytes {
            rare.hasDroppedBytes = false
            ended(error: true)
            context?.close(promise: nil)
        }
    }

    var rareState: RareState {
        if let rare { return rare }
        let made = RareState()
        rare = made
        return made
    }

    // MARK: Reading

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { isReadHeld = true }
    }

    private var mayRead: Bool { !isHeldBySession && (rare?.forwarded ?? 0) <= WebSocketHandler.maximumForwardedBytes }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if isLate { report(.read(bytes)) } else { receive(bytes, context) }
    }

    @inline(__always)
    private func receive(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        if isClosing {
            rareState.lingered += bytes.readableBytes
            if rareState.lingered > WebSocketHandler.maximumLingerBytes { context.close(promise: nil) }
            return
        }
        switch target {
        case .local(let transport):
            transport.receive(bytes)
            transport.giveBack(bytes)
        case .remote(let transport, let loop): forward(bytes, to: transport, on: loop, context)
        case nil: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isLate { report(.readComplete) } else { complete() }
    }

    private func complete() {
        if case .local(let transport) = target { transport.readComplete() }
    }

    private func forward(
        _ bytes: ByteBuffer, to transport: NIOLoopBound<WebSocketTransport>, on loop: any EventLoop, _ context: ChannelHandlerContext
    ) {
        let count = bytes.readableBytes
        rareState.forwarded += count
        let own = context.eventLoop
        let bound = NIOLoopBound(self, eventLoop: own)
        loop.execute {
            transport.value.receive(bytes)
            transport.value.readComplete()
            own.execute { bound.value.taken(count) }
        }
    }

    private func taken(_ count: Int) {
        rare?.forwarded -= count
        resumeReading()
    }

    func holdReading(_ isHeld: Bool) {
        guard stage == .attached else { return }
        // A closing connection goes on reading, to see the peer's end. The bytes are dropped.
        isHeldBySession = isHeld && !isClosing
        resumeReading()
    }

    private func resumeReading() {
        guard isReadHeld, mayRead, let context else { return }
        isReadHeld = false
        call { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        switch target {
        case .local(let transport): transport.becameWritable()
        case .remote(let transport, let loop): loop.execute { transport.value.becameWritable() }
        case nil: break
        }
    }
}
