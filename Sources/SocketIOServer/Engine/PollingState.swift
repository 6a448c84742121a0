import DequeModule
import EngineIOCore
import NIOCore

/// What a long-polling session holds between two requests: packets for the next GET, and the GET that waits. It calls nobody: a method that
/// ends a GET returns the answer, and its owner gives it. An object of its own: a session that begins with a WebSocket has none.
final class PollingState {
    enum Packet {
        /// An Engine.IO packet, type character included.
        case text(ByteBuffer)
        case binary(ByteBuffer)

        /// Bytes in a payload, a separator included.
        var byteCount: Int {
            switch self {
            case .text(let bytes): bytes.readableBytes + 1
            case .binary(let bytes): (bytes.readableBytes + 2) / 3 * 4 + 2
            }
        }
    }

    /// The answer to a GET that waited.
    struct Answer {
        let responder: EngineResponder
        let payload: ByteBuffer

        func give() { responder.answer(.payload(payload)) }
    }

    /// What a packet takes in memory beside its bytes: a small one is mostly this.
    static let packetOverhead = 160

    private var packets: Deque<Packet> = []
    private var payloadBytes = 0
    private var waiting: EngineResponder?
    /// GETs that took packets, or wait for some.
    private(set) var fetches: UInt32 = 0
    /// ``fetches`` when the deadline for the next one was set; nil: none is.
    var fetchesAtDeadline: UInt32?
    /// The POST whose packets are being taken.
    var post: PollingPost?
    /// The session is closed; the next GET gets its last word.
    var isClosing = false

    var hasWaitingGET: Bool { waiting != nil }
    var isEmpty: Bool { packets.isEmpty }
    var count: Int { packets.count }
    /// Memory that waits for the client.
    var queuedBytes: Int { payloadBytes + packets.count * PollingState.packetOverhead }

    func isWaiting(_ asker: ObjectIdentifier) -> Bool { waiting?.asker == asker }

    func queue(_ packet: Packet) {
        packets.append(packet)
        payloadBytes += packet.byteCount
    }

    func takeQueue() -> Deque<Packet> {
        let taken = packets
        discard()
        return taken
    }

    func discard() {
        packets = []
        payloadBytes = 0
    }

    /// A GET waits for packets.
    func wait(_ responder: EngineResponder) {
        fetches &+= 1
        waiting = responder
    }

    /// Ends a waiting GET with these packets.
    func release(with types: EnginePacketType...) -> Answer? {
        waiting.take().map { Answer(responder: $0, payload: PollingState.payload(of: types)) }
    }

    /// Ends a waiting GET with what is queued, if anything is.
    func flush(maximumBytes: Int) -> Answer? {
        guard !packets.isEmpty, let responder = waiting.take() else { return nil }
        return Answer(responder: responder, payload: takePayload(maximumBytes: maximumBytes))
    }

    /// What is queued, up to the size that the client was told it may expect.
    func takePayload(maximumBytes: Int) -> ByteBuffer {
        fetches &+= 1
        var body = ByteBuffer()
        body.reserveCapacity(min(payloadBytes, maximumBytes))
        while let packet = packets.first {
            if body.readableBytes > 0, body.readableBytes + packet.byteCount > maximumBytes { break }
            packets.removeFirst()
            payloadBytes -= packet.byteCount
            switch packet {
            case .text(let text): PollingPayload.append(encoded: text, to: &body)
            case .binary(let bytes): PollingPayload.append(binary: bytes, to: &body)
            }
        }
        // A queue that was long once does not keep its room.
        if packets.isEmpty { packets = [] }
        return body
    }

    static func payload(of types: [EnginePacketType]) -> ByteBuffer {
        var body = ByteBuffer()
        for type in types { PollingPayload.append(type, to: &body) }
        return body
    }
}
