import CoreTestSupport
import NIOCore
import Testing
import WebSocketCore

@Suite("Random frames and bytes, seeded")
struct WebSocketFuzzTests {
    @Test("random messages come out whole, however they are fragmented, masked and cut", arguments: 0..<20)
    func messages(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var bytes: [UInt8] = []
        var expected: [WebSocketEvent] = []
        for _ in 0..<50 {
            let payload = (0..<Int.random(in: 0...300, using: &generator)).map { _ in UInt8.random(in: 0...127, using: &generator) }
            let isText = Bool.random(using: &generator)
            var rest = payload[...]
            var opcode: UInt8 = isText ? 1 : 2
            repeat {
                let isLast = Int.random(in: 0..<3, using: &generator) > 0
                let piece = isLast ? rest : rest.prefix(Int.random(in: 0...40, using: &generator))
                rest = rest.dropFirst(piece.count)
                let mask = (0..<4).map { _ in UInt8.random(in: 0...255, using: &generator) }
                bytes += RawFrame(fin: isLast, opcode: opcode, payload: Array(piece), mask: mask).bytes
                opcode = 0
                if isLast { break }
                if Bool.random(using: &generator) {
                    bytes += RawFrame(opcode: 9, payload: [1, 2]).bytes
                    expected.append(.ping(buffer([1, 2])))
                }
            } while true
            expected.append(isText ? .text(buffer(payload)) : .binary(buffer(payload)))
        }
        var pieces: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...50, using: &generator))
            pieces.append(Array(piece))
            rest = rest.dropFirst(piece.count)
        }
        let verdict = Verdict(pieces)
        #expect(verdict.failure == nil)
        #expect(verdict.events == expected)
    }

    @Test("random bytes never trap, and mean the same whole and cut", arguments: 0..<20)
    func noise(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed) &+ 1_000)
        let limits = WebSocketLimits(maximumMessageBytes: 300, maximumFragments: 4)
        let beginnings: [[UInt8]] = [
            [0x81, 0x84], [0x01, 0x83], [0x80, 0x82], [0x82, 0xFE], [0x82, 0xFF], [0x88, 0x82], [0x89, 0x80], [],
        ]
        for _ in 0..<300 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes += beginnings.randomElement(using: &generator)!
                bytes += (0..<Int.random(in: 0...12, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            }
            let whole = Verdict(bytes, limits: limits)
            let cut = Verdict(bytes.map { [$0] }, limits: limits)
            #expect(whole == cut, "\(bytes)")
        }
    }
}
