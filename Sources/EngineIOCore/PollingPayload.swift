public import NIOCore
import WebSocketCore

/// Packets in the body of a long-polling request or response: joined with 0x1E, binary as `b` and base64 (engine.io-protocol v4,
/// "HTTP long-polling").
public enum PollingPayload {
    public static let separator: UInt8 = 0x1E

    /// One packet of a request body. Slices share the body's storage.
    public enum Packet: Equatable, Sendable {
        case text(EnginePacketType, ByteBuffer)
        case binary(ByteBuffer)
    }

    public struct ParseError: Error, Equatable, Sendable {
        public init() {}
    }

    /// Takes a request body apart, packet by packet: those before a bad one are good. An empty body, an empty packet, an unknown type, bytes
    /// that are not UTF-8 and bad base64 are errors: the session must be closed.
    ///
    /// See ``PollingPayload/holds(atMost:_:)`` for a limit of packets.
    public struct Reader: Sendable {
        private var rest: ByteBuffer
        /// The last packet is taken.
        public private(set) var isAtEnd = false

        public init(_ body: ByteBuffer) { rest = body }

        /// nil: that was the last.
        public mutating func next() throws(ParseError) -> Packet? {
            guard !isAtEnd else { return nil }
            let length = rest.withUnsafeReadableBytes { $0.firstIndex(of: separator) } ?? rest.readableBytes
            guard let slice = rest.readSlice(length: length) else { throw ParseError() }
            isAtEnd = rest.readableBytes == 0
            if !isAtEnd { rest.moveReaderIndex(forwardBy: 1) }
            return try decodePacket(slice)
        }
    }

    /// Whether a request body has at most so many packets: one look at its bytes, before any of them is taken.
    public static func holds(atMost maximum: Int, _ body: ByteBuffer) -> Bool {
        // A packet has a byte at least, and a separator stands between two.
        guard body.readableBytes >= 2 * maximum else { return true }
        return body.withUnsafeReadableBytes { bytes in
            var separators = 0
            for byte in bytes where byte == separator { separators &+= 1 }
            return separators < maximum
        }
    }

    private static func decodePacket(_ slice: ByteBuffer) throws(ParseError) -> Packet {
        var slice = slice
        guard let first = slice.readInteger(as: UInt8.self) else { throw ParseError() }
        if first == UInt8(ascii: "b") {
            guard let bytes = Base64.decode(slice.readableBytesView) else { throw ParseError() }
            return .binary(bytes)
        }
        guard let type = EnginePacketType(rawValue: first), isUTF8(slice) else { throw ParseError() }
        return .text(type, slice)
    }

    private static func isUTF8(_ slice: ByteBuffer) -> Bool {
        slice.withUnsafeReadableBytes { bytes in
            var validator = UTF8Validator()
            return validator.consume(bytes) && validator.isComplete
        }
    }

    /// Appends one packet to a response body, with the separator where it is needed.
    public static func append(_ type: EnginePacketType, _ payload: ByteBuffer? = nil, to body: inout ByteBuffer) {
        if body.readableBytes > 0 { body.writeInteger(separator) }
        body.writeInteger(type.rawValue)
        if let payload { body.writeImmutableBuffer(payload) }
    }

    /// Appends a packet whose type character is already there.
    public static func append(encoded packet: ByteBuffer, to body: inout ByteBuffer) {
        if body.readableBytes > 0 { body.writeInteger(separator) }
        body.writeImmutableBuffer(packet)
    }

    /// Appends a binary message: `b` and base64.
    public static func append(binary payload: ByteBuffer, to body: inout ByteBuffer) {
        if body.readableBytes > 0 { body.writeInteger(separator) }
        body.writeInteger(UInt8(ascii: "b"))
        Base64.encode(payload.readableBytesView, into: &body)
    }
}
