public import JSONCore
public import NIOCore

/// A packet as it was received, its payload validated and unparsed: `<kind>[attachments-][namespace,][id][payload]`.
public struct SocketIOPacket: Sendable {
    /// Who sent a packet: a client must not refuse a connection.
    public enum Sender: Sendable, Hashable {
        case client, server
    }

    package let received: ReceivedPacket

    package init(_ received: ReceivedPacket) { self.received = received }

    public var kind: SocketIOPacketKind { received.kind }
    /// "/" when the packet names none.
    public var namespace: String { received.namespace }
    /// The number of the acknowledgement that an event asks for, or that an ack is.
    public var id: UInt64? { received.id }
    /// Binary messages that follow this packet.
    public var attachmentCount: Int { received.attachmentCount }
    /// A JSON text, or empty: an array for events and acks, an object for connect.
    public var payload: ByteBuffer { received.payload }
    /// An event's name; empty for other packets, and for an event without a payload.
    public var eventName: String { received.eventName }

    /// An event that carries nothing, not even a name: tolerated, and to be ignored.
    public var isEmptyEvent: Bool { (kind == .event || kind == .binaryEvent) && !received.hasPayload }

    /// The payload, if there is one.
    public var json: JSONSlice? {
        let payload = self.payload
        return payload.readableBytes == 0 ? nil : JSONSlice(unchecked: payload)
    }
}
