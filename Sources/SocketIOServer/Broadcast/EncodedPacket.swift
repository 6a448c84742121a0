import EngineIOCore
import NIOCore
import SocketIOCore
import WebSocketCore

/// A packet encoded once for all who get it: the bytes of its WebSocket frame, whose tail is the Engine.IO text that polling sends.
struct EncodedPacket: Sendable {
    /// The whole frame, header included.
    let frame: ByteBuffer
    /// The Engine.IO packet: the frame without its header.
    let text: ByteBuffer
    /// Binary messages that follow it.
    let attachments: [ByteBuffer]

    /// Bytes of all its messages.
    var byteCount: Int { attachments.reduce(frame.readableBytes) { $0 + $1.readableBytes } }

    /// - Parameter body: appends the Socket.IO packet.
    init(attachments: [ByteBuffer] = [], _ body: (inout ByteBuffer) -> Void) {
        self.attachments = attachments
        var buffer = ByteBuffer()
        buffer.reserveCapacity(256)
        WebSocketEncoder.writeFrame(opcode: .text, into: &buffer) { buffer in
            buffer.writeInteger(EnginePacketType.message.rawValue)
            body(&buffer)
        }
        frame = buffer
        let header = EncodedPacket.headerLength(of: buffer)
        text = buffer.getSlice(at: buffer.readerIndex + header, length: buffer.readableBytes - header) ?? buffer
    }

    static func event(_ name: String, namespace: String, arguments: [any JSONWritable]) -> EncodedPacket {
        EncodedPacket { buffer in
            SocketIOEncoder.event(name, namespace: namespace, id: nil, into: &buffer) { writer in
                for argument in arguments { argument.write(to: &writer) }
            }
        }
    }

    /// RFC 6455 §5.2: 2, 4 or 10 bytes; a server's frames have no masking key.
    private static func headerLength(of frame: ByteBuffer) -> Int {
        switch frame.getInteger(at: frame.readerIndex + 1, as: UInt8.self) {
        case 126: 4
        case 127: 10
        default: 2
        }
    }
}
