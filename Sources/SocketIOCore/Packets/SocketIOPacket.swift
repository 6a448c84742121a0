public import NIOCore

/// A packet as it was received, its payload validated and unparsed: `<kind>[attachments-][namespace,][id][payload]`.
public struct SocketIOPacket: Sendable {
    /// Who sent a packet: a client must not refuse a connection.
    public enum Sender: Sendable, Hashable {
        case client, server
    }

    public let kind: SocketIOPacketKind
    /// "/" when the packet names none.
    public let namespace: String
    /// The number of the acknowledgement that an event asks for, or that an ack is.
    public let id: UInt64?
    /// Binary messages that follow this packet.
    public let attachmentCount: Int
    /// A JSON text, or empty: an array for events and acks, an object for connect.
    public let payload: ByteBuffer
    /// An event's name; empty for other packets, and for an event without a payload.
    public let eventName: String
    /// The elements of an event's or an ack's array.
    let elements: JSONElementIndex

    /// An event that carries nothing, not even a name: tolerated, and to be ignored.
    public var isEmptyEvent: Bool { (self.kind == .event || self.kind == .binaryEvent) && self.payload.readableBytes == 0 }

    /// The payload, if there is one.
    public var json: JSONSlice? { self.payload.readableBytes == 0 ? nil : JSONSlice(unchecked: self.payload) }
}
