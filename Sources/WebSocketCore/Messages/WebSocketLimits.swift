/// What one peer may make the other hold.
public struct WebSocketLimits: Sendable, Hashable {
    /// The size of a message, all its fragments together. A larger one is refused from the header that exceeds it, before the
    /// payload arrives, with ``WebSocketCloseCode/messageTooBig``.
    public var maximumMessageBytes: Int
    /// Frames a message may be split into: a flood of tiny continuations costs more than its bytes.
    public var maximumFragments: Int

    public init(maximumMessageBytes: Int = 1_000_000, maximumFragments: Int = 1_024) {
        precondition(maximumMessageBytes >= 0 && maximumFragments >= 1, "A connection needs room for one frame")
        self.maximumMessageBytes = maximumMessageBytes
        self.maximumFragments = maximumFragments
    }
}
