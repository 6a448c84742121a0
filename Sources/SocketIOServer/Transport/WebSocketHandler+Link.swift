import ChannelDescriptors
import DequeModule
import NIOCore

/// The link of a WebSocket on its channel's loop.
extension WebSocketHandler: FrameLink {
    /// How long a closed connection may take to end.
    private static let lingerTime = TimeAmount.seconds(2)
    /// How long bytes that have arrived may stay unread before nobody waits for them: as often as the reference looks at an upgrade.
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
        guard !rare.closesAfterFrames else { return }
        if rare.frames.readableBytes == 0 { rare.frames = frames } else { rare.frames.writeImmutableBuffer(frames) }
    }

    /// Writes through the channel's queue. When the queue is empty, frames may go straight to the kernel again.
    func writeThroughChannel(_ frames: ByteBuffer, _ context: ChannelHandlerContext) {
        writesDirectly = false
        queuedWrites += 1
        let promise = context.eventLoop.makePromise(of: Void.self)
        // `assumeIsolated()` stops the process off the loop: a handler is called there, and so are its futures.
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

    /// Bytes of the client have arrived, and lie in the kernel or here.
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

    func close(peerIsDone: Bool) {
        switch stage {
        case .early: rareState.closesAfterFrames = true
        case .attached: if peerIsDone { closeAfterPeer() } else { closeGently() }
        case .detached: break
        }
    }

    /// Both sides have sent close frames. TLS closes with an exchange of its own, and waiting bytes leave first.
    private func closeAfterPeer() {
        guard writesDirectly, !isClosing, let context else { return closeGently() }
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

extension WebSocketHandler {
    /// State that most connections never need, so that an idle one stores only a word for it.
    final class RareState {
        enum Report {
            case read(ByteBuffer)
            case readComplete
            case ended(error: Bool)
        }

        /// Frames written before the handler joined the pipeline, and whether a close follows them.
        var frames = ByteBuffer()
        var closesAfterFrames = false
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
