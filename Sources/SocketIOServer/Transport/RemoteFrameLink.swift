import NIOCore

/// The link of a WebSocket that was accepted on another loop than its session's: a batch of frames hops once.
final class RemoteFrameLink: FrameLink {
    private let channel: any Channel
    private let loop: any EventLoop
    private(set) var bufferedBytes = 0

    init(channel: any Channel, loop: any EventLoop) {
        self.channel = channel
        self.loop = loop
    }

    var isWritable: Bool { channel.isWritable && bufferedBytes < 1 << 18 }

    func write(_ frames: ByteBuffer) {
        let count = frames.readableBytes
        bufferedBytes += count
        let bound = NIOLoopBound(self, eventLoop: loop)
        let loop = loop
        channel.writeAndFlush(frames).whenComplete { _ in
            loop.execute { bound.value.bufferedBytes -= count }
        }
    }

    func close() { channel.pipeline.fireUserInboundEventTriggered(WebSocketShouldClose()) }
}

/// Asks a WebSocket's handler, from another loop, to close its channel.
struct WebSocketShouldClose: Sendable {}
