import NIOCore
import WebSocketCore

/// The frame decoder. The first byte chooses the end and its limits, the rest is what arrives.
enum WebSocketTarget {
    private struct Verdict: Equatable {
        var events: [WebSocketEvent] = []
        var failure: WebSocketProtocolError?
        var isWithinMessage = false
        /// Bytes that wait for more.
        var left = 0
    }

    static func run(_ bytes: [UInt8]) {
        guard let choice = bytes.first else { return }
        let role: WebSocketRole = choice & 1 == 0 ? .server : .client
        let limits =
            choice & 2 == 0 ? WebSocketLimits(maximumMessageBytes: 64, maximumFragments: 3) : WebSocketLimits(maximumMessageBytes: 100_000)
        let input = bytes.dropFirst()
        let whole = verdict([input], role, limits)
        check(verdict(pieces(input), role, limits) == whole, "bytes that are cut mean the same")
        check(verdict(input.indices.map { input[$0...$0] }, role, limits) == whole, "single bytes mean the same")
        var delivered = 0
        for event in whole.events {
            switch event {
            case .text(let text):
                check(String(validating: text.readableBytesView, as: UTF8.self) != nil, "text is UTF-8")
                check(text.readableBytes <= limits.maximumMessageBytes, "a message is within its limit")
                delivered += text.readableBytes
            case .binary(let bytes):
                check(bytes.readableBytes <= limits.maximumMessageBytes, "a message is within its limit")
                delivered += bytes.readableBytes
            case .ping(let payload), .pong(let payload):
                check(payload.readableBytes <= 125, "a control frame is short")
                delivered += payload.readableBytes
            case .close(_, let reason):
                check(reason.readableBytes <= 123, "a reason is short")
                check(String(validating: reason.readableBytesView, as: UTF8.self) != nil, "a reason is UTF-8")
                delivered += reason.readableBytes
            case .extended: check(false, "no extension was negotiated")
            }
        }
        check(delivered <= input.count, "no more comes out than went in")
        check(whole.left <= 14 + 125, "no more waits than the start of a frame")
        roundTrip(whole.events, role)
    }

    private static func verdict(_ pieces: [ArraySlice<UInt8>], _ role: WebSocketRole, _ limits: WebSocketLimits) -> Verdict {
        var decoder = WebSocketDecoder(role: role, limits: limits)
        var verdict = Verdict()
        var input = ByteBuffer()
        var scratch = ByteBuffer()
        for piece in pieces where verdict.failure == nil {
            input.writeBytes(piece)
            do throws(WebSocketProtocolError) {
                while let event = try decoder.next(&input, scratch: &scratch) { verdict.events.append(event) }
            } catch {
                verdict.failure = error
                check(decoder.isFinished, "a violation ends the stream")
            }
        }
        verdict.isWithinMessage = decoder.isWithinMessage
        verdict.left = verdict.failure == nil ? input.readableBytes : 0
        return verdict
    }

    /// What was understood, written by the other end, is understood the same.
    private static func roundTrip(_ events: [WebSocketEvent], _ role: WebSocketRole) {
        let mask: UInt32? = role == .server ? 0x1234_5678 : nil
        var written = ByteBuffer()
        for event in events {
            switch event {
            case .text(let text): WebSocketEncoder.write(opcode: .text, payload: text, mask: mask, into: &written)
            case .binary(let bytes): WebSocketEncoder.write(opcode: .binary, payload: bytes, mask: mask, into: &written)
            case .ping(let payload): WebSocketEncoder.write(opcode: .ping, payload: payload, mask: mask, into: &written)
            case .pong(let payload): WebSocketEncoder.write(opcode: .pong, payload: payload, mask: mask, into: &written)
            case .close(let code, let reason):
                WebSocketEncoder.writeClose(code: code, reason: String(buffer: reason), mask: mask, into: &written)
            case .extended: check(false, "no extension was negotiated")
            }
        }
        let again = verdict([Array(written.readableBytesView)[...]], role, WebSocketLimits())
        check(again.failure == nil && again.events == events, "what is written is read the same")
    }
}
