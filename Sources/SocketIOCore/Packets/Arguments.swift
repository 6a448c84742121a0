public import NIOCore

/// What an event or an acknowledgement carries, parsed only as far as it is asked for.
///
/// The arguments keep the memory of what was received alive: hold on to decoded values rather than to these.
public struct Arguments: Sendable {
    /// The binary attachments, in their order.
    public let attachments: [ByteBuffer]

    private let packet: SocketIOPacket
    private let firstElement: Int

    /// The arguments of an event.
    public init(event packet: consuming SocketIOPacket, attachments: [ByteBuffer] = []) {
        self.packet = packet
        self.firstElement = 1
        self.attachments = attachments
    }

    /// The arguments of an acknowledgement.
    public init(ack packet: consuming SocketIOPacket, attachments: [ByteBuffer] = []) {
        self.packet = packet
        self.firstElement = 0
        self.attachments = attachments
    }

    /// The event's name; empty for an acknowledgement.
    public var name: String { self.packet.eventName }

    /// How many there are, the name not among them.
    public var count: Int { max(self.packet.elements.count &- self.firstElement, 0) }

    /// An argument; the JSON value null when there are not so many.
    public subscript(index: Int) -> JSONSlice {
        guard index >= 0, index < self.count else { return .null }
        let start = self.packet.elements[index &+ self.firstElement]
        let end = self.packet.payload.withUnsafeReadableBytes { raw in
            var scanner = JSONScanner(raw, at: start)
            scanner.skipValue()
            return scanner.position
        }
        return JSONSlice(unchecked: JSONSlice.slice(start..<end, of: self.packet.payload))
    }

    /// The first argument, null when there is none.
    public var first: JSONSlice { self[0] }

    /// All arguments.
    public var all: [JSONSlice] { (0..<self.count).map { self[$0] } }

    /// Gives the text of all arguments as it was received, commas and all, without the brackets and without an event's name.
    @inline(__always)
    package func withUnsafeText<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        guard self.count > 0 else { return body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        let start = self.packet.elements[self.firstElement]
        return self.packet.payload.withUnsafeReadableBytes { raw in
            // White space may stand behind the bracket.
            var end = raw.count &- 1
            while end > start, raw[end] != JSONByte.closeBracket { end &-= 1 }
            return body(UnsafeRawBufferPointer(rebasing: raw[start..<end]))
        }
    }

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
