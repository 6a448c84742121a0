import CoreTestSupport
import NIOCore
import Testing
import WebSocketCore

@Suite("The compression of messages")
struct CompressionTests {
    private static let text = "Hello"

    @Test("RFC 7692's example is written and read (§7.2.3.1)")
    func example() throws {
        let compressed = buffer([0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00])
        #expect(MessageDeflater().deflate(buffer(Self.text)) == compressed)
        #expect(try MessageInflater().inflate(compressed, of: .text, maximumBytes: 5) == buffer(Self.text))
    }

    @Test("a context that is kept makes the same message shorter (§7.2.3.2), one that is not makes it the same again")
    func context() throws {
        let keeping = MessageDeflater(), inflater = MessageInflater()
        let first = try #require(keeping.deflate(buffer(Self.text))), second = try #require(keeping.deflate(buffer(Self.text)))
        #expect(second == buffer([0xF2, 0x00, 0x11, 0x00, 0x00]))
        #expect(try inflater.inflate(first, of: .text, maximumBytes: 5) == buffer(Self.text))
        #expect(try inflater.inflate(second, of: .text, maximumBytes: 5) == buffer(Self.text))
        let alone = MessageDeflater(keepsContext: false), each = MessageInflater(keepsContext: false)
        for _ in 0..<2 {
            let one = try #require(alone.deflate(buffer(Self.text)))
            #expect(one == first)
            #expect(try each.inflate(one, of: .text, maximumBytes: 5) == buffer(Self.text))
        }
    }

    @Test("an uncompressed block and a final block are read (§7.2.3.3, §7.2.3.4)")
    func otherBlocks() throws {
        let stored = buffer([0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00])
        let final = buffer([0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00])
        for bytes in [stored, final] {
            let inflater = MessageInflater()
            #expect(try inflater.inflate(bytes, of: .text, maximumBytes: 5) == buffer(Self.text))
            #expect(try inflater.inflate(stored, of: .text, maximumBytes: 5) == buffer(Self.text), "it goes on afterwards")
        }
    }

    @Test("a message has so many blocks for its content; one more is refused, whatever they cost to read")
    func blocks() throws {
        let empty: [UInt8] = [0x00, 0x00, 0x00, 0xFF, 0xFF]
        func read(_ bytes: [UInt8]) throws -> Int {
            try MessageInflater().inflate(buffer(bytes + [0x00]), of: .binary, maximumBytes: 1 << 20).readableBytes
        }
        // The end of a message is a block too.
        let most = Array(repeating: empty, count: MessageInflater.maximumBlocks - 1).joined()
        for _ in 0..<2 { #expect(try read(Array(most)) == 0) }
        #expect(throws: WebSocketProtocolError(.invalidCompression)) { try read(empty + most) }
        let content: [UInt8] = [0x00, 0x80, 0x00, 0x7F, 0xFF] + Array(repeating: 7, count: MessageInflater.contentBytesPerBlock)
        #expect(try read(Array(repeating: content, count: 1_000).flatMap(\.self)) == 128_000)
        // Empty blocks that each call themselves the last.
        let last: [UInt8] = [0x03, 0x00]
        #expect(throws: WebSocketProtocolError(.invalidCompression)) { try read(Array(repeating: last, count: 500).flatMap(\.self)) }
    }

    @Test("what one end compresses the other reads, with any window", arguments: Array(9...15))
    func roundTrip(windowBits: Int) throws {
        var generator = SeededGenerator(seed: UInt64(windowBits))
        let deflater = MessageDeflater(windowBits: windowBits), inflater = MessageInflater(windowBits: windowBits)
        for count in [0, 0, 1, 2, 100, 1_023, 1_024, 1_025, 65_535, 65_536, 65_537, 300_000] {
            let alphabet: ClosedRange<UInt8> = count % 2 == 0 ? 0...255 : 0...3
            let payload = buffer((0..<count).map { _ in UInt8.random(in: alphabet, using: &generator) })
            let compressed = try #require(deflater.deflate(payload))
            #expect(try inflater.inflate(compressed, of: .binary, maximumBytes: count) == payload)
        }
    }

    @Test("a window of 8 bits is read, and nothing is compressed with it")
    func smallestWindow() throws {
        #expect(MessageDeflater(windowBits: 8).deflate(buffer(Self.text)) == nil)
        let compressed = buffer([0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00])
        #expect(try MessageInflater(windowBits: 8).inflate(compressed, of: .text, maximumBytes: 5) == buffer(Self.text))
    }

    @Test("a message of the limit is read, one byte more is refused, and a bomb before it is large")
    func limit() throws {
        let bomb = try #require(MessageDeflater().deflate(buffer([UInt8](repeating: 0x61, count: 10_000_000))))
        #expect(bomb.readableBytes < 20_000)
        #expect(throws: WebSocketProtocolError(.messageTooBig)) {
            try MessageInflater().inflate(bomb, of: .text, maximumBytes: 1_000_000)
        }
        let small = try #require(MessageDeflater().deflate(buffer(Self.text)))
        #expect(throws: WebSocketProtocolError(.messageTooBig)) { try MessageInflater().inflate(small, of: .text, maximumBytes: 4) }
    }

    @Test(
        "damaged input is refused",
        arguments: [[0x07], [0xFF, 0xFF, 0xFF, 0xFF], [0x00, 0x05, 0x00, 0x00, 0x00, 0x48], [0x06, 0x01]] as [[UInt8]])
    func damaged(bytes: [UInt8]) {
        #expect(throws: WebSocketProtocolError(.invalidCompression)) {
            try MessageInflater().inflate(buffer(bytes), of: .binary, maximumBytes: 100)
        }
        #expect(WebSocketProtocolError(.invalidCompression).closeCode == .invalidPayload)
    }

    @Test("text that is not UTF-8 is refused, binary is not judged", arguments: [[0xC3], [0xFF], [0xED, 0xA0, 0x80]] as [[UInt8]])
    func encoding(bytes: [UInt8]) throws {
        let compressed = try #require(MessageDeflater().deflate(buffer(bytes)))
        #expect(throws: WebSocketProtocolError(.invalidUTF8)) { try MessageInflater().inflate(compressed, of: .text, maximumBytes: 9) }
        #expect(try MessageInflater().inflate(compressed, of: .binary, maximumBytes: 9) == buffer(bytes))
    }
}
