public import NIOCore
public import SocketIOCore

/// An event before its encoding for clients: its name and arguments as one JSON array, and the binary attachments that belong to them.
public struct EventPacket: Sendable {
    /// `["name", argument, …]`. There is room before it, so that a packet and its frame can be written around the text in place.
    var text: ByteBuffer
    /// Binary messages, each standing where the array has `{"_placeholder":true,"num":n}`.
    public let attachments: [ByteBuffer]

    /// Enough for a frame's header, and a packet's head with a namespace of a usual length.
    static let headroom = 64

    /// - Parameter arguments: writes the arguments; called once, within this call. Binary values become attachments.
    public init(_ event: String, _ arguments: [any JSONWritable]) {
        self.init(event, attachments: []) { writer in
            for argument in arguments { argument.write(to: &writer) }
        }
    }

    /// An event with arguments as they were received, attachments included: no value is parsed.
    public init(_ event: String, _ arguments: Arguments) {
        self.init(event, attachments: arguments.attachments) { $0.raw(arguments) }
    }

    /// - Returns: nil if the JSON value is not an array that begins with the event's name.
    public init?(array: JSONSlice, attachments: [ByteBuffer] = []) {
        guard array.kind == .array, array[0]?.kind == .string else { return nil }
        self.attachments = attachments
        text = EventPacket.emptyText(reserving: array.bytes.readableBytes)
        text.writeImmutableBuffer(array.bytes)
    }

    private init(_ event: String, attachments: [ByteBuffer], _ arguments: (inout JSONWriter) -> Void) {
        var text = EventPacket.emptyText(reserving: 192)
        var attachments = attachments
        JSONWriter.append(to: &text, attachments: &attachments) { writer in
            writer.beginArray()
            writer.string(event)
            arguments(&writer)
            writer.endArray()
        }
        self.text = text
        self.attachments = attachments
    }

    private static func emptyText(reserving bytes: Int) -> ByteBuffer {
        var text = ByteBuffer()
        text.reserveCapacity(headroom + bytes)
        text.moveWriterIndex(to: headroom)
        text.moveReaderIndex(to: headroom)
        return text
    }

    /// `["name", argument, …]`.
    public var array: JSONSlice { JSONSlice(unchecked: text) }
    public var name: String { array[0]?.string ?? "" }
    /// The arguments, without the name.
    public var arguments: [JSONSlice] { Array(array.elements.dropFirst()) }

    /// The event with one more argument behind the others.
    public func appending(_ argument: any JSONWritable) -> EventPacket {
        var copy = self
        copy.text.moveWriterIndex(to: copy.text.writerIndex - 1)
        copy.text.writeStaticString(",")
        JSONWriter.append(to: &copy.text) { argument.write(to: &$0) }
        copy.text.writeStaticString("]")
        return copy
    }

    /// Bytes of the text and of all attachments.
    var byteCount: Int { attachments.reduce(text.readableBytes) { $0 + $1.readableBytes } }
}
