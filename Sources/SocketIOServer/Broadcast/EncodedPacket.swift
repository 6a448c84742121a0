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
    /// False: whoever sent it does not want it compressed.
    var mayCompress = true

    /// Bytes of all its messages.
    var byteCount: Int { attachments.reduce(frame.readableBytes) { $0 + $1.readableBytes } }

    /// Writes the head of the packet into the room before the event's text, or into a copy if others hold the text too.
    ///
    /// - Parameter id: the acknowledgement's number, if the event asks for one.
    init(_ event: consuming EventPacket, namespace: String, id: UInt64? = nil) {
        attachments = event.attachments
        var buffer = ByteBuffer()
        // Moved out of the event, so that nobody else holds it.
        swap(&buffer, &event.text)
        let head = SocketIOHead(
            kind: attachments.isEmpty ? .event : .binaryEvent, attachments: attachments.count, namespace: namespace, id: id)
        let payload = 1 + head.byteCount + buffer.readableBytes
        let header = WebSocketEncoder.headerBytes(payloadBytes: payload)
        let before = header + 1 + head.byteCount
        if buffer.readerIndex < before {
            var roomy = ByteBuffer()
            roomy.reserveCapacity(before + buffer.readableBytes)
            roomy.moveWriterIndex(to: before)
            roomy.moveReaderIndex(to: before)
            roomy.writeImmutableBuffer(buffer)
            buffer = roomy
        }
        let start = buffer.readerIndex - before
        withUnsafeTemporaryAllocation(byteCount: before, alignment: 8) { bytes in
            WebSocketEncoder.writeHeader(opcode: .text, payloadBytes: payload, to: bytes)
            bytes[header] = EnginePacketType.message.rawValue
            head.write(to: UnsafeMutableRawBufferPointer(rebasing: bytes[(header + 1)...]))
            buffer.setBytes(UnsafeRawBufferPointer(bytes), at: start)
        }
        buffer.moveReaderIndex(to: start)
        frame = buffer
        text = buffer.getSlice(at: start + header, length: payload) ?? buffer
    }

    /// - Parameter body: appends the Socket.IO packet and returns its attachments.
    init(_ body: (inout ByteBuffer) -> [ByteBuffer]) {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(256)
        var attachments: [ByteBuffer] = []
        WebSocketEncoder.writeFrame(opcode: .text, into: &buffer) { buffer in
            buffer.writeInteger(EnginePacketType.message.rawValue)
            attachments = body(&buffer)
        }
        self.attachments = attachments
        frame = buffer
        let payload = buffer.readableBytes - EncodedPacket.headerLength(of: buffer)
        text = buffer.getSlice(at: buffer.writerIndex - payload, length: payload) ?? buffer
    }

    /// RFC 6455 §5.2: 2, 4 or 10 bytes; a server's frames have no masking key.
    static func headerLength(of frame: ByteBuffer) -> Int {
        switch frame.getInteger(at: frame.readerIndex + 1, as: UInt8.self) {
        case 126: 4
        case 127: 10
        default: 2
        }
    }
}

extension EncodedPacket {
    /// The compressed forms, to be made when a receiver needs one. Nil if the packet is shorter than that many bytes, or must not be compressed.
    func forms(from threshold: Int) -> CompressedForms? { mayCompress && byteCount >= threshold ? CompressedForms() : nil }

    /// The event as its receivers read it. Nil for any other packet.
    var event: Arguments? {
        var packet = text
        packet.moveReaderIndex(forwardBy: 1)
        let limits = SocketIOLimits(
            maximumAttachments: .max, maximumDepth: .max, maximumNamespaceBytes: .max, maximumEventNameBytes: .max)
        guard let decoded = try? SocketIOPacket.decode(packet, limits: limits, from: .server),
            decoded.kind == .event || decoded.kind == .binaryEvent
        else { return nil }
        return Arguments(decoded, attachments: attachments)
    }
}

/// An event on its way to sockets, the same for every loop.
struct Broadcast: Sendable {
    let packet: EncodedPacket
    let namespace: NamespaceIndex
    let options: BroadcastOptions
    /// Nil if it is not compressed for anybody.
    let compressed: CompressedForms?

    /// - Parameter compressionThreshold: bytes; shorter packets are not compressed.
    init(packet: EncodedPacket, namespace: NamespaceIndex, options: BroadcastOptions, compressionThreshold: Int = .max) {
        var packet = packet
        packet.mayCompress = options.flags.compress != false
        self.packet = packet
        self.namespace = namespace
        self.options = options
        compressed = packet.forms(from: compressionThreshold)
    }
}
