import NIOCore
import Testing
import WebSocketCore

@Suite("Frames that are written")
struct EncodingTests {
    static let lengths = [0, 1, 7, 8, 9, 124, 125, 126, 127, 1_000, 65_534, 65_535, 65_536, 100_000]

    @Test("an unmasked frame is what the RFC shows")
    func hello() {
        var out = ByteBuffer()
        WebSocketEncoder.write(opcode: .text, payload: buffer("Hello"), into: &out)
        #expect(out == buffer([0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]))
    }

    @Test("a masked frame is what the RFC shows")
    func masked() {
        var out = ByteBuffer()
        WebSocketEncoder.write(opcode: .text, payload: buffer("Hello"), mask: 0x37FA_213D, into: &out)
        #expect(out == buffer([0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]))
    }

    @Test("a frame is what is put together by hand", arguments: lengths)
    func byHand(count: Int) {
        let payload = (0..<count).map { UInt8($0 % 256) }
        var out = ByteBuffer()
        WebSocketEncoder.write(opcode: .binary, payload: buffer(payload), fin: false, mask: 0x0102_03FF, into: &out)
        #expect(out == buffer(RawFrame(fin: false, opcode: 2, payload: payload, mask: [1, 2, 3, 0xFF]).bytes))
    }

    @Test("a frame of unknown length is the same as one of known length, after what the buffer held", arguments: lengths)
    func unknownLength(count: Int) {
        let payload = (0..<count).map { UInt8($0 % 256) }
        var known = buffer("before"), unknown = known
        WebSocketEncoder.write(opcode: .binary, payload: buffer(payload), into: &known)
        WebSocketEncoder.writeFrame(opcode: .binary, into: &unknown) { $0.writeBytes(payload) }
        #expect(known == unknown)
        WebSocketEncoder.writeFrame(opcode: .text, into: &unknown) { $0.writeString("more") }
        #expect(unknown.readableBytes == known.readableBytes + 6)
    }

    @Test("a masked frame of unknown length is the same as one of known length", arguments: lengths)
    func maskedUnknownLength(count: Int) {
        let payload = (0..<count).map { UInt8($0 % 256) }
        var known = buffer("before"), unknown = known
        WebSocketEncoder.write(opcode: .binary, payload: buffer(payload), mask: 0x0102_03FF, into: &known)
        WebSocketEncoder.writeFrame(opcode: .binary, mask: 0x0102_03FF, into: &unknown) { $0.writeBytes(payload) }
        #expect(known == unknown)
    }

    @Test("each role reads what the other writes", arguments: lengths)
    func roundTrip(count: Int) throws {
        let payload = buffer([UInt8](repeating: 0x61, count: count))
        for (mask, role) in [(0xDEAD_BEEF, WebSocketRole.server), (nil, .client)] as [(UInt32?, WebSocketRole)] {
            var out = ByteBuffer()
            WebSocketEncoder.write(opcode: .text, payload: payload, mask: mask, into: &out)
            #expect(Verdict(Array(out.readableBytesView), role: role).events == [.text(payload)])
        }
    }

    @Test("a close frame has its code and reason")
    func close() {
        var out = ByteBuffer()
        WebSocketEncoder.writeClose(code: .serviceRestart, reason: "restart", into: &out)
        #expect(Verdict(Array(out.readableBytesView), role: .client).events == [.close(.serviceRestart, reason: buffer("restart"))])
    }

    @Test("a close frame without a code is empty")
    func emptyClose() {
        var out = ByteBuffer()
        WebSocketEncoder.writeClose(code: nil, reason: "ignored", into: &out)
        #expect(out == buffer([0x88, 0x00]))
    }

    @Test("a long reason is cut between characters")
    func longReason() throws {
        var out = ByteBuffer()
        WebSocketEncoder.writeClose(code: .normal, reason: String(repeating: "ü", count: 100), into: &out)
        #expect(
            Verdict(Array(out.readableBytesView), role: .client).events == [
                .close(.normal, reason: buffer(String(repeating: "ü", count: 61)))
            ])
    }
}
