import NIOCore

/// Where WebSocket frames go: the channel under a session. A seam: a test or a faster transport puts its own in its place.
/// Used on the session's loop only.
protocol FrameLink: AnyObject {
    /// False: what is written now waits in memory.
    var isWritable: Bool { get }
    /// Bytes written and not yet taken by the kernel.
    var bufferedBytes: Int { get }
    /// Writes and flushes whole frames.
    func write(_ frames: ByteBuffer)
    /// Closes once all written bytes have gone out, or after a short time if the peer does not read.
    func close()
}
