import NIOCore
import Testing
import WebSocketCore

@Suite("Frames that are refused")
struct FrameViolationTests {
    @Test("reserved bits", arguments: [1, 2, 4, 7] as [UInt8])
    func reservedBits(bits: UInt8) {
        let verdict = Verdict(RawFrame(rsv: bits, opcode: 1).bytes)
        #expect(verdict.failure == .reservedBits)
        #expect(verdict.events.isEmpty)
    }

    @Test("reserved opcodes", arguments: [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] as [UInt8])
    func reservedOpcodes(opcode: UInt8) {
        #expect(Verdict(RawFrame(opcode: opcode).bytes).failure == .reservedOpcode)
    }

    @Test("a frame without a mask to a server")
    func maskMissing() {
        #expect(Verdict(RawFrame(opcode: 1, payload: [97], mask: nil).bytes).failure == .maskMissing)
    }

    @Test("a masked frame to a client")
    func maskForbidden() {
        #expect(Verdict(RawFrame.text("a").bytes, role: .client).failure == .maskForbidden)
    }

    @Test("control frames in fragments", arguments: [8, 9, 10] as [UInt8])
    func fragmentedControl(opcode: UInt8) {
        #expect(Verdict(RawFrame(fin: false, opcode: opcode).bytes).failure == .fragmentedControlFrame)
    }

    @Test("control frames of 125 bytes pass, of 126 do not", arguments: [9, 10] as [UInt8])
    func controlLength(opcode: UInt8) {
        #expect(Verdict(RawFrame(opcode: opcode, payload: [UInt8](repeating: 0, count: 125)).bytes).events.count == 1)
        #expect(Verdict(RawFrame(opcode: opcode, payload: [UInt8](repeating: 0, count: 126)).bytes).failure == .controlFrameTooLong)
    }

    @Test("lengths in a longer form than they need", arguments: [(0, 2), (125, 2), (126, 8), (65_535, 8), (3, 8)])
    func notMinimal(count: Int, lengthBytes: Int) {
        let frame = RawFrame(opcode: 2, payload: [UInt8](repeating: 0, count: count), lengthBytes: lengthBytes)
        #expect(Verdict(frame.bytes).failure == .lengthNotMinimal)
    }

    @Test("a length with its highest bit set")
    func highestBit() {
        #expect(Verdict([0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 1]).failure == .lengthOutOfRange)
        #expect(Verdict([0x82, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]).failure == .lengthOutOfRange)
    }

    @Test("a violation is found in the first two bytes, without waiting for more")
    func early() {
        #expect(Verdict([0xC1, 0x80]).failure == .reservedBits)
        #expect(Verdict([0x81, 0x05]).failure == .maskMissing)
    }

    @Test("after a violation everything is discarded")
    func afterViolation() throws {
        var feed = Feed()
        #expect(throws: WebSocketProtocolError(.reservedOpcode)) { try feed.receive([RawFrame(opcode: 3), .text("late")]) }
        #expect(feed.decoder.isFinished)
        #expect(try feed.receive([RawFrame.text("later")]).isEmpty)
        #expect(feed.input.readableBytes == 0)
    }

    @Test("each violation has its close code")
    func closeCodes() {
        #expect(WebSocketProtocolError(.maskMissing).closeCode == .protocolError)
        #expect(WebSocketProtocolError(.invalidUTF8).closeCode == .invalidPayload)
        #expect(WebSocketProtocolError(.messageTooBig).closeCode == .messageTooBig)
        #expect(WebSocketProtocolError(.tooManyFragments).closeCode == .policyViolation)
    }
}
