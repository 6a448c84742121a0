import ChannelDescriptors
import DequeModule
import EngineIOCore
import NIOCore
import NIOPosix

/// The only handler of a WebSocket connection, except for TLS. It passes bytes to the session's transport as they are read.
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

    /// The channel's reports during a call.
    private enum Report {
        case read(ByteBuffer)
        case readComplete
        case ended(error: Bool)
    }

    /// The limit of bytes on their way to a session on another loop. Reading pauses beyond it.
    private static let maximumForwardedBytes = 1 << 18
    /// The limit of bytes of reports. Beyond it they are dropped together with the connection, which is closing anyway if it reads within a
    /// write.
    private static let maximumReportedBytes = 1 << 20
    /// How long a closed connection may take to end, and how much it may still send meanwhile.
    private static let lingerTime = TimeAmount.seconds(2)
    private static let maximumLingerBytes = 16_000_000

    private let io: SocketIO
    private let link: ChannelFrameLink
    private let target: Target
    /// Whether this handler holds the connection's place.
    var ownsPlace = false
    private var context: ChannelHandlerContext?
    private var forwarded = 0
    /// Whether the session has packets that it has not taken yet.
    private var isHeldBySession = false
    private var isReadHeld = false
    private var isClosing = false
    private var lingered = 0
    /// The number of writes that the channel has not finished.
    private var queuedWrites = 0
    /// Detects a client that does not take them.
    private var stall = StallWatch()
    /// Whether the channel's queue is empty, so that frames may go straight to the kernel.
    private var writesDirectly = false
    private let secure: Bool
    private let isFirst: Bool
    /// The channel's own descriptor, for direct writes. The channel closes it on this loop, and is inactive before any code of ours runs
    /// after that: it is used only while the channel is active.
    private var descriptor: NIOBSDSocket.Handle?

    /// The same descriptor under TLS too, to ask what the kernel holds.
    private var socket: NIOBSDSocket.Handle?
    private var sentBytes = 0
    private var intake = IntakeWatch()

    private var isCallingChannel = false
    private var reports: Deque<Report> = []
    private var reportedBytes = 0
    private var hasDroppedBytes = false

    /// - Parameter isFirst: whether nothing was written to the channel yet.
    init(io: SocketIO, link: ChannelFrameLink, target: Target, secure: Bool, isFirst: Bool = false) {
        self.io = io
        self.secure = secure
        self.isFirst = isFirst
        self.link = link
        self.target = target
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if isFirst, !secure {
            descriptor = DirectWrite.descriptor(of: context)
            writesDirectly = descriptor != nil
        }
        link.attach(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        tellReports()
        link.detach()
        self.context = nil
        descriptor = nil
        socket = nil
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

    /// Tells the session that its connection has gone.
    func ended(error: Bool) {
        if isLate { return report(.ended(error: error)) }
        switch target {
        case .local(let transport): transport.inactive(error: error)
        case .remote(let transport, let loop): loop.execute { transport.value.inactive(error: error) }
        }
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
        }
    }

    // MARK: Reports

    /// Whether the session must not be called now, because a call is under way or earlier reports wait.
    private var isLate: Bool { isCallingChannel || !reports.isEmpty }

    /// Calls the channel and keeps its reports meanwhile.
    @inline(__always)
    private func call(_ body: () -> Void) {
        let wasCalling = isCallingChannel
        isCallingChannel = true
        body()
        isCallingChannel = wasCalling
    }

    private func report(_ report: Report) {
        if case .read(let bytes) = report {
            guard !hasDroppedBytes, reportedBytes + bytes.readableBytes <= WebSocketHandler.maximumReportedBytes else {
                hasDroppedBytes = true
                return
            }
            reportedBytes += bytes.readableBytes
        }
        reports.append(report)
        guard reports.count == 1, let context else { return }
        // `assumeIsolated()` stops the process off the loop: a handler is called there only.
        context.eventLoop.assumeIsolated().execute { self.tellReports() }
    }

    private func tellReports() {
        let all = reports
        reports = []
        reportedBytes = 0
        for report in all {
            switch report {
            case .read(let bytes): if let context { receive(bytes, context) }
            case .readComplete: complete()
            case .ended(let error): ended(error: error)
            }
        }
        if hasDroppedBytes {
            hasDroppedBytes = false
            ended(error: true)
            context?.close(promise: nil)
        }
    }

    // MARK: Reading

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { isReadHeld = true }
    }

    private var mayRead: Bool { !isHeldBySession && forwarded <= WebSocketHandler.maximumForwardedBytes }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if isLate { report(.read(bytes)) } else { receive(bytes, context) }
    }

    @inline(__always)
    private func receive(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        if isClosing {
            lingered += bytes.readableBytes
            if lingered > WebSocketHandler.maximumLingerBytes { context.close(promise: nil) }
            return
        }
        switch target {
        case .local(let transport):
            transport.receive(bytes)
            transport.giveBack(bytes)
        case .remote(let transport, let loop): forward(bytes, to: transport, on: loop, context)
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
        forwarded += count
        let own = context.eventLoop
        let bound = NIOLoopBound(self, eventLoop: own)
        loop.execute {
            transport.value.receive(bytes)
            transport.value.readComplete()
            own.execute { bound.value.taken(count) }
        }
    }

    private func taken(_ count: Int) {
        forwarded -= count
        resumeReading()
    }

    func holdReading(_ isHeld: Bool) {
        // A closing connection goes on reading, to see the peer's end. The bytes are dropped.
        isHeldBySession = isHeld && !isClosing
        resumeReading()
    }

    private func resumeReading() {
        guard isReadHeld, mayRead, let context else { return }
        isReadHeld = false
        call { context.read() }
    }

    // MARK: Writing

    var isWritable: Bool { context?.channel.isWritable ?? false }

    /// Asked for only when much waits already.
    var bufferedBytes: Int {
        guard let options = context?.channel.syncOptions, let count = try? options.getOption(.bufferedWritableBytes) else { return 0 }
        return count
    }

    func write(_ frames: ByteBuffer) {
        guard !isClosing, let context else { return }
        sentBytes &+= frames.readableBytes
        guard writesDirectly, let descriptor, context.channel.isActive else { return writeThroughChannel(frames, context) }
        let count = DirectWrite.send(frames, to: descriptor)
        guard count < frames.readableBytes else { return }
        var rest = frames
        rest.moveReaderIndex(forwardBy: count)
        writeThroughChannel(rest, context)
    }

    /// Writes through the channel's queue. When the queue is empty, frames may go straight to the kernel again.
    private func writeThroughChannel(_ frames: ByteBuffer, _ context: ChannelHandlerContext) {
        writesDirectly = false
        queuedWrites += 1
        let promise = context.eventLoop.makePromise(of: Void.self)
        // `assumeIsolated()` stops the process off the loop: a handler is called there, and so are its futures.
        promise.futureResult.assumeIsolated().whenComplete { [self] _ in
            queuedWrites -= 1
            writesDirectly = queuedWrites == 0
            if writesDirectly { stall.moved() }
        }
        call { context.writeAndFlush(wrapOutboundOut(frames), promise: promise) }
        if queuedWrites > 0, stall.begin(waitingBytes: bufferedBytes) { lookLater(context) }
    }

    /// A client may answer pings without reading, so its queue must shrink.
    private func lookLater(_ context: ChannelHandlerContext) {
        let time = TimeAmount(io.configuration.responseStallTimeout)
        context.eventLoop.assumeIsolated().scheduleTask(in: time) { [weak self] in self?.look() }
    }

    private func look() {
        guard let context else { return }
        switch stall.look(waitingBytes: queuedWrites > 0 ? bufferedBytes : nil) {
        case .done: break
        case .moves: lookLater(context)
        case .stalled: closeStalled(context)
        }
    }

    private func closeStalled(_ context: ChannelHandlerContext) {
        switch target {
        case .local(let transport): transport.stalled()
        case .remote(let transport, let loop): loop.execute { transport.value.stalled() }
        }
        context.close(promise: nil)
    }

    /// Detects a client that answers pings without reading, while the kernel's buffer still has room.
    func checkIntake() {
        guard !isClosing, let context, context.channel.isActive else { return }
        socket = socket ?? DirectWrite.descriptor(of: context)
        guard let socket, let waiting = DirectWrite.unacknowledgedBytes(of: socket) else { return }
        let isStalled = intake.look(
            sent: sentBytes, waiting: waiting + bufferedBytes, now: context.eventLoop.now,
            interval: TimeAmount(io.configuration.responseStallTimeout))
        guard isStalled else { return }
        // Later: the session is calling.
        context.eventLoop.assumeIsolated().execute { [weak self] in
            if let self, let context = self.context { closeStalled(context) }
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        switch target {
        case .local(let transport): transport.becameWritable()
        case .remote(let transport, let loop): loop.execute { transport.value.becameWritable() }
        }
    }

    /// Both sides have sent close frames. TLS closes with an exchange of its own, and waiting bytes leave first.
    func closeAfterPeer() {
        guard writesDirectly, !secure, !isClosing, let context else { return closeGently() }
        isClosing = true
        call { context.close(promise: nil) }
    }

    /// Ends the output, and waits a short time for the peer's end. Closing with unread bytes would reset the connection, and the peer would
    /// not see the reason.
    func closeGently() {
        guard !isClosing, let context else { return }
        isClosing = true
        holdReading(false)
        guard context.channel.isWritable else { return call { context.close(promise: nil) } }
        call { context.close(mode: .output, promise: nil) }
        context.eventLoop.assumeIsolated().scheduleTask(in: WebSocketHandler.lingerTime) { [weak self] in
            self?.context?.close(promise: nil)
        }
    }
}
