import NIOCore

/// The link of a WebSocket that was accepted on another loop than its session's: a batch of frames hops once, and reaches the channel
/// through its handler. A write through the pipeline could reach the HTTP handlers of a connection that ended during its upgrade.
final class RemoteFrameLink: FrameLink {
    private let channel: any Channel
    private let outlet: NIOLoopBound<any FrameLink>
    private let loop: any EventLoop
    /// Bytes on their way to the channel's loop.
    private var bytesOnTheWay = 0
    /// Beyond this, frames wait on the session's loop.
    private static let maximumBytesOnTheWay = 1 << 22
    /// Called when frames may be written again. The channel reports only its own queue, not the bytes on their way there.
    weak var transport: WebSocketTransport?

    /// - Parameters:
    ///   - outlet: the link on the channel's loop.
    ///   - loop: the session's.
    init(channel: any Channel, outlet: NIOLoopBound<any FrameLink>, loop: any EventLoop) {
        self.channel = channel
        self.outlet = outlet
        self.loop = loop
    }

    var isWritable: Bool { channel.isWritable && bytesOnTheWay < RemoteFrameLink.maximumBytesOnTheWay }

    /// Bytes on their way to a writable channel are delayed by the loop and not by the client.
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

    /// What the channel's loop has read is on its way to the session's, and comes before `body`.
    func settle(_ body: @escaping @Sendable () -> Void) -> Bool {
        let outlet = outlet
        let loop = loop
        channel.eventLoop.execute {
            if outlet.value.settle({ loop.execute(body) }) { loop.execute(body) }
        }
        return false
    }

    /// As with ``settle(_:)``, what was read comes before `body`.
    func askUnread(_ body: @escaping @Sendable (Bool) -> Void) -> Bool? {
        let outlet = outlet
        let loop = loop
        channel.eventLoop.execute {
            let hasUnread = outlet.value.askUnread(body) ?? false
            loop.execute { body(hasUnread) }
        }
        return nil
    }

    func checkIntake() {
        let outlet = outlet
        channel.eventLoop.execute { outlet.value.checkIntake() }
    }

    func close(_ manner: LinkClosing) {
        let outlet = outlet
        channel.eventLoop.execute { outlet.value.close(manner) }
    }
}
