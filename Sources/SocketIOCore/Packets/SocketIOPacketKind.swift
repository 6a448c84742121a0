/// The digit a Socket.IO packet begins with.
public enum SocketIOPacketKind: UInt8, Sendable, Hashable {
    case connect = 0
    case disconnect
    case event
    case ack
    case connectError
    case binaryEvent
    case binaryAck

    /// Whether attachments follow the packet, one binary message each.
    @inlinable
    public var isBinary: Bool { self == .binaryEvent || self == .binaryAck }

    /// The kind of the same packet with attachments.
    var binary: SocketIOPacketKind {
        switch self {
        case .event: .binaryEvent
        case .ack: .binaryAck
        default: self
        }
    }

    /// An event's array begins with its name.
    var elementsBeforeArguments: Int { self == .event || self == .binaryEvent ? 1 : 0 }
}
