import NIOCore
import WebSocketCore

/// A frame put together by hand, so that the decoder is not checked against the encoder of the same author alone.
struct RawFrame {
    var fin = true
    var rsv: UInt8 = 0
    var opcode: UInt8
    var payload: [UInt8] = []
    var mask: [UInt8]? = [0x37, 0xFA, 0x21, 0x3D]
    /// 0, 2 or 8 bytes of length; `nil` takes the shortest.
    var lengthBytes: Int?

    var bytes: [UInt8] {
        var bytes: [UInt8] = [(fin ? 0x80 : 0) | rsv << 4 | opcode]
        let masked: UInt8 = self.mask == nil ? 0 : 0x80
        let count = payload.count
        switch self.lengthBytes ?? (count <= 125 ? 0 : count <= 65_535 ? 2 : 8) {
        case 0: bytes.append(UInt8(count) | masked)
        case 2:
            bytes.append(126 | masked)
            bytes += [UInt8(count >> 8), UInt8(count & 0xFF)]
        default:
            bytes.append(127 | masked)
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(UInt64(count) >> UInt64(shift) & 0xFF)) }
        }
        if let mask {
            bytes += mask
            bytes += payload.enumerated().map { $1 ^ mask[$0 % 4] }
        } else {
            bytes += payload
        }
        return bytes
    }

    static func text(_ text: String, fin: Bool = true) -> RawFrame { RawFrame(fin: fin, opcode: 1, payload: Array(text.utf8)) }
    static func binary(_ bytes: [UInt8], fin: Bool = true) -> RawFrame { RawFrame(fin: fin, opcode: 2, payload: bytes) }
    static func continuation(_ text: String, fin: Bool) -> RawFrame { RawFrame(fin: fin, opcode: 0, payload: Array(text.utf8)) }
    static func close(_ payload: [UInt8]) -> RawFrame { RawFrame(opcode: 8, payload: payload) }
}

/// Feeds a decoder as a connection would.
struct Feed {
    var decoder: WebSocketDecoder
    var input = ByteBuffer()
    var scratch = ByteBuffer()

    init(role: WebSocketRole = .server, limits: WebSocketLimits = WebSocketLimits()) {
        decoder = WebSocketDecoder(role: role, limits: limits)
    }

    mutating func receive(_ bytes: some Sequence<UInt8>) throws(WebSocketProtocolError) -> [WebSocketEvent] {
        input.writeBytes(bytes)
        var events: [WebSocketEvent] = []
        while let event = try decoder.next(&input, scratch: &scratch) { events.append(event) }
        return events
    }

    mutating func receive(_ frames: [RawFrame]) throws(WebSocketProtocolError) -> [WebSocketEvent] {
        try receive(frames.flatMap(\.bytes))
    }
}

/// What a decoder makes of bytes that arrive in the given pieces: its events, and what it threw.
struct Verdict: Equatable {
    var events: [WebSocketEvent] = []
    var failure: WebSocketProtocolError.Kind?

    init(_ pieces: [[UInt8]], role: WebSocketRole = .server, limits: WebSocketLimits = WebSocketLimits()) {
        var feed = Feed(role: role, limits: limits)
        do throws(WebSocketProtocolError) {
            for piece in pieces {
                feed.input.writeBytes(piece)
                while let event = try feed.decoder.next(&feed.input, scratch: &feed.scratch) { events.append(event) }
            }
        } catch {
            self.failure = error.kind
        }
    }

    init(_ bytes: [UInt8], role: WebSocketRole = .server, limits: WebSocketLimits = WebSocketLimits()) {
        self.init([bytes], role: role, limits: limits)
    }
}

func buffer(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }
func buffer(_ bytes: [UInt8]) -> ByteBuffer { ByteBuffer(bytes: bytes) }
