import JSONCore
package import NIOCore

/// One packet as it was received: its text, and the positions of its parts. Packets, arguments and requests are handles on it, so that
/// passing one on costs a single retain and nothing else.
///
/// Its memory is its own and not a `ByteBuffer`'s, because the hot path reads and fills it without a reference count or a check of
/// exclusive access. Safe to share (`@unchecked Sendable`): only its creator fills and parses it, while nobody else holds a reference. Once
/// it is handed out it never changes, and its memory lives as long as it does.
@usableFromInline
package final class ReceivedPacket: @unchecked Sendable {
    /// The result of parsing. Positions count from the first byte of the text.
    @usableFromInline
    package struct Contents {
        /// Bytes of the text.
        @usableFromInline package var count = 0
        @usableFromInline var kind = SocketIOPacketKind.event
        @usableFromInline var isInMainNamespace = true
        @usableFromInline var hasID = false
        @usableFromInline var id: UInt64 = 0
        var attachmentCount = 0
        /// The payload, without white space around it; empty when there is none.
        var payload = 0..<0
        /// The depth of nested containers in the payload.
        var depth = 0
        /// An event's name as it is written, without its quotes.
        @usableFromInline var name = 0..<0
        @usableFromInline var nameHasEscapes = false
        /// The arguments as they are written, with commas and without the brackets.
        @usableFromInline var arguments = 0..<0

        init() {}
    }

    /// The text's memory.
    @usableFromInline package let bytes: UnsafeMutableRawPointer
    package let capacity: Int
    @usableFromInline package let contents: UnsafeMutablePointer<Contents>
    /// Where the elements of an event's or an ack's array begin.
    private(set) var elements = JSONElementIndex()
    /// The namespace, if it is another one than "/".
    private var otherNamespace = ""
    private(set) var attachments: [ByteBuffer] = []

    /// A packet to be filled: its text goes to `bytes`, its length to `contents.pointee.count`.
    package init(capacity: Int) {
        bytes = .allocate(byteCount: capacity, alignment: 8)
        self.capacity = capacity
        contents = .allocate(capacity: 1)
        contents.initialize(to: Contents())
    }

    deinit {
        bytes.deallocate()
        contents.deallocate()
    }

    /// A packet with a copy of a text.
    package convenience init(text: ByteBuffer) {
        self.init(capacity: text.readableBytes)
        text.withUnsafeReadableBytes { source in
            UnsafeMutableRawBufferPointer(start: self.bytes, count: self.capacity).copyMemory(from: source)
        }
        contents.pointee.count = text.readableBytes
    }

    /// The same packet with its attachments.
    func with(attachments: [ByteBuffer]) -> ReceivedPacket {
        let copy = ReceivedPacket(capacity: text.count)
        UnsafeMutableRawBufferPointer(start: copy.bytes, count: copy.capacity).copyMemory(from: text)
        copy.contents.pointee = contents.pointee
        copy.elements = elements
        copy.otherNamespace = otherNamespace
        copy.attachments = attachments
        return copy
    }

    /// For functions of this type only: nobody else may have a pointer that could outlive the packet.
    @usableFromInline
    var text: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: bytes, count: contents.pointee.count) }

    package var byteCount: Int { contents.pointee.count }

    /// Calls `body` with the packet's text, which is valid during the call.
    @inlinable
    @inline(__always)
    package func withText<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withExtendedLifetime(self) { () throws(Failure) in try body(UnsafeRawBufferPointer(start: bytes, count: contents.pointee.count))
        }
    }

    /// Calls `body` with the arguments as they are written, which are valid during the call.
    @inlinable
    @inline(__always)
    package func withArguments<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withText { (text) throws(Failure) in try body(UnsafeRawBufferPointer(rebasing: text[contents.pointee.arguments])) }
    }

    // MARK: What was found

    @inlinable
    package var kind: SocketIOPacketKind { contents.pointee.kind }

    @inlinable
    package var isInMainNamespace: Bool { contents.pointee.isInMainNamespace }

    /// The number of the acknowledgement that an event asks for, or that an ack is.
    @inlinable
    package var id: UInt64? { contents.pointee.hasID ? contents.pointee.id : nil }

    /// Whether the event's name is written exactly like this. A name that is written with escapes never is.
    @inlinable
    package func isNamed(_ name: ShortEventName) -> Bool {
        !contents.pointee.nameHasEscapes
            && name.equals(UnsafeRawBufferPointer(rebasing: text[contents.pointee.name]))
    }

    var namespace: String { isInMainNamespace ? "/" : otherNamespace }
    var attachmentCount: Int { contents.pointee.attachmentCount }
    var hasPayload: Bool { !contents.pointee.payload.isEmpty }
    /// A copy; empty if there is none.
    var payload: ByteBuffer { ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: text[contents.pointee.payload])) }

    var eventName: String {
        JSONString.decode(
            UnsafeRawBufferPointer(rebasing: text[contents.pointee.name]), hasEscapes: contents.pointee.nameHasEscapes)
    }

    // MARK: Parsing

    /// Reads the packet that begins at `offset` of the text, over what was read before. See ``SocketIOPacket/decode(_:limits:from:)``.
    package func parse(
        at offset: Int, limits: SocketIOLimits, from sender: SocketIOPacket.Sender
    ) throws(SocketIOProtocolError) {
        let text = self.text
        guard offset < text.count else { throw SocketIOProtocolError(.emptyPacket) }
        guard let kind = SocketIOPacketKind(rawValue: text[offset] &- JSONByte.zero) else { throw SocketIOProtocolError(.unknownKind) }
        if kind == .connectError, sender == .client { throw SocketIOProtocolError(.forbiddenKind) }

        var contents = Contents()
        contents.count = text.count
        contents.kind = kind
        var head = SocketIOPacketHead(JSONScanner(text, at: offset &+ 1))
        if kind.isBinary { contents.attachmentCount = try head.attachmentCount(limits) }
        if let namespace = try head.namespace(limits), namespace != "/" {
            contents.isInMainNamespace = false
            otherNamespace = namespace
        }
        if let id = try head.ackID() {
            contents.hasID = true
            contents.id = id
        }

        let start = head.position
        var elements = JSONElementIndex()
        if start < text.count {
            var scanner = JSONScanner(text, at: start)
            do throws(JSONSyntaxError) {
                (contents.payload, contents.depth) = try scanner.validate(
                    maximumDepth: limits.maximumDepth, elements: &elements, collects: true)
            } catch {
                throw SocketIOProtocolError(.invalidJSON, cause: error)
            }
            let name = try SocketIOPayload.check(text, at: contents.payload.lowerBound, kind: kind, elements: elements, limits: limits)
            contents.name = name.range
            contents.nameHasEscapes = name.hasEscapes
            let first = kind.elementsBeforeArguments
            if elements.count > first { contents.arguments = elements[first]..<contents.payload.upperBound &- 1 }
            if kind.isBinary {
                try SocketIOPlaceholders.check(
                    UnsafeRawBufferPointer(rebasing: text[contents.payload]), attachmentCount: contents.attachmentCount)
            }
        } else if kind.isBinary {
            throw SocketIOProtocolError(.invalidPayload)
        }
        self.elements = elements
        self.contents.pointee = contents
    }
}
