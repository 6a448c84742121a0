import NIOCore

/// The link of a WebSocket whose channel lives on the session's loop: writes through its handler.
final class ChannelFrameLink: FrameLink {
    private enum State {
        /// The handler does not stand in the pipeline yet; what is written waits for it.
        case early(ByteBuffer)
        /// Strong, since a weak reference makes every retain of the handler a slow one: the handler lets go when it leaves the pipeline.
        case attached(WebSocketHandler)
        case detached
    }

    private var state = State.early(ByteBuffer())

    var isWritable: Bool {
        switch state {
        case .early: true
        case .attached(let handler): handler.isWritable
        case .detached: false
        }
    }

    var bufferedBytes: Int {
        switch state {
        case .early(let frames): frames.readableBytes
        case .attached(let handler): handler.bufferedBytes
        case .detached: 0
        }
    }

    func write(_ frames: ByteBuffer) {
        switch state {
        case .early(var buffer):
            buffer.writeImmutableBuffer(frames)
            state = .early(buffer)
        case .attached(let handler): handler.write(frames)
        case .detached: break
        }
    }

    func close() {
        if case .attached(let handler) = state { handler.closeGently() }
    }

    func attach(_ handler: WebSocketHandler) {
        guard case .early(let frames) = state else { return }
        state = .attached(handler)
        if frames.readableBytes > 0 { handler.write(frames) }
    }

    func detach() { state = .detached }
}
