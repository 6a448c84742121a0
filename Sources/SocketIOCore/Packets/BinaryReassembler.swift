public import NIOCore

/// Joins a packet with the binary messages that follow it.
public struct BinaryReassembler: Sendable {
    /// The result of taking a message.
    public enum Outcome: Sendable {
        /// A packet with all its attachments.
        case complete(SocketIOPacket, [ByteBuffer])
        /// More binary messages must follow before anything else.
        case pending
    }

    private let limits: SocketIOLimits
    private var packet: SocketIOPacket?
    private var attachments: [ByteBuffer] = []
    private var bytes = 0

    public init(limits: SocketIOLimits = SocketIOLimits()) {
        self.limits = limits
    }

    /// Whether binary messages must follow.
    public var isPending: Bool { packet != nil }

    /// Takes a packet. Without attachments it is complete at once.
    @inline(__always)
    public mutating func receive(_ packet: SocketIOPacket) throws(SocketIOProtocolError) -> Outcome {
        if self.packet != nil { throw fail(.textDuringReassembly) }
        if packet.attachmentCount == 0 { return .complete(packet, []) }
        self.packet = packet
        return .pending
    }

    /// Takes a binary message.
    public mutating func receive(binary: ByteBuffer) throws(SocketIOProtocolError) -> Outcome {
        guard let packet = self.packet else { throw fail(.unexpectedBinary) }
        bytes += binary.readableBytes
        guard bytes <= limits.maximumAttachmentBytes else { throw fail(.attachmentsTooBig) }
        self.attachments.append(binary)
        guard self.attachments.count == packet.attachmentCount else { return .pending }
        let attachments = self.attachments
        reset()
        return .complete(packet, attachments)
    }

    /// Drops the incomplete packet.
    public mutating func reset() {
        packet = nil
        attachments = []
        bytes = 0
    }

    private mutating func fail(_ kind: SocketIOProtocolError.Kind) -> SocketIOProtocolError {
        reset()
        return SocketIOProtocolError(kind)
    }
}
