import NIOCore
import SocketIOCore

/// The body of an answer: a JSON object, encoded once for the event and for the acknowledgement.
struct JSONBody: JSONWritable, Sendable {
    /// The object's text, braces included.
    private let text: ByteBuffer

    static let empty = JSONBody(text: ByteBuffer(string: "{}"))

    private init(text: ByteBuffer) { self.text = text }

    /// Encodes a payload, which must encode as an object.
    init(_ payload: some Encodable) {
        var writer = JSONWriter()
        JSONEncoded(payload).write(to: &writer)
        let isObject = writer.buffer.getInteger(at: writer.buffer.readerIndex, as: UInt8.self) == UInt8(ascii: "{")
        assert(isObject, "a payload is an object")
        self.init(text: isObject ? writer.buffer : ByteBuffer(string: "{}"))
    }

    /// An object with the members that `members` writes.
    init(_ members: (inout JSONWriter) -> Void) {
        var writer = JSONWriter()
        writer.object(members)
        self.init(text: writer.buffer)
    }

    /// With the request's latency stamp, as it was sent.
    func stamped(_ sentAt: JSONSlice?) -> JSONBody {
        guard let sentAt else { return self }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(text.readableBytes + sentAt.bytes.readableBytes + 16)
        if let head = text.getSlice(at: text.readerIndex, length: text.readableBytes - 1) { buffer.writeImmutableBuffer(head) }
        buffer.writeStaticString(isEmpty ? "\"_sentAt\":" : ",\"_sentAt\":")
        buffer.writeImmutableBuffer(sentAt.bytes)
        buffer.writeStaticString("}")
        return JSONBody(text: buffer)
    }

    /// As an acknowledgement has it: `{"ok": true, …}`.
    var acknowledged: JSONBody {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(text.readableBytes + 12)
        buffer.writeStaticString(isEmpty ? "{\"ok\":true" : "{\"ok\":true,")
        if let rest = text.getSlice(at: text.readerIndex + 1, length: text.readableBytes - 1) { buffer.writeImmutableBuffer(rest) }
        return JSONBody(text: buffer)
    }

    private var isEmpty: Bool { text.readableBytes == 2 }

    /// The object as a value that others pass on.
    var slice: JSONSlice { JSONSlice(unchecked: text) }

    func write(to writer: inout JSONWriter) { writer.raw(slice) }
}
