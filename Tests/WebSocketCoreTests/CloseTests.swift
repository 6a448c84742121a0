import NIOCore
import Testing
import WebSocketCore

@Suite("Close frames")
struct CloseTests {
    private func payload(_ code: UInt16, _ reason: String = "") -> [UInt8] { [UInt8(code >> 8), UInt8(code & 0xFF)] + Array(reason.utf8) }

    @Test("one without a payload has no code")
    func empty() {
        #expect(Verdict(RawFrame.close([]).bytes).events == [.close(nil, reason: buffer(""))])
    }

    @Test(
        "codes that may be sent",
        arguments: [1000, 1001, 1002, 1003, 1007, 1008, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999] as [UInt16])
    func valid(code: UInt16) {
        let verdict = Verdict(RawFrame.close(payload(code, "bye – tschüß")).bytes)
        #expect(verdict.events == [.close(WebSocketCloseCode(rawValue: code), reason: buffer("bye – tschüß"))])
    }

    @Test("codes that may not", arguments: [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] as [UInt16])
    func invalid(code: UInt16) {
        #expect(Verdict(RawFrame.close(payload(code)).bytes).failure == .invalidCloseCode)
    }

    @Test("an incomplete close code is refused")
    func halfCode() {
        #expect(Verdict(RawFrame.close([0x03]).bytes).failure == .invalidClosePayload)
    }

    @Test("a reason that is not UTF-8 is refused")
    func reason() {
        #expect(Verdict(RawFrame.close(payload(1000) + [0xC3]).bytes).failure == .invalidUTF8)
    }

    @Test("what follows a close frame is discarded")
    func afterwards() throws {
        var feed = Feed()
        let events = try feed.receive([.close(payload(1001)), .text("late"), RawFrame(rsv: 7, opcode: 15)])
        #expect(events == [.close(.goingAway, reason: buffer(""))])
        #expect(feed.decoder.isFinished)
        #expect(feed.input.readableBytes == 0)
    }

    @Test("a close within a message ends it")
    func withinMessage() throws {
        var feed = Feed()
        let events = try feed.receive([.text("half", fin: false), .close([])])
        #expect(events == [.close(nil, reason: buffer(""))])
        #expect(!feed.decoder.isWithinMessage)
    }
}
