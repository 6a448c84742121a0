import NIOCore
import Testing
import WebSocketCore

@Suite("Messages in fragments, and their limits")
struct FragmentTests {
    @Test("fragments are one message")
    func joined() throws {
        var feed = Feed()
        let events = try feed.receive([.text("one ", fin: false), .continuation("two ", fin: false), .continuation("three", fin: true)])
        #expect(events == [.text(buffer("one two three"))])
        #expect(!feed.decoder.isWithinMessage)
    }

    @Test("control frames may stand between fragments")
    func interleaved() throws {
        var feed = Feed()
        let events = try feed.receive([.binary([1], fin: false), RawFrame(opcode: 9, payload: [9]), .continuation("2", fin: true)])
        #expect(events == [.ping(buffer([9])), .binary(buffer([1, 0x32]))])
    }

    @Test("a message may follow a message in fragments")
    func again() throws {
        var feed = Feed()
        let frames: [RawFrame] = [
            .text("é", fin: false), .continuation("", fin: true), .binary([0xFF], fin: false), .continuation("x", fin: true), .text("z"),
        ]
        #expect(try feed.receive(frames) == [.text(buffer("é")), .binary(buffer([0xFF, 0x78])), .text(buffer("z"))])
    }

    @Test("a decoder that was copied in the middle of a message goes on by itself")
    func copied() throws {
        var one = Feed()
        _ = try one.receive([RawFrame.text("a", fin: false)])
        var other = one
        #expect(try one.receive([.continuation("b", fin: true)]) == [.text(buffer("ab"))])
        #expect(try other.receive([.continuation("c", fin: true)]) == [.text(buffer("ac"))])
        #expect(!one.decoder.isWithinMessage && !other.decoder.isWithinMessage)
    }

    @Test("a continuation without a start is refused")
    func withoutStart() {
        #expect(Verdict(RawFrame.continuation("a", fin: true).bytes).failure == .continuationWithoutStart)
        let after = [RawFrame.text("a", fin: false), .continuation("b", fin: true), .continuation("c", fin: true)]
        #expect(Verdict(after.flatMap(\.bytes)).failure == .continuationWithoutStart)
    }

    @Test("a message within a message is refused", arguments: [1, 2] as [UInt8])
    func within(opcode: UInt8) {
        let frames = [RawFrame.text("a", fin: false), RawFrame(opcode: opcode, payload: [98])]
        #expect(Verdict(frames.flatMap(\.bytes)).failure == .messageWithinMessage)
    }

    @Test("as many fragments as the limit pass, one more does not")
    func fragmentLimit() throws {
        let limits = WebSocketLimits(maximumFragments: 5)
        var frames = [RawFrame.text("a", fin: false)] + [RawFrame](repeating: .continuation("b", fin: false), count: 3)
        #expect(Verdict((frames + [.continuation("c", fin: true)]).flatMap(\.bytes), limits: limits).events == [.text(buffer("abbbc"))])
        frames.append(.continuation("b", fin: false))
        #expect(Verdict((frames + [.continuation("c", fin: true)]).flatMap(\.bytes), limits: limits).failure == .tooManyFragments)
    }

    @Test("a million tiny continuations end at the limit")
    func flood() throws {
        var feed = Feed()
        _ = try feed.receive([RawFrame.text("a", fin: false)])
        let one = RawFrame.continuation("b", fin: false).bytes
        var accepted = 0
        #expect(throws: WebSocketProtocolError(.tooManyFragments)) {
            while accepted < 1_000_000 {
                _ = try feed.receive(one)
                accepted += 1
            }
        }
        #expect(accepted == 1_023)
    }

    @Test("a message of the limit passes, one byte more is refused from its header")
    func sizeLimit() throws {
        let limits = WebSocketLimits(maximumMessageBytes: 1_000)
        let fits = RawFrame.binary([UInt8](repeating: 0, count: 1_000)).bytes
        #expect(Verdict(fits, limits: limits).events.count == 1)
        let header = RawFrame.binary([UInt8](repeating: 0, count: 1_001)).bytes.prefix(4)
        #expect(Verdict(Array(header), limits: limits).failure == .messageTooBig)
    }

    @Test("the limit is for all fragments together")
    func sizeOfFragments() throws {
        let limits = WebSocketLimits(maximumMessageBytes: 10)
        let start = RawFrame.binary([1, 2, 3, 4, 5, 6], fin: false).bytes
        #expect(Verdict(start + RawFrame.continuation("1234", fin: true).bytes, limits: limits).events.count == 1)
        #expect(Verdict(start + RawFrame.continuation("12345", fin: true).bytes.prefix(2), limits: limits).failure == .messageTooBig)
    }

    @Test("an absurd length is refused, not summed up")
    func absurd() {
        let start = RawFrame.binary([1], fin: false).bytes
        #expect(Verdict(start + [0x80, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]).failure == .messageTooBig)
    }

    @Test("a message in a hundred thousand pieces arrives")
    func manyPieces() throws {
        var feed = Feed()
        var events: [WebSocketEvent] = []
        for byte in RawFrame.text(String(repeating: "grün", count: 20_000)).bytes { events += try feed.receive(CollectionOfOne(byte)) }
        #expect(events == [.text(buffer(String(repeating: "grün", count: 20_000)))])
    }
}
