import NIOCore

/// The link of a WebSocket on its channel's loop: writes through its handler's context. What comes before the handler stands in the
/// pipeline waits for it.
final class ChannelFrameLink: FrameLink {
    private weak var handler: WebSocketHandler?
    private var wasAttached = false
    private var early = ByteBuffer()
    private var closesEarly = false

    var isWritable: Bool { handler?.isWritable ?? true }
    var bufferedBytes: Int { handler?.bufferedBytes ?? early.readableBytes }

    func write(_ frames: ByteBuffer) {
        if let handler {
            handler.write(frames)
        } else if !wasAttached, !closesEarly {
            early.writeImmutableBuffer(frames)
        }
    }

    func close() {
        closesEarly = !wasAttached
        handler?.closeGently()
    }

    /// The handler stands in the pipeline.
    func attach(_ handler: WebSocketHandler) {
        self.handler = handler
        wasAttached = true
        if early.readableBytes > 0 { handler.write(early) }
        early = ByteBuffer()
        if closesEarly { handler.closeGently() }
    }
}
