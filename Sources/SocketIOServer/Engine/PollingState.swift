import DequeModule
import EngineIOCore
import NIOCore

/// The state of a long-polling session between two requests: packets for the next GET, or the GET that waits. It makes no calls: a method
/// that ends a GET returns the answer, which the owner sends. It is an object of its own, because a session that begins with a WebSocket
/// needs none.
final class PollingState {
    enum Message {
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

    struct Packet {
        let message: Message
        /// False: whoever sent it does not want it compressed.
        let mayCompress: Bool
        /// Other connections have it too.
        let isShared: Bool

        /// Memory that no other connection shares, beside ``PollingState/packetOverhead``.
        var ownBytes: Int { isShared ? 0 : message.byteCount }
    }

    /// The answer to a GET that waited.
    struct Answer {
        let responder: EngineResponder
        let payload: Payload

        func give() { responder.answer(.payload(payload)) }
    }

    /// The memory of a packet beside its bytes. For a small packet it is the larger part.
    static let packetOverhead = 160

    private var packets: Deque<Packet> = []
    private var payloadBytes = 0
    private var ownPayloadBytes = 0
    private var waiting: EngineResponder?
    /// The number of GETs that took packets or wait for some.
    private(set) var fetches: UInt32 = 0
    /// The value of ``fetches`` when the current deadline was set. Nil without a deadline.
    var fetchesAtDeadline: UInt32?
    /// Who asks for something that is decided behind what the client sent over a WebSocket.
    var overtaking: Set<ObjectIdentifier> = []
    /// The POST whose packets are being taken.
    var post: PollingPost?
    /// The session is closed, and the next GET gets this last answer.
    var isClosing = false

    var hasWaitingGET: Bool { waiting != nil }
    var isEmpty: Bool { packets.isEmpty }
    var count: Int { packets.count }
    /// Memory that waits for the client.
    var queuedBytes: Int { payloadBytes + packets.count * PollingState.packetOverhead }

    /// The part of it that no other connection shares.
    var ownBytes: Int { ownPayloadBytes + packets.count * PollingState.packetOverhead }

    func isWaiting(_ asker: ObjectIdentifier) -> Bool { waiting?.asker == asker }

    func queue(_ message: Message, mayCompress: Bool = true, isShared: Bool = false) {
        let packet = Packet(message: message, mayCompress: mayCompress, isShared: isShared)
        packets.append(packet)
        payloadBytes += message.byteCount
        ownPayloadBytes += packet.ownBytes
    }

    func takeQueue() -> Deque<Packet> {
        let taken = packets
        discard()
        return taken
    }

    func discard() {
        packets = []
        payloadBytes = 0
        ownPayloadBytes = 0
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

    /// The queued packets, up to the payload size that was announced to the client.
    func takePayload(maximumBytes: Int) -> Payload {
        fetches &+= 1
        var body = ByteBuffer()
        var mayCompress = false
        body.reserveCapacity(min(payloadBytes, maximumBytes))
        while let packet = packets.first {
            if body.readableBytes > 0, body.readableBytes + packet.message.byteCount > maximumBytes { break }
            packets.removeFirst()
            payloadBytes -= packet.message.byteCount
            ownPayloadBytes -= packet.ownBytes
            // As in the reference, one packet that may be compressed is enough.
            mayCompress = mayCompress || packet.mayCompress
            switch packet.message {
            case .text(let text): PollingPayload.append(encoded: text, to: &body)
            case .binary(let bytes): PollingPayload.append(binary: bytes, to: &body)
            }
        }
        // The memory of a long queue is released.
        if packets.isEmpty { packets = [] }
        return Payload(bytes: body, mayCompress: mayCompress)
    }

    static func payload(of types: [EnginePacketType]) -> Payload {
        var body = ByteBuffer()
        for type in types { PollingPayload.append(type, to: &body) }
        return Payload(bytes: body, mayCompress: false)
    }
}

/// The packets that answer a GET.
struct Payload: Sendable, Equatable {
    let bytes: ByteBuffer
    let mayCompress: Bool
}
