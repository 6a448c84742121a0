import NIOCore

/// The link of a WebSocket that was accepted on another loop than its session's: a batch of frames hops once.
final class RemoteFrameLink: FrameLink {
    private let channel: any Channel
    private let loop: any EventLoop
    private(set) var bufferedBytes = 0
    /// Past this, frames wait on the session's loop.
    private static let maximumBufferedBytes = 1 << 18
    /// Hears when frames may be written again: the channel tells of its own queue only, not of what is on its way there.
    weak var transport: WebSocketTransport?

    init(channel: any Channel, loop: any EventLoop) {
        self.channel = channel
        self.loop = loop
    }

    var isWritable: Bool { channel.isWritable && bufferedBytes < RemoteFrameLink.maximumBufferedBytes }

    func write(_ frames: ByteBuffer) {
        let count = frames.readableBytes
        bufferedBytes += count
        let bound = NIOLoopBound(self, eventLoop: loop)
        let loop = loop
        channel.writeAndFlush(frames).whenComplete { _ in
            loop.execute { bound.value.taken(count) }
        }
    }

    private func taken(_ count: Int) {
        let wasFull = bufferedBytes >= RemoteFrameLink.maximumBufferedBytes
        bufferedBytes -= count
        if wasFull, bufferedBytes < RemoteFrameLink.maximumBufferedBytes { transport?.becameWritable() }
    }

    func close() { channel.pipeline.fireUserInboundEventTriggered(WebSocketShouldClose()) }
}

/// Asks a WebSocket's handler, from another loop, to close its channel.
struct WebSocketShouldClose: Sendable {}
