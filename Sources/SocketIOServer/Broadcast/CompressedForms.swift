import NIOConcurrencyHelpers
import NIOCore
import WebSocketCore

/// The compressed frames of a packet that several connections get. They are made once per window size, for the first receiver that agreed
/// to it. Each message is compressed on its own, even if the client allows a context.
final class CompressedForms: Sendable {
    /// By the window's bits.
    private let forms = NIOLockedValueBox<[Int: ByteBuffer]>([:])

    /// The frames of all messages of the packet. Another loop that asks at the same time waits, as it would do the same work.
    func frames(of packet: EncodedPacket, for compression: ConnectionCompression) -> ByteBuffer {
        let bits = compression.windowBits
        let frames = forms.withLockedValue { forms in
            if let known = forms[bits] { return known }
            var made = ByteBuffer()
            CompressedForms.append(packet.text, .text, compression, to: &made)
            for attachment in packet.attachments { CompressedForms.append(attachment, .binary, compression, to: &made) }
            forms[bits] = made
            return made
        }
        compression.sendsShared()
        return frames
    }

    private static func append(
        _ message: ByteBuffer, _ opcode: WebSocketOpcode, _ compression: ConnectionCompression, to frames: inout ByteBuffer
    ) {
        if let deflated = compression.deflateAlone(message) {
            WebSocketEncoder.write(opcode: opcode, payload: deflated, reservedBits: .rsv1, into: &frames)
        } else {
            WebSocketEncoder.write(opcode: opcode, payload: message, into: &frames)
        }
    }
}

extension ConnectionCompression {
    /// Compresses a data frame in place, if that makes it shorter. The frame is sent next.
    func replace(_ frame: inout ByteBuffer) {
        guard let first = frame.getInteger(at: frame.readerIndex, as: UInt8.self), let opcode = WebSocketOpcode(rawValue: first & 0x0F),
            !opcode.isControl
        else { return }
        let header = EncodedPacket.headerLength(of: frame)
        guard let payload = frame.getSlice(at: frame.readerIndex + header, length: frame.readableBytes - header),
            let deflated = deflate(payload)
        else { return }
        frame = ByteBuffer()
        WebSocketEncoder.write(opcode: opcode, payload: deflated, reservedBits: .rsv1, into: &frame)
    }
}
