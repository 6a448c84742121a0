/// Limits of one packet. The transport limits its size.
public struct SocketIOLimits: Sendable, Hashable {
    /// Attachments of a packet.
    public var maximumAttachments: Int
    /// Bytes of all attachments of a packet together.
    public var maximumAttachmentBytes: Int
    /// Depth of nested arrays and objects.
    public var maximumDepth: Int
    /// Bytes of a namespace's name.
    public var maximumNamespaceBytes: Int
    /// Bytes of an event's name, as it is written.
    public var maximumEventNameBytes: Int

    public init(
        maximumAttachments: Int = 10, maximumAttachmentBytes: Int = 10_000_000, maximumDepth: Int = 128, maximumNamespaceBytes: Int = 256,
        maximumEventNameBytes: Int = 1_024
    ) {
        self.maximumAttachments = maximumAttachments
        self.maximumAttachmentBytes = maximumAttachmentBytes
        self.maximumDepth = maximumDepth
        self.maximumNamespaceBytes = maximumNamespaceBytes
        self.maximumEventNameBytes = maximumEventNameBytes
    }
}
