public import JSONCore
public import NIOCore

/// What an event or an acknowledgement carries, parsed only as far as it is asked for.
///
/// They keep the received text alive. A slice has its own copy of its bytes.
public struct Arguments: Sendable {
    @usableFromInline package let packet: ReceivedPacket

    /// What an event or an acknowledgement carries, and the binary messages that came with it.
    public init(_ packet: SocketIOPacket, attachments: [ByteBuffer] = []) {
        self.packet = attachments.isEmpty ? packet.received : packet.received.with(attachments: attachments)
    }

    @inlinable
    package init(_ packet: ReceivedPacket) { self.packet = packet }

    /// The binary attachments, in their order.
    public var attachments: [ByteBuffer] { packet.attachments }

    /// The event's name; empty for an acknowledgement.
    public var name: String { packet.eventName }

    /// The number of the acknowledgement that an event asks for.
    @inlinable
    package var acknowledgementID: UInt64? { packet.id }

    /// The number of arguments, without the name.
    public var count: Int { max(packet.elements.count &- packet.kind.elementsBeforeArguments, 0) }

    /// An argument. JSON's null if there are fewer.
    public subscript(index: Int) -> JSONSlice {
        guard index >= 0, index < count else { return .null }
        return packet.withText { text in
            var scanner = JSONScanner(text, at: packet.elements[index &+ packet.kind.elementsBeforeArguments])
            let start = scanner.position
            scanner.skipValue()
            return JSONSlice(unchecked: ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: text[start..<scanner.position])))
        }
    }

    /// Whether an argument is within limits of length and depth; a missing one is null. Copies nothing, reads nothing if the packet's size
    /// shows that the argument is within the limits, and stops at the first container that is too deep.
    public func isWithin(maximumBytes: Int, maximumDepth: Int, at index: Int = 0) -> Bool {
        guard index >= 0, index < count else { return true }
        let elements = packet.elements
        let number = index &+ packet.kind.elementsBeforeArguments
        let end = number &+ 1 < elements.count ? elements[number &+ 1] : packet.contents.pointee.arguments.upperBound
        return packet.withText { text in
            let scanner = JSONScanner(text, at: elements[number])
            // Bytes between this and the next argument are subtracted only if they decide.
            if end &- scanner.position > maximumBytes {
                var last = scanner
                last.skipValue()
                guard last.position &- scanner.position <= maximumBytes else { return false }
            }
            // The array of the arguments is a level of its own, which is not the argument's.
            return packet.contents.pointee.depth &- 1 <= maximumDepth || !scanner.isNested(deeperThan: maximumDepth)
        }
    }

    /// The first argument. JSON's null if there is none.
    public var first: JSONSlice { self[0] }

    /// The bytes that the arguments keep in memory: the packet's text and its attachments.
    package var byteCount: Int { packet.byteCount + attachments.reduce(0) { $0 + $1.readableBytes } }

    /// All arguments.
    public var all: [JSONSlice] { (0..<count).map { self[$0] } }

    /// Decodes an argument. A `ByteBuffer` within it is the attachment that stands there.
    /// - Throws: `DecodingError`.
    public func decode<T: Decodable>(_ type: T.Type = T.self, at index: Int = 0) throws -> T {
        try self[index].decode(type, attachments: attachments)
    }

    /// Decodes the acknowledgement of a declared event.
    ///
    /// - Throws: ``SocketIOError`` if the other end answered with one; `DecodingError`.
    package func decodeAnswer<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        let answer = first
        if let error = SocketIOError(answer) { throw error }
        return try answer.decode(type, attachments: attachments)
    }

    /// The attachment that an argument is, if it is one.
    public func binary(at index: Int) -> ByteBuffer? { binary(for: self[index]) }

    /// The attachment that a value within an argument is, if it is one.
    public func binary(for slice: JSONSlice) -> ByteBuffer? {
        guard !attachments.isEmpty, let number = slice.bytes.withUnsafeReadableBytes({ SocketIOPlaceholders.number($0) }),
            number < attachments.count
        else { return nil }
        return attachments[number]
    }
}

extension JSONWriter {
    /// Appends all arguments as they were received, as elements of the array that is being written.
    package mutating func raw(_ arguments: Arguments) {
        arguments.packet.withArguments { text in
            guard !text.isEmpty else { return }
            separate()
            buffer.writeBytes(text)
        }
    }
}
