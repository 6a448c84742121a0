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
    /// Waits until the session has got everything that the client has sent before.
    ///
    /// - Parameter body: called on the session's loop in a later task, after 100 ms even if bytes are still unread.
    /// - Returns: True if nothing is unread. `body` is not called then.
    func settle(_ body: @escaping @Sendable () -> Void) -> Bool
    /// Tells whether bytes of the client have arrived that the session has not got.
    ///
    /// - Parameter body: called on the session's loop in a later task, if only the channel's loop knows.
    /// - Returns: Nil if `body` is called.
    func askUnread(_ body: @escaping @Sendable (Bool) -> Void) -> Bool?
    /// Checks whether the client takes written bytes, and closes it if it is stalled. Called with each ping.
    func checkIntake()
    func close(_ manner: LinkClosing)
}

/// How a link waits for its peer when it is closed.
enum LinkClosing {
    /// Written bytes leave within a short time. A channel that takes none now is closed at once.
    case gently
    /// All written bytes leave, as long as the peer takes some of them.
    case patiently
    /// The peer has sent its close frame, so that nothing more is expected from it.
    case afterPeer
}
