import EngineIOCore
import NIOCore
import Testing

@Suite("Polling payloads")
struct PollingPayloadTests {
    private func decode(_ text: String) throws -> [PollingPayload.Packet] {
        try packets(ByteBuffer(string: text))
    }

    @Test("packets are joined with the record separator and come apart again")
    func joinsAndSplits() throws {
        var body = ByteBuffer()
        PollingPayload.append(.message, ByteBuffer(string: "hello"), to: &body)
        PollingPayload.append(encoded: ByteBuffer(string: "2"), to: &body)
        PollingPayload.append(binary: ByteBuffer(bytes: [1, 2, 3, 4]), to: &body)
        #expect(String(buffer: body) == "4hello\u{1e}2\u{1e}bAQIDBA==")
        #expect(
            try packets(body) == [
                .text(.message, ByteBuffer(string: "hello")), .text(.ping, ByteBuffer()), .binary(ByteBuffer(bytes: [1, 2, 3, 4])),
            ])
    }

    @Test(
        "malformed bodies are errors",
        arguments: ["", "abc", "7", "4a\u{1e}", "\u{1e}4a", "4a\u{1e}\u{1e}4b", "bAQI", "bAQ=I", "b====", "bA=BC", "b*QID"])
    func malformed(body: String) {
        #expect(throws: PollingPayload.ParseError.self) { try decode(body) }
    }

    @Test("text that is not UTF-8 is an error")
    func notUTF8() {
        #expect(throws: PollingPayload.ParseError.self) {
            try packets(ByteBuffer(bytes: [UInt8(ascii: "4"), 0xC3, 0x28]))
        }
    }

    @Test("packets come one by one, and those before a bad one are good")
    func reader() throws {
        var reader = PollingPayload.Reader(ByteBuffer(string: "4a\u{1e}6\u{1e}x\u{1e}4b"))
        let good = [try reader.next(), try reader.next()]
        #expect(good == [.text(.message, ByteBuffer(string: "a")), .text(.noop, ByteBuffer())])
        #expect(throws: PollingPayload.ParseError.self) { try reader.next() }
    }

    @Test("a body may hold any number of packets")
    func manyPackets() throws {
        let body = ByteBuffer(string: Array(repeating: "6", count: 100_000).joined(separator: "\u{1e}"))
        #expect(try packets(body).count == 100_000)
    }

    @Test("binary of every length survives base64", arguments: 0...66)
    func base64RoundTrip(length: Int) throws {
        let bytes = ByteBuffer(bytes: (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) })
        var body = ByteBuffer()
        PollingPayload.append(binary: bytes, to: &body)
        #expect(try packets(body) == [.binary(bytes)])
    }
}

/// All packets of a request body.
private func packets(_ body: ByteBuffer) throws(PollingPayload.ParseError) -> [PollingPayload.Packet] {
    var reader = PollingPayload.Reader(body)
    var packets: [PollingPayload.Packet] = []
    while let packet = try reader.next() { packets.append(packet) }
    return packets
}
