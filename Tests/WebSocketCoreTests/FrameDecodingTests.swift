import NIOCore
import Testing
import WebSocketCore

@Suite("Frames that arrive")
struct FrameDecodingTests {
    @Test("the RFC's masked hello is a text message")
    func hello() throws {
        var feed = Feed()
        let events = try feed.receive([0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58])
        #expect(events == [.text(buffer("Hello"))])
    }

    @Test("the RFC's unmasked hello is a text message to a client")
    func unmasked() throws {
        var feed = Feed(role: .client)
        #expect(try feed.receive([0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]) == [.text(buffer("Hello"))])
    }

    @Test(
        "a payload of any length round the header's and the word's edges is unmasked",
        arguments: Array(0...40) + [124, 125, 126, 127, 65_534, 65_535, 65_536, 70_000])
    func lengths(count: Int) throws {
        let payload = (0..<count).map { UInt8($0 % 251) }
        var feed = Feed()
        #expect(try feed.receive([RawFrame.binary(payload)]) == [.binary(buffer(payload))])
        #expect(feed.input.readableBytes == 0)
    }

    @Test("frames in one read come out one by one, in order")
    func several() throws {
        var feed = Feed()
        let events = try feed.receive([.text("a"), RawFrame(opcode: 9, payload: [1]), .binary([2, 3]), RawFrame(opcode: 10)])
        #expect(events == [.text(buffer("a")), .ping(buffer([1])), .binary(buffer([2, 3])), .pong(buffer([]))])
    }

    @Test("an event survives the next one although they share the scratch buffer")
    func sharedScratch() throws {
        var feed = Feed()
        feed.input.writeBytes([RawFrame.text("first"), .text("second")].flatMap(\.bytes))
        let first = try feed.decoder.next(&feed.input, scratch: &feed.scratch)
        let second = try feed.decoder.next(&feed.input, scratch: &feed.scratch)
        #expect(first == .text(buffer("first")))
        #expect(second == .text(buffer("second")))
    }

    @Test("the scratch buffer is reused when no event is held")
    func reusedScratch() throws {
        var feed = Feed()
        func address() -> UnsafeRawPointer? { feed.scratch.withVeryUnsafeBytes { $0.baseAddress } }
        _ = try feed.receive([RawFrame.text("first")])
        let before = address()
        for _ in 0..<10 { _ = try feed.receive([RawFrame.text("another")]) }
        #expect(before == address())
    }

    @Test("a large message leaves the scratch buffer small")
    func largeMessage() throws {
        var feed = Feed()
        let events = try feed.receive([RawFrame.binary([UInt8](repeating: 7, count: 500_000))])
        #expect(events == [.binary(buffer([UInt8](repeating: 7, count: 500_000)))])
        #expect(feed.scratch.capacity < 1_024)
    }

    @Test("bytes split anywhere give the same events")
    func splits() throws {
        let frames: [RawFrame] = [
            .text("grün"), RawFrame(opcode: 9, payload: [1, 2, 3]), .text("frag", fin: false), RawFrame(opcode: 10),
            .continuation("–", fin: false),
            .continuation("", fin: false), .continuation("ment", fin: true), .binary((0..<140).map { UInt8($0) }),
            .close([0x03, 0xE8, 0x62]),
        ]
        let bytes = frames.flatMap(\.bytes)
        let whole = Verdict(bytes)
        #expect(whole.events.count == 6)
        #expect(whole.failure == nil)
        for split in 0...bytes.count {
            #expect(Verdict([Array(bytes[..<split]), Array(bytes[split...])]) == whole, "split at \(split)")
        }
        #expect(Verdict(bytes.map { [$0] }) == whole, "one by one")
    }

    @Test("what is left over is at most the start of a header or of a control frame", arguments: [1, 7, 1_000])
    func leftover(step: Int) throws {
        var feed = Feed()
        let bytes = RawFrame.binary([UInt8](repeating: 1, count: 100_000)).bytes
        var received = 0
        while received < bytes.count {
            let end = min(received + step, bytes.count)
            _ = try feed.receive(bytes[received..<end])
            received = end
            #expect(feed.input.readableBytes < 14)
        }
    }

    @Test("a header costs no memory before its payload arrives")
    func announcedOnly() throws {
        var feed = Feed()
        _ = try feed.receive(RawFrame.binary([UInt8](repeating: 1, count: 900_000)).bytes.prefix(20))
        #expect(feed.decoder.isWithinMessage)
        #expect(feed.scratch.capacity < 1_024)
        #expect(feed.input.capacity < 1_024)
    }
}
