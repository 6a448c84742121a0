import NIOCore

/// The link of a WebSocket whose channel lives on the session's loop: writes through its handler's context.
final class ChannelFrameLink: FrameLink {
    weak var handler: WebSocketHandler?
    /// Written before the handler stood in the pipeline.
    private var early = ByteBuffer()

    var isWritable: Bool { handler?.isWritable ?? true }
    var bufferedBytes: Int { handler?.bufferedBytes ?? early.readableBytes }

    func write(_ frames: ByteBuffer) {
        if let handler { handler.write(frames) } else { early.writeImmutableBuffer(frames) }
    }

    func close() { handler?.closeGently() }

    func attach(_ handler: WebSocketHandler) {
        self.handler = handler
        if early.readableBytes > 0 { handler.write(early) }
        early = ByteBuffer()
    }
}
