/// One record while it is read.
///
/// It knows where its parts are in the file; they become texts when it is finished. A file may have thousands of records of a few bytes, and
/// each text costs more than its bytes.
struct OpenTriviaQARecord {
    struct Problem: Error {
        var line: Int
        var reason: String
    }

    /// All of the file.
    typealias Bytes = UnsafeBufferPointer<UInt8>

    /// The line on which it begins.
    private(set) var line: Int
    private var firstLine = 0..<0
    private var furtherLines: [Range<Int>] = []
    private var answer: Range<Int>?
    private var choices: [Range<Int>] = []
    /// The choices' letters, a bit each.
    private var letters: UInt32 = 0
    private var problem: Problem?
    /// A blank line came after the answer and enough choices: only further choices can follow.
    private(set) var isComplete = false
    /// What was repaired.
    private(set) var note: String?

    init(line: Int) { self.line = line }

    /// Starts the next record.
    mutating func begin(at line: Int) {
        self.line = line
        if !furtherLines.isEmpty { furtherLines.removeAll(keepingCapacity: true) }
        answer = nil
        if !choices.isEmpty { choices.removeAll(keepingCapacity: true) }
        letters = 0
        problem = nil
        isComplete = false
        note = nil
    }

    /// True if this line cannot belong to the record any more.
    func ends(before line: Line, in bytes: Bytes) -> Bool {
        guard isComplete, !line.isBlank else { return false }
        return !line.isChoice(in: bytes) || letters & Self.bit(bytes[line.start]) != 0
    }

    mutating func add(_ line: Line, in bytes: Bytes, number: Int) {
        if !line.isText {
            fail(number, "bytes that are not UTF-8")
        } else if line.hasControlCharacters {
            fail(number, "control characters")
        } else if number == self.line {
            firstLine = line.value(behind: 2, in: bytes)
        } else if !line.isBlank, bytes[line.start] == UInt8(ascii: "^") {
            if answer != nil { fail(number, "a second correct answer") }
            answer = line.value(behind: 1, in: bytes)
        } else if answer == nil {
            furtherLines.append(line.start..<line.end)
        } else if line.isChoice(in: bytes) {
            let byte = bytes[line.start]
            let rest = line.value(behind: 1, in: bytes)
            if letters & Self.bit(byte) != 0 { fail(number, "choice \(Unicode.Scalar(byte)) appears twice") }
            letters |= Self.bit(byte)
            if Self.showsNothing(rest, in: bytes) { fail(number, "choice \(Unicode.Scalar(byte)) is empty") }
            choices.append(rest)
        } else if !line.isBlank {
            fail(number, "a line that is neither a choice nor the next question")
        } else if choices.count >= 2 {
            isComplete = true
        }
    }

    /// The question. It may be repaired: see ``note``.
    mutating func finish(id: String, in bytes: Bytes) throws(Problem) -> Question {
        if let problem { throw problem }
        let text = text(in: bytes)
        guard !text.showsNothing else { throw failure("no question") }
        guard !Self.isLonger(text, than: OpenTriviaQAParser.maximumQuestionLength) else { throw failure("the question is too long") }
        guard let answer, !answer.isEmpty else { throw failure("no correct answer") }
        guard choices.count >= 2 else { throw failure("fewer than two choices") }
        dropRepeatedChoices(in: bytes)
        guard choices.count >= 2 else { throw failure("all choices are the same") }
        var options: [String] = []
        options.reserveCapacity(choices.count)
        var correct: Int?
        for index in choices.indices {
            let option = Self.text(choices[index], in: bytes)
            guard !Self.isLonger(option, than: OpenTriviaQAParser.maximumChoiceLength) else {
                throw failure("too many or too long choices")
            }
            options.append(option)
            if correct == nil, Self.areSame(choices[index], answer, in: bytes) { correct = index }
        }
        guard let correct = correct ?? Self.trimmed(Self.text(answer, in: bytes), in: options) else {
            throw failure("no choice equals the correct answer")
        }
        return Question(id: id, question: text, options: options, correctAnswer: .index(correct))
    }

    /// The option that equals the answer but for white space around it.
    private static func trimmed(_ answer: String, in options: [String]) -> Int? {
        let answer = answer.trimmingSpaces()
        return options.firstIndex { $0.trimmingSpaces().hasSameBytes(as: answer) }
    }

    private mutating func dropRepeatedChoices(in bytes: Bytes) {
        var index = 1
        while index < choices.count {
            if choices[..<index].contains(where: { Self.areSame($0, choices[index], in: bytes) }) {
                choices.remove(at: index)
                note = "a repeated choice was left out"
            } else {
                index += 1
            }
        }
    }

    /// By their bytes: comparing texts normalises them, in quadratic time where one letter has many marks.
    private static func areSame(_ one: Range<Int>, _ other: Range<Int>, in bytes: Bytes) -> Bool {
        guard one.count == other.count else { return false }
        return UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[one])
            .hasSameBytes(as: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[other]))
    }

    private static func showsNothing(_ range: Range<Int>, in bytes: Bytes) -> Bool {
        // Most texts begin with printable ASCII, and no text need be made of them.
        if let first = range.first, isPrintable(bytes[first]) { return false }
        return text(range, in: bytes).showsNothing
    }

    private static func isPrintable(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

    /// In UTF-16, which most texts need not be counted in: they have fewer bytes than they may have units.
    private static func isLonger(_ text: String, than maximum: Int) -> Bool {
        text.utf8.count > maximum && text.utf16.count > maximum
    }

    private static func text(_ range: Range<Int>, in bytes: Bytes) -> String {
        String(decoding: Bytes(rebasing: bytes[range]), as: UTF8.self)
    }

    /// The lines of the question. Blank ones are gaps in the file, but where lines are indented the text is code, and stays as it is.
    private func text(in bytes: Bytes) -> String {
        let first = Self.text(firstLine, in: bytes)
        if furtherLines.isEmpty {
            // Nearly always: blanks at the end are gone already.
            return firstLine.isEmpty || Self.isPrintable(bytes[firstLine.lowerBound]) ? first : first.trimmingSpaces()
        }
        let lines = [first] + furtherLines.map { Self.text($0, in: bytes) }
        let isIndented = lines.dropFirst().contains { $0.first?.isWhitespace == true }
        guard isIndented else { return lines.map { $0.trimmingSpaces() }.filter { !$0.isEmpty }.joined(separator: "\n") }
        let end = lines.lastIndex { !$0.isEmpty }.map { $0 + 1 } ?? 0
        let start = lines.firstIndex { !$0.isEmpty } ?? 0
        return lines[min(start, end)..<end].joined(separator: "\n")
    }

    /// - Parameter letter: `A` to `Z`.
    private static func bit(_ letter: UInt8) -> UInt32 { 1 << UInt32(letter & 0x1F) }

    private func failure(_ reason: String) -> Problem { Problem(line: line, reason: reason) }

    /// The first problem is the one that is reported.
    private mutating func fail(_ number: Int, _ reason: String) {
        if problem == nil { problem = Problem(line: number, reason: reason) }
    }
}
