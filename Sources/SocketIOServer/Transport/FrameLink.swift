import NIOCore

/// Where WebSocket frames go: the channel under a session. A seam: a test or a faster transport puts its own in its place.
/// Used on the session's loop only.
///
/// No method calls back: what the channel reads or reports while it writes or closes reaches the session in a later task of the loop.
protocol FrameLink: AnyObject {
    /// False: what is written now waits in memory.
    var isWritable: Bool { get }
    /// Bytes written and not yet taken by the kernel.
    var bufferedBytes: Int { get }
    /// Writes and flushes whole frames.
    func write(_ frames: ByteBuffer)
    /// Reads nothing more from the client, or goes on: the session has packets that it has not come to yet.
    func holdReading(_ isHeld: Bool)
    /// Looks whether the client takes what was written, and closes if it is stalled. Called with each ping.
    func checkIntake()
    /// Closes once all written bytes have gone out, or after a short time if the peer does not read.
    /// - Parameter peerIsDone: the peer has said its last (its close frame): nothing of it is waited for.
    func close(peerIsDone: Bool)
}
