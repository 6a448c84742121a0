package import Classroom
package import JSONCore
import NIOCore

extension JSONWriter {
    /// The questions of a quiz, correct answers included, as the store and the HTTP API have them:
    /// `[{"id", "question", "options": […], "correctAnswer": 1, "durationMs"?}]`.
    ///
    /// A quiz may be a megabyte of small questions, so room is reserved for a whole question at a time, and its parts are written there.
    package mutating func questions(_ questions: [Question]) {
        array { writer in
            // Room for all whose texts need no escapes: memory that grows is copied, and the kernel clears each new page.
            writer.buffer.reserveCapacity(minimumWritableBytes: questions.reduce(64) { $0 + $1.usualBytes })
            for question in questions {
                writer.separate()
                writer.buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: question.maximumBytes) { bytes in
                    var target = QuestionBytes(bytes)
                    target.put(question)
                    return target.count
                }
            }
        }
    }
}

extension Question {
    /// An upper bound for the bytes of its JSON: six for each byte of text, and the characters around them.
    fileprivate var maximumBytes: Int { 128 + 6 * textBytes + correctAnswer.maximumBytes }

    /// Its JSON without escapes and with the index of an option as its answer.
    fileprivate var usualBytes: Int { 64 + textBytes + 2 * options.count }

    private var textBytes: Int {
        var texts = id.utf8.count + question.utf8.count
        for index in options.indices { texts &+= options[index].utf8.count &+ 1 }
        return texts
    }
}

extension Answer {
    fileprivate var maximumBytes: Int {
        switch self {
        case .index: Self.maximumIndexBytes
        case .text(let text): 6 * text.utf8.count + 3
        case .list(let list):
            list.indices.reduce(2) { sum, index in
                // Nearly all answers are indices: these are written without a look at the list.
                if case .index = list[index] { sum &+ Self.maximumIndexBytes } else { sum &+ list[index].maximumBytes }
            }
        }
    }

    private static var maximumIndexBytes: Int { 24 }
}

/// A cursor over memory that is large enough.
private struct QuestionBytes {
    private let bytes: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }

    mutating func put(_ question: Question) {
        put(#"{"id":"#)
        put(text: question.id)
        put(#","question":"#)
        put(text: question.question)
        put(#","options":["#)
        for index in question.options.indices {
            if index > 0 { put(",") }
            put(text: question.options[index])
        }
        put(#"],"correctAnswer":"#)
        put(question.correctAnswer)
        if let duration = question.durationMs {
            put(#","durationMs":"#)
            put(duration)
        }
        put("}")
    }

    private mutating func put(_ answer: Answer) {
        switch answer {
        case .index(let index): put(index)
        case .text(let text): put(text: text)
        case .list(let list):
            put("[")
            for index in list.indices {
                if index > 0 { put(",") }
                if case .index(let number) = list[index] { put(number) } else { put(list[index]) }
            }
            put("]")
        }
    }

    @inline(__always)
    private mutating func put(_ number: Int) {
        // Nearly all are indices of options.
        if (0..<100).contains(number) {
            if number > 9 { put(byte: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / 10)) }
            return put(byte: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10))
        }
        for byte in String(number).utf8 { put(byte: byte) }
    }

    // Inlined, so that the length is known and the bytes are stored without a call.
    @inline(__always)
    private mutating func put(_ text: StaticString) {
        UnsafeMutableRawBufferPointer(rebasing: bytes[count...])
            .copyMemory(from: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        count &+= text.utf8CodeUnitCount
    }

    private mutating func put(text: String) {
        put(byte: UInt8(ascii: "\""))
        let isWritten: Void? = text.utf8.withContiguousStorageIfAvailable { put(escaping: UnsafeRawBufferPointer($0)) }
        if isWritten == nil { for byte in text.utf8 { put(escaping: byte) } }
        put(byte: UInt8(ascii: "\""))
    }

    private mutating func put(escaping text: UnsafeRawBufferPointer) {
        var index = 0
        while index < text.count {
            // Eight bytes at a time, of which none needs an escape.
            if index &+ 8 <= text.count {
                let word = text.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                if !Self.needsEscape(word) {
                    bytes.storeBytes(of: word, toByteOffset: count, as: UInt64.self)
                    count &+= 8
                    index &+= 8
                    continue
                }
            }
            put(escaping: text[index])
            index &+= 1
        }
    }

    @inline(__always)
    private mutating func put(escaping byte: UInt8) {
        if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { put(byte: byte) } else { put(escape: byte) }
    }

    private mutating func put(escape byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): put(#"\""#)
        case UInt8(ascii: "\\"): put(#"\\"#)
        case UInt8(ascii: "\n"): put(#"\n"#)
        case UInt8(ascii: "\r"): put(#"\r"#)
        case UInt8(ascii: "\t"): put(#"\t"#)
        default:
            put(#"\u00"#)
            put(byte: byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
            let digit = byte & 0x0F
            put(byte: digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    @inline(__always)
    private mutating func put(byte: UInt8) {
        bytes[count] = byte
        count &+= 1
    }

    /// It may report an escape where none is needed, which only costs time, but it never misses one.
    @inline(__always)
    private static func needsEscape(_ word: UInt64) -> Bool {
        let low: UInt64 = 0x0101_0101_0101_0101
        func has(_ byte: UInt64) -> UInt64 {
            let difference = word ^ (low &* byte)
            return (difference &- low) & ~difference
        }
        return (has(0x22) | has(0x5C) | (word &- low &* 0x20) & ~word) & 0x8080_8080_8080_8080 != 0
    }
}
