import NIOCore

/// The link of a WebSocket that was accepted on another loop than its session's: a batch of frames hops once, and reaches the channel
/// through its handler. Through the pipeline it could meet the HTTP handlers of a connection that ended on the way to its WebSocket.
final class RemoteFrameLink: FrameLink {
    private let channel: any Channel
    private let outlet: NIOLoopBound<ChannelFrameLink>
    private let loop: any EventLoop
    /// Bytes on their way to the channel's loop.
    private var bytesOnTheWay = 0
    /// Past this, frames wait on the session's loop.
    private static let maximumBytesOnTheWay = 1 << 22
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

    var isWritable: Bool { channel.isWritable && bytesOnTheWay < RemoteFrameLink.maximumBytesOnTheWay }

    /// What is on the way to a writable channel is the loop's delay, not the client's.
    var bufferedBytes: Int { channel.isWritable ? 0 : bytesOnTheWay }

    func write(_ frames: ByteBuffer) {
        let count = frames.readableBytes
        bytesOnTheWay += count
        let bound = NIOLoopBound(self, eventLoop: loop)
        let loop = loop
        let outlet = outlet
        channel.eventLoop.execute {
            outlet.value.write(frames)
            loop.execute { bound.value.taken(count) }
        }
    }

    private func taken(_ count: Int) {
        let wasFull = bytesOnTheWay >= RemoteFrameLink.maximumBytesOnTheWay
        bytesOnTheWay -= count
        if wasFull, bytesOnTheWay < RemoteFrameLink.maximumBytesOnTheWay { transport?.becameWritable() }
    }

    func holdReading(_ isHeld: Bool) {
        let outlet = outlet
        channel.eventLoop.execute { outlet.value.holdReading(isHeld) }
    }

    func checkIntake() {
        let outlet = outlet
        channel.eventLoop.execute { outlet.value.checkIntake() }
    }

    func close(peerIsDone: Bool) {
        let outlet = outlet
        channel.eventLoop.execute { outlet.value.close(peerIsDone: peerIsDone) }
    }
}
