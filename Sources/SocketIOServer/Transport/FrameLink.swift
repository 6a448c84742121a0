import NIOCore

/// The destination of a session's WebSocket frames: a channel, or a test's double. Used on the session's loop only.
///
/// No method calls back: what the channel reads or reports during a write or close reaches the session in a later task of the loop.
protocol FrameLink: AnyObject {
    /// If false, further writes wait in memory.
    var isWritable: Bool { get }
    /// Bytes written and not yet taken by the kernel.
    var bufferedBytes: Int { get }
    /// Writes and flushes whole frames.
    func write(_ frames: ByteBuffer)
    /// Pauses or resumes reading from the client. The session pauses it while it has packets that it has not taken yet.
    func holdReading(_ isHeld: Bool)
    /// Waits until what the client sent before now has been handed to the session.
    ///
    /// - Parameter body: called on the session's loop in a later task. What stays unread for 100 ms is not waited for.
    /// - Returns: True: nothing is unread, and `body` is not called.
    func settle(_ body: @escaping @Sendable () -> Void) -> Bool
    /// Checks whether the client takes written bytes, and closes it if it is stalled. Called with each ping.
    func checkIntake()
    /// Closes once all written bytes have gone out, or after a short time if the peer does not read.
    /// - Parameter peerIsDone: true if the peer has sent its close frame, so that nothing more is expected from it.
    func close(peerIsDone: Bool)
}
