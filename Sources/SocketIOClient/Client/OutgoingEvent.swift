import NIOCore
import SocketIOCore

/// An outgoing event. It is encoded once, where it is sent, and may then wait or be repeated.
struct OutgoingEvent: Sendable {
    let name: String
    /// The arguments as in the packet, with commas between them, written like one value. Nil if there are none.
    private(set) var arguments: JSONSlice?
    let attachments: [ByteBuffer]

    init(_ name: String, _ arguments: [any JSONWritable], attachments: [ByteBuffer]) {
        self.init(name, attachments: attachments) { writer in
            for argument in arguments { argument.write(to: &writer) }
        }
    }

    init(_ name: String, attachments: [ByteBuffer], arguments body: (inout JSONWriter) -> Void) {
        self.name = name
        var writer = JSONWriter()
        writer.attachments = attachments
        body(&writer)
        self.attachments = writer.attachments ?? []
        arguments = writer.buffer.readableBytes > 0 ? JSONSlice(unchecked: writer.buffer) : nil
    }

    /// With one more argument.
    func appending(_ argument: String) -> OutgoingEvent {
        var copy = self
        var writer = JSONWriter()
        copy.write(to: &writer)
        writer.string(argument)
        copy.arguments = JSONSlice(unchecked: writer.buffer)
        return copy
    }

    func write(to writer: inout JSONWriter) {
        if let arguments { writer.raw(arguments) }
    }

    var byteCount: Int {
        name.utf8.count + (arguments?.bytes.readableBytes ?? 0) + attachments.reduce(0) { $0 + $1.readableBytes }
    }
}
