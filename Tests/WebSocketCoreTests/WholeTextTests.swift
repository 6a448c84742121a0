import CoreTestSupport
import NIOCore
import Testing
import WebSocketCore

@Suite("Text messages that came in one frame")
struct WholeTextTests {
    /// What is found at the front of the bytes, unmasked; nil: nothing, or no UTF-8.
    private func found(_ bytes: [UInt8], limits: WebSocketLimits = WebSocketLimits()) -> (text: [UInt8], end: Int)? {
        let decoder = WebSocketDecoder(role: .server, limits: limits)
        return bytes.withUnsafeBytes { raw in
            guard let text = decoder.wholeText(in: raw, at: 0) else { return nil }
            let target = UnsafeMutableRawBufferPointer.allocate(byteCount: max(text.count, 1), alignment: 1)
            defer { target.deallocate() }
            guard let memory = target.baseAddress, text.unmask(from: raw, to: memory) else { return nil }
            return (Array(target.prefix(text.count)), text.end)
        }
    }

    @Test("one is found with its end and unmasked", arguments: [0, 1, 7, 8, 125, 126, 65_535])
    func found(count: Int) throws {
        let frame = RawFrame.text(String(repeating: "a", count: count))
        let result = try #require(found(frame.bytes + [0x81]))
        #expect(result.text == frame.payload)
        #expect(result.end == frame.bytes.count)
    }

    @Test("text that is not ASCII is found when it is valid UTF-8, and only then")
    func encoding() throws {
        #expect(try #require(found(RawFrame.text("Grüße 🎈").bytes)).text == Array("Grüße 🎈".utf8))
        #expect(found(RawFrame(opcode: 1, payload: [0x61, 0xC3]).bytes) == nil)
        #expect(found(RawFrame(opcode: 1, payload: [0xED, 0xA0, 0x80]).bytes) == nil)
    }

    @Test(
        "everything else is left to the decoder",
        arguments: [
            RawFrame.binary([1]), RawFrame(opcode: 9), RawFrame.close([]), .text("a", fin: false), .continuation("a", fin: true),
            RawFrame(opcode: 1, payload: [0x61], mask: nil), RawFrame(rsv: 4, opcode: 1, payload: [0x61]),
            RawFrame(opcode: 1, payload: [0x61], lengthBytes: 2), RawFrame(opcode: 1, payload: Array(repeating: 0x61, count: 65_536)),
        ])
    func others(frame: RawFrame) {
        #expect(found(frame.bytes) == nil)
    }

    @Test("a frame of which a byte is missing is not found")
    func incomplete() {
        let bytes = RawFrame.text("hello").bytes
        for count in 0..<bytes.count { #expect(found(Array(bytes.prefix(count))) == nil) }
    }

    @Test("a message of the limit is found, one byte more is left to the decoder")
    func limit() {
        let limits = WebSocketLimits(maximumMessageBytes: 5)
        #expect(found(RawFrame.text("hello").bytes, limits: limits) != nil)
        #expect(found(RawFrame.text("hello!").bytes, limits: limits) == nil)
    }

    @Test("nothing is found within a message, within a frame, or after the end")
    func states() throws {
        let text = RawFrame.text("a").bytes
        for before in [RawFrame.text("a", fin: false).bytes, Array(RawFrame.text("hello").bytes.dropLast()), RawFrame.close([]).bytes] {
            var feed = Feed()
            _ = try feed.receive(before)
            #expect(text.withUnsafeBytes { feed.decoder.wholeText(in: $0, at: 0) == nil })
        }
    }

    @Test("a client's decoder finds those of a server, which have no mask", arguments: [0, 1, 125, 126, 65_535])
    func client(count: Int) throws {
        let frame = RawFrame(opcode: 1, payload: Array(repeating: 0x61, count: count), mask: nil)
        let decoder = WebSocketDecoder(role: .client)
        let bytes = frame.bytes + [0x81]
        try bytes.withUnsafeBytes { raw in
            let text = try #require(decoder.wholeText(in: raw, at: 0))
            #expect(text.count == count && text.end == frame.bytes.count)
            let target = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1), alignment: 1)
            defer { target.deallocate() }
            let isValid = text.unmask(from: raw, to: target)
            #expect(isValid)
            #expect(Array(UnsafeRawBufferPointer(start: target, count: count)) == frame.payload)
        }
        #expect(RawFrame.text("a").bytes.withUnsafeBytes { decoder.wholeText(in: $0, at: 0) == nil }, "a masked one is a violation")
        let invalid = RawFrame(opcode: 1, payload: [0xC3], mask: nil).bytes
        invalid.withUnsafeBytes { raw in
            var target: UInt64 = 0
            #expect(decoder.wholeText(in: raw, at: 0)?.unmask(from: raw, to: &target) == false)
        }
    }

    @Test("passing over what is found is the same as decoding it", arguments: 0..<20)
    func same(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var bytes: [UInt8] = []
        var texts: [WebSocketEvent] = []
        for _ in 0..<40 {
            let payload = (0..<Int.random(in: 0...200, using: &generator)).map { _ in UInt8.random(in: 0...127, using: &generator) }
            let mask = (0..<4).map { _ in UInt8.random(in: 0...255, using: &generator) }
            bytes += RawFrame(opcode: 1, payload: payload, mask: mask).bytes
        }
        var position = 0
        while let next = found(Array(bytes[position...])) {
            texts.append(.text(buffer(next.text)))
            position += next.end
        }
        #expect(position == bytes.count)
        #expect(Verdict(bytes).events == texts)
    }
}
