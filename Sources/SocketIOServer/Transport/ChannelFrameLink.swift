import NIOCore

/// The link of a WebSocket on its channel's loop: writes through its handler, and buffers frames written before the handler joins the
/// pipeline.
final class ChannelFrameLink: FrameLink {
    private enum State {
        /// The frames written so far, and whether a close follows them.
        case early(ByteBuffer, closes: Bool)
        /// A strong reference, since a weak one would make every retain of the handler slow. The handler clears it when it leaves the
        /// pipeline.
        case attached(WebSocketHandler)
        case detached
    }

    private var state: State

    /// - Parameter response: written before the first frame.
    init(response: ByteBuffer = ByteBuffer()) { state = .early(response, closes: false) }

    var isWritable: Bool {
        switch state {
        case .early: true
        case .attached(let handler): handler.isWritable
        case .detached: false
        }
    }

    var bufferedBytes: Int {
        switch state {
        case .early(let frames, _): frames.readableBytes
        case .attached(let handler): handler.bufferedBytes
        case .detached: 0
        }
    }

    func write(_ frames: ByteBuffer) {
        switch state {
        case .early(var buffer, closes: false):
            // Moved out of the property while it grows. Otherwise each frame would copy all earlier ones.
            state = .detached
            buffer.writeImmutableBuffer(frames)
            state = .early(buffer, closes: false)
        case .attached(let handler): handler.write(frames)
        case .early, .detached: break
        }
    }

    func holdReading(_ isHeld: Bool) {
        if case .attached(let handler) = state { handler.holdReading(isHeld) }
    }

    func checkIntake() {
        if case .attached(let handler) = state { handler.checkIntake() }
    }

    func close(peerIsDone: Bool) {
        switch state {
        case .early(let frames, _): state = .early(frames, closes: true)
        case .attached(let handler): if peerIsDone { handler.closeAfterPeer() } else { handler.closeGently() }
        case .detached: break
        }
    }

    /// The handler has joined the pipeline.
    func attach(_ handler: WebSocketHandler) {
        guard case .early(let frames, let closes) = state else { return }
        state = .attached(handler)
        if frames.readableBytes > 0 { handler.write(frames) }
        if closes { handler.closeGently() }
    }

    /// The handler has left the pipeline.
    func detach() { state = .detached }
}
