import ChannelDescriptors
import DequeModule
import NIOCore

/// The link of a WebSocket on its channel's loop.
extension WebSocketHandler: FrameLink {
    /// The longest wait for bytes that have arrived and are not read: the interval at which the reference checks an upgrade.
    private static let settlingTime = TimeAmount.milliseconds(100)

    var isWritable: Bool {
        switch stage {
        case .early: true
        case .attached: context?.channel.isWritable ?? false
        case .detached: false
        }
    }

    /// Read only when much waits already.
    var bufferedBytes: Int {
        switch stage {
        case .early: return rare?.frames.readableBytes ?? 0
        case .attached:
            guard let options = context?.channel.syncOptions else { return 0 }
            return (try? options.getOption(.bufferedWritableBytes)) ?? 0
        case .detached: return 0
        }
    }

    func write(_ frames: ByteBuffer) {
        guard stage != .early else { return writeEarly(frames) }
        guard !isClosing, let context else { return }
        sentBytes &+= frames.readableBytes
        guard writesDirectly, let descriptor, context.channel.isActive else { return writeThroughChannel(frames, context) }
        let count = DirectWrite.send(frames, to: descriptor)
        guard count < frames.readableBytes else { return }
        var rest = frames
        rest.moveReaderIndex(forwardBy: count)
        writeThroughChannel(rest, context)
    }

    private func writeEarly(_ frames: ByteBuffer) {
        let rare = rareState
        guard rare.closing == nil else { return }
        if rare.frames.readableBytes == 0 { rare.frames = frames } else { rare.frames.writeImmutableBuffer(frames) }
    }

    /// Writes through the channel's queue. When the queue is empty, frames may go straight to the kernel again.
    func writeThroughChannel(_ frames: ByteBuffer, _ context: ChannelHandlerContext) {
        writesDirectly = false
        queuedWrites += 1
        let promise = context.eventLoop.makePromise(of: Void.self)
        // `assumeIsolated()` stops the process off the loop: a handler is called there, and so are its futures and timers. So it is below.
        promise.futureResult.assumeIsolated().whenComplete { [self] _ in
            queuedWrites -= 1
            guard queuedWrites == 0 else { return }
            writesDirectly = !secure
            rare?.stall.moved()
        }
        call { context.writeAndFlush(wrapOutboundOut(frames), promise: promise) }
        if queuedWrites > 0, rareState.stall.begin(waitingBytes: bufferedBytes) { lookLater(context) }
    }

    /// A client may answer pings without reading, so its queue must shrink.
    private func lookLater(_ context: ChannelHandlerContext) {
        let time = TimeAmount(io.configuration.responseStallTimeout)
        context.eventLoop.assumeIsolated().scheduleTask(in: time) { [weak self] in self?.look() }
    }

    private func look() {
        guard let context, let rare else { return }
        switch rare.stall.look(waitingBytes: queuedWrites > 0 ? bufferedBytes : nil) {
        case .done: break
        case .moves: lookLater(context)
        case .stalled: closeStalled(context)
        }
    }

    private func closeStalled(_ context: ChannelHandlerContext) {
        switch target {
        case .local(let transport): transport.stalled()
        case .remote(let transport, let loop): loop.execute { transport.value.stalled() }
        case nil: break
        }
        context.close(promise: nil)
    }

    func settle(_ body: @escaping @Sendable () -> Void) -> Bool {
        guard hasUnread, let context else { return true }
        settle(until: context.eventLoop.now + Self.settlingTime, context, body)
        return false
    }

    private func settle(until deadline: NIODeadline, _ context: ChannelHandlerContext, _ body: @escaping @Sendable () -> Void) {
        context.eventLoop.assumeIsolated().scheduleTask(in: LoopShard.pause) { [self] in
            guard hasUnread, let context = self.context, context.eventLoop.now < deadline else { return body() }
            settle(until: deadline, context, body)
        }
    }

    func askUnread(_ body: @escaping @Sendable (Bool) -> Void) -> Bool? { hasUnread }

    /// Whether bytes of the client have arrived that the session has not got: they are in the kernel, or here.
    private var hasUnread: Bool {
        guard stage == .attached, !isClosing, let context, context.channel.isActive else { return false }
        descriptor = descriptor ?? DirectWrite.descriptor(of: context)
        return !(rare?.reports.isEmpty ?? true) || (descriptor.flatMap(DirectWrite.unreadBytes) ?? 0) > 0
    }

    /// Detects a client that answers pings without reading, while the kernel's buffer still has room.
    func checkIntake() {
        guard stage == .attached, !isClosing, let context, context.channel.isActive else { return }
        descriptor = descriptor ?? DirectWrite.descriptor(of: context)
        guard let descriptor, let waiting = DirectWrite.unacknowledgedBytes(of: descriptor) else { return }
        let isStalled = intake.look(
            sent: sentBytes, waiting: waiting + bufferedBytes, now: context.eventLoop.now,
            interval: TimeAmount(io.configuration.responseStallTimeout))
        guard isStalled else { return }
        // Later: the session is calling.
        context.eventLoop.assumeIsolated().execute { [weak self] in
            if let self, let context = self.context { closeStalled(context) }
        }
    }
}

extension WebSocketHandler {
    /// State that most connections never need, so that an idle one stores only a word for it.
    final class RareState {
        enum Report {
            case read(ByteBuffer)
            case readComplete
            case ended(error: Bool)
        }

        /// Frames written before the handler joined the pipeline, and the close that follows them.
        var frames = ByteBuffer()
        var closing: LinkClosing?
        /// The channel's reports during a call.
        var reports: Deque<Report> = []
        var reportedBytes = 0
        var hasDroppedBytes = false
        /// Bytes on their way to a session on another loop.
        var forwarded = 0
        /// Bytes received after the close.
        var lingered = 0
        /// Detects a client that does not take queued writes.
        var stall = StallWatch()
    }
}
