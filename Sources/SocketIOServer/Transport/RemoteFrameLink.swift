import NIOCore

/// The link of a WebSocket that was accepted on another loop than its session's: a batch of frames hops once, and reaches the channel
/// through its handler. Through the pipeline it could meet the HTTP handlers of a connection that ended on the way to its WebSocket.
final class RemoteFrameLink: FrameLink {
    private let channel: any Channel
    private let outlet: NIOLoopBound<ChannelFrameLink>
    private let loop: any EventLoop
    private(set) var bufferedBytes = 0
    /// Past this, frames wait on the session's loop.
    private static let maximumBufferedBytes = 1 << 18
    /// Hears when frames may be written again: the channel tells of its own queue only, not of what is on its way there.
    weak var transport: WebSocketTransport?

    /// - Parameters:
    ///   - outlet: the link on the channel's loop.
    ///   - loop: the session's.
    init(channel: any Channel, outlet: NIOLoopBound<ChannelFrameLink>, loop: any EventLoop) {
        self.channel = channel
        self.outlet = outlet
        self.loop = loop
    }

    var isWritable: Bool { channel.isWritable && bufferedBytes < RemoteFrameLink.maximumBufferedBytes }

    func write(_ frames: ByteBuffer) {
        let count = frames.readableBytes
        bufferedBytes += count
        let bound = NIOLoopBound(self, eventLoop: loop)
        let loop = loop
        let outlet = outlet
        channel.eventLoop.execute {
            outlet.value.write(frames)
            loop.execute { bound.value.taken(count) }
        }
    }

    private func taken(_ count: Int) {
        let wasFull = bufferedBytes >= RemoteFrameLink.maximumBufferedBytes
        bufferedBytes -= count
        if wasFull, bufferedBytes < RemoteFrameLink.maximumBufferedBytes { transport?.becameWritable() }
    }

    func close() {
        let outlet = outlet
        channel.eventLoop.execute { outlet.value.close() }
    }
}
