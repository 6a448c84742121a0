public import NIOCore

/// What an event or an acknowledgement carries, parsed only as far as it is asked for.
///
/// The arguments keep the memory of what was received alive: hold on to decoded values rather than to these.
public struct Arguments: Sendable {
    /// The event's name; empty for an acknowledgement.
    public let name: String
    /// The binary attachments, in their order.
    public let attachments: [ByteBuffer]
    /// How many there are, the name not among them.
    public let count: Int

    private let payload: ByteBuffer
    private let elements: JSONElementIndex
    private let firstElement: Int

    /// The arguments of an event.
    @inline(__always)
    public init(event packet: SocketIOPacket, attachments: [ByteBuffer] = []) {
        self.init(packet, firstElement: 1, attachments: attachments)
    }

    /// The arguments of an acknowledgement.
    @inline(__always)
    public init(ack packet: SocketIOPacket, attachments: [ByteBuffer] = []) {
        self.init(packet, firstElement: 0, attachments: attachments)
    }

    private init(_ packet: SocketIOPacket, firstElement: Int, attachments: [ByteBuffer]) {
        self.name = packet.eventName
        self.attachments = attachments
        self.payload = packet.payload
        self.elements = packet.elements
        self.firstElement = firstElement
        self.count = max(packet.elements.count &- firstElement, 0)
    }

    /// An argument; the JSON value null when there are not so many.
    public subscript(index: Int) -> JSONSlice {
        guard index >= 0, index < self.count else { return .null }
        let start = self.elements[index &+ self.firstElement]
        let end = self.payload.withUnsafeReadableBytes { raw in
            var scanner = JSONScanner(raw, at: start)
            scanner.skipValue()
            return scanner.position
        }
        return JSONSlice(unchecked: JSONSlice.slice(start..<end, of: self.payload))
    }

    /// The first argument, null when there is none.
    public var first: JSONSlice { self[0] }

    /// All arguments.
    public var all: [JSONSlice] { (0..<self.count).map { self[$0] } }

    /// Decodes an argument.
    /// - Throws: `DecodingError`.
    public func decode<T: Decodable>(_ type: T.Type = T.self, at index: Int = 0) throws -> T {
        try self[index].decode(type)
    }

    /// The attachment that an argument is, if it is one.
    public func binary(at index: Int) -> ByteBuffer? { self.binary(for: self[index]) }

    /// The attachment that a value within an argument is, if it is one.
    public func binary(for slice: JSONSlice) -> ByteBuffer? {
        guard !self.attachments.isEmpty, let number = slice.bytes.withUnsafeReadableBytes({ SocketIOPlaceholders.number($0) }),
            number < self.attachments.count
        else { return nil }
        return self.attachments[number]
    }
}
