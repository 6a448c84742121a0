/// Reads the OpenTriviaQA format:
///
///     #Q question, which may run over several lines
///     ^ text of the correct answer
///     A first choice
///     B second choice
///
/// Line ends are LF, CRLF, or CR in a file without any LF. Blanks at the end of a line go, indentation stays. A record begins with `#Q` and
/// lasts until the next one; blank lines separate records, and are also found within a question. Behind a blank line that follows the choices
/// only further choices belong to it: anything else is a block that lacks its mark. Such a block, up to the next blank line, is one record that
/// can't be used. These are reported with the line on which they begin (bytes that aren't UTF-8, control characters, and surplus lines: with
/// their own line) and the rest is read. Invalid bytes are never guessed at: what they meant is unknown, and a class would see the guess.
public enum OpenTriviaQAParser {
    public static let maximumChoices = 26
    public static let maximumQuestionLength = 2_000
    public static let maximumChoiceLength = 500

    /// Questions get the ids `q1`, `q2`, … in the order of the file.
    ///
    /// - Parameters:
    ///   - maximumQuestions: reading ends with the first question beyond these.
    ///   - maximumRejected: and with the first record beyond these that can't be used.
    public static func parse(
        _ bytes: some Sequence<UInt8>, maximumQuestions: Int = .max, maximumRejected: Int = .max
    ) -> OpenTriviaQAImport {
        let bytes = Array(bytes)
        return bytes.withUnsafeBufferPointer { parse(lines: $0, maximumQuestions, maximumRejected) }
    }

    private static func parse(
        lines bytes: OpenTriviaQARecord.Bytes, _ maximumQuestions: Int, _ maximumRejected: Int
    ) -> OpenTriviaQAImport {
        var reader = LineReader(reserving: min(countOfMarks(in: bytes), maximumQuestions))
        // With its mark, or by the zero beside the first character.
        let isUTF16 = bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) || bytes.prefix(2).contains(0)
        guard !isUTF16 else {
            reader.reject("the file is UTF-16; save it as UTF-8")
            return reader.result
        }
        let newline = bytes.contains(UInt8(ascii: "\n")) ? UInt8(ascii: "\n") : UInt8(ascii: "\r")
        // A byte order mark is no part of the first line.
        var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        while start < bytes.endIndex, reader.result.questions.count <= maximumQuestions, reader.result.rejected.count <= maximumRejected {
            let line = OpenTriviaQARecord.Line(from: start, to: newline, in: bytes)
            reader.take(line, in: bytes)
            start = line.endWithBlanks + 1
        }
        if start >= bytes.endIndex { reader.endRecord(in: bytes) }
        return reader.result
    }

    /// At least as many as there are records. An array that grows touches twice the memory, which takes half as long as the reading itself.
    private static func countOfMarks(in bytes: OpenTriviaQARecord.Bytes) -> Int {
        var count = 0
        for index in bytes.indices.dropLast() where bytes[index] == UInt8(ascii: "#") && bytes[index &+ 1] == UInt8(ascii: "Q") {
            count &+= 1
        }
        return count
    }
}

/// Reads a file line by line.
private struct LineReader {
    private(set) var result: OpenTriviaQAImport
    // Not an optional: one that is looked into is copied, and this is done for each line.
    private var record = OpenTriviaQARecord(line: 0)
    private var isInRecord = false
    private var number = 0
    private var isInUnmarkedBlock = false

    /// - Parameter count: room for so many questions.
    init(reserving count: Int) {
        result = OpenTriviaQAImport()
        result.questions.reserveCapacity(count)
    }

    mutating func take(_ line: OpenTriviaQARecord.Line, in bytes: OpenTriviaQARecord.Bytes) {
        number += 1
        if line.count > 1, bytes[line.start] == UInt8(ascii: "#"), bytes[line.start + 1] == UInt8(ascii: "Q") {
            endRecord(in: bytes)
            record.begin(at: number)
            isInRecord = true
        }
        if isInRecord, record.ends(before: line, in: bytes) {
            endRecord(in: bytes)
            isInUnmarkedBlock = false
        }
        if isInRecord {
            record.add(line, in: bytes, number: number)
        } else if line.isBlank {
            isInUnmarkedBlock = false
        } else if !isInUnmarkedBlock {
            isInUnmarkedBlock = true
            result.reject(number, "a block that does not begin with #Q")
        }
    }

    /// Refuses the file as a whole.
    mutating func reject(_ reason: String) { result.reject(1, reason) }

    mutating func endRecord(in bytes: OpenTriviaQARecord.Bytes) {
        if isInRecord { result.add(&record, in: bytes) }
        isInRecord = false
    }
}

/// The result of reading a file.
public struct OpenTriviaQAImport: Hashable, Sendable {
    public struct Report: Hashable, Sendable {
        /// From 1.
        public var line: Int
        public var reason: String

        public init(line: Int, reason: String) {
            self.line = line
            self.reason = reason
        }
    }

    public internal(set) var questions: [Question] = []
    /// Records that were left out, and why.
    public internal(set) var rejected: [Report] = []
    /// Records that were taken after a repair, and what was repaired.
    public internal(set) var notes: [Report] = []

    /// Records in the file.
    public var recordCount: Int { questions.count + rejected.count }

    mutating func reject(_ line: Int, _ reason: String) { rejected.append(Report(line: line, reason: reason)) }

    mutating func add(_ record: inout OpenTriviaQARecord, in bytes: OpenTriviaQARecord.Bytes) {
        do throws(OpenTriviaQARecord.Problem) {
            questions.append(try record.finish(id: "q" + String(questions.count + 1), in: bytes))
            if let note = record.note { notes.append(Report(line: record.line, reason: note)) }
        } catch {
            reject(error.line, error.reason)
        }
    }
}
