import DequeModule
import EngineIOCore
import NIOCore

/// What a long-polling session holds between two requests: packets for the next GET, and the GET that waits.
struct PollingState {
    enum Packet {
        /// An Engine.IO packet, type character included.
        case text(ByteBuffer)
        case binary(ByteBuffer)

        var byteCount: Int {
            switch self {
            case .text(let bytes): bytes.readableBytes
            case .binary(let bytes): (bytes.readableBytes + 2) / 3 * 4 + 1
            }
        }
    }

    private var packets: Deque<Packet> = []
    private(set) var queuedBytes = 0
    private var waiting: EngineResponder?
    /// The session is closed; the next GET gets its last word.
    var isClosing = false

    var hasWaitingGET: Bool { waiting != nil }
    var isEmpty: Bool { packets.isEmpty }

    mutating func queue(_ packet: Packet) {
        packets.append(packet)
        queuedBytes += packet.byteCount + 1
    }

    mutating func takeQueue() -> Deque<Packet> {
        defer { discard() }
        return packets
    }

    mutating func discard() {
        packets = []
        queuedBytes = 0
    }

    /// A GET waits for packets.
    mutating func wait(_ responder: EngineResponder) { waiting = responder }

    /// The client has gone: nobody reads an answer.
    mutating func forget() { waiting = nil }

    /// Ends a waiting GET with one packet.
    mutating func release(with type: EnginePacketType) {
        guard let responder = waiting else { return }
        waiting = nil
        var body = ByteBuffer()
        PollingPayload.append(type, to: &body)
        responder.succeed(.payload(body))
    }

    /// Ends a waiting GET with what is queued, up to the size that the client was told it may expect.
    mutating func flush(maximumBytes: Int) {
        guard let responder = waiting, !packets.isEmpty else { return }
        waiting = nil
        responder.succeed(.payload(takePayload(maximumBytes: maximumBytes)))
    }

    private mutating func takePayload(maximumBytes: Int) -> ByteBuffer {
        var body = ByteBuffer()
        while let packet = packets.first {
            if body.readableBytes > 0, body.readableBytes + packet.byteCount + 1 > maximumBytes { break }
            packets.removeFirst()
            queuedBytes -= packet.byteCount + 1
            switch packet {
            case .text(let text): PollingPayload.append(encoded: text, to: &body)
            case .binary(let bytes): PollingPayload.append(binary: bytes, to: &body)
            }
        }
        return body
    }
}
