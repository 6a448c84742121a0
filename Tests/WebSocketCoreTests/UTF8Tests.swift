import CoreTestSupport
import NIOCore
import Testing
import WebSocketCore

@Suite("Text is UTF-8")
struct UTF8Tests {
    static let valid: [[UInt8]] = [
        [], Array("plain".utf8), Array("grün, 日本語, 🦆 and long enough for whole words of ASCII".utf8), [0xC2, 0x80], [0xDF, 0xBF],
        [0xE0, 0xA0, 0x80],
        [0xED, 0x9F, 0xBF], [0xEE, 0x80, 0x80], [0xEF, 0xBF, 0xBF], [0xF0, 0x90, 0x80, 0x80], [0xF4, 0x8F, 0xBF, 0xBF], [0x00], [0x7F],
    ]
    static let invalid: [[UInt8]] = [
        [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x9F, 0xBF], [0xE0, 0xA0], [0xED, 0xA0, 0x80],
        [0xED, 0xBF, 0xBF],
        [0xE2, 0x82], [0xE2, 0x28, 0xA1], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x90, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
        [0xFE], [0xFF],
        Array("a long text of ASCII before the end".utf8) + [0xC3],
    ]

    @Test("valid text passes whole, in fragments of every size and byte by byte", arguments: valid)
    func accepted(_ bytes: [UInt8]) {
        #expect(Verdict(RawFrame(opcode: 1, payload: bytes).bytes).events == [.text(buffer(bytes))])
        for split in 0...bytes.count {
            let frames = [
                RawFrame(fin: false, opcode: 1, payload: Array(bytes[..<split])), RawFrame(opcode: 0, payload: Array(bytes[split...])),
            ]
            #expect(Verdict(frames.flatMap(\.bytes)).events == [.text(buffer(bytes))], "split at \(split)")
            #expect(Verdict(frames.flatMap(\.bytes).map { [$0] }).events == [.text(buffer(bytes))], "split at \(split), byte by byte")
        }
    }

    @Test("invalid text is refused whole, in fragments of every size and byte by byte", arguments: invalid)
    func refused(_ bytes: [UInt8]) {
        #expect(Verdict(RawFrame(opcode: 1, payload: bytes).bytes).failure == .invalidUTF8)
        for split in 0...bytes.count {
            let frames = [
                RawFrame(fin: false, opcode: 1, payload: Array(bytes[..<split])), RawFrame(opcode: 0, payload: Array(bytes[split...])),
            ]
            #expect(Verdict(frames.flatMap(\.bytes)).failure == .invalidUTF8, "split at \(split)")
            #expect(Verdict(frames.flatMap(\.bytes).map { [$0] }).failure == .invalidUTF8, "split at \(split), byte by byte")
        }
    }

    @Test("errors are found before the message ends")
    func early() {
        #expect(Verdict(RawFrame(fin: false, opcode: 1, payload: [0x61, 0xFF]).bytes).failure == .invalidUTF8)
        #expect(Verdict(Array(RawFrame(opcode: 1, payload: [0xFF, 0x61, 0x61, 0x61]).bytes.dropLast(2))).failure == .invalidUTF8)
    }

    @Test("binary messages may hold anything")
    func binary() {
        #expect(Verdict(RawFrame.binary([0xFF, 0xC0]).bytes).events == [.binary(buffer([0xFF, 0xC0]))])
    }

    @Test("the validator agrees with the standard library on random bytes")
    func random() {
        var generator = SeededGenerator(seed: 7)
        let alphabet: [UInt8] = [
            0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5,
        ]
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...12, using: &generator)).map { _ in alphabet.randomElement(using: &generator)! }
            let isValid = String(validating: bytes, as: UTF8.self) != nil
            #expect((Verdict(RawFrame(opcode: 1, payload: bytes).bytes).failure == nil) == isValid, "\(bytes)")
        }
    }
}
