/// One record while it is read.
struct OpenTriviaQARecord {
    struct Problem: Error {
        var line: Int
        var reason: String
    }

    /// The line on which it begins.
    private(set) var line: Int
    private var firstLine = ""
    private var furtherLines: [String] = []
    private var answer: String?
    private var choices: [String] = []
    /// The choices' letters, a bit each.
    private var letters: UInt32 = 0
    private var problem: Problem?
    /// A blank line came after the answer and enough choices: only further choices can follow.
    private(set) var isComplete = false

    init(line: Int) { self.line = line }

    /// Starts the next record.
    mutating func begin(at line: Int) {
        self.line = line
        if !furtherLines.isEmpty { furtherLines.removeAll(keepingCapacity: true) }
        answer = nil
        if !choices.isEmpty { choices = [] }
        letters = 0
        problem = nil
        isComplete = false
    }

    typealias Line = UnsafeBufferPointer<UInt8>

    /// True if this line cannot belong to the record any more.
    func ends(before line: Line) -> Bool {
        guard isComplete, let first = line.first, !Self.isBlank(line) else { return false }
        return !Self.isChoice(line) || letters & Self.bit(first) != 0
    }

    /// - Parameter isText: false: the line is not UTF-8.
    mutating func add(_ line: Line, isText: Bool, number: Int) {
        if !isText {
            fail(number, "bytes that are not UTF-8")
        } else if ControlCharacters.are(in: UnsafeRawBufferPointer(line)) {
            fail(number, "control characters")
        } else if number == self.line {
            firstLine = Self.value(line, behind: 2)
        } else if line.first == UInt8(ascii: "^") {
            if answer != nil { fail(number, "a second correct answer") }
            answer = Self.value(line, behind: 1)
        } else if answer == nil {
            furtherLines.append(String(decoding: Self.withoutBlankEnd(line), as: UTF8.self))
        } else if let byte = line.first, Self.isChoice(line) {
            let letter = Unicode.Scalar(byte)
            let rest = Self.value(line, behind: 1)
            if letters & Self.bit(byte) != 0 { fail(number, "choice \(letter) appears twice") }
            letters |= Self.bit(byte)
            if rest.showsNothing { fail(number, "choice \(letter) is empty") }
            if choices.isEmpty { choices.reserveCapacity(4) }
            choices.append(rest)
        } else if !Self.isBlank(line) {
            fail(number, "a line that is neither a choice nor the next question")
        } else if choices.count >= 2 {
            isComplete = true
        }
    }

    /// The question, and what was repaired in it. The choices go into it: nothing is left of the record.
    mutating func finish(id: String) -> Result<(question: Question, note: String?), Problem> {
        if let problem { return .failure(problem) }
        let text = text()
        guard !text.showsNothing else { return failure("no question") }
        guard !Self.isLonger(text, than: OpenTriviaQAParser.maximumQuestionLength) else { return failure("the question is too long") }
        guard let answer, !answer.isEmpty else { return failure("no correct answer") }
        guard choices.count >= 2 else { return failure("fewer than two choices") }
        guard choices.count <= OpenTriviaQAParser.maximumChoices,
            choices.allSatisfy({ !Self.isLonger($0, than: OpenTriviaQAParser.maximumChoiceLength) })
        else { return failure("too many or too long choices") }
        let count = choices.count
        dropRepeatedChoices()
        guard choices.count >= 2 else { return failure("all choices are the same") }
        let correct =
            choices.firstIndex { $0.hasSameBytes(as: answer) }
            ?? choices.firstIndex { $0.trimmingSpaces().hasSameBytes(as: answer.trimmingSpaces()) }
        guard let correct else { return failure("no choice equals the correct answer") }
        let note = choices.count < count ? "a repeated choice was left out" : nil
        var options: [String] = []
        swap(&options, &choices)
        return .success((Question(id: id, question: text, options: options, correctAnswer: .index(correct)), note))
    }

    /// By their bytes: comparing texts normalises them, in quadratic time where one letter has many marks.
    private mutating func dropRepeatedChoices() {
        var index = 1
        while index < choices.count {
            if choices[..<index].contains(where: { $0.hasSameBytes(as: choices[index]) }) {
                choices.remove(at: index)
            } else {
                index += 1
            }
        }
    }

    /// In UTF-16, which most texts need not be counted in: they have fewer bytes than they may have units.
    private static func isLonger(_ text: String, than maximum: Int) -> Bool {
        text.utf8.count > maximum && text.utf16.count > maximum
    }

    /// The lines of the question. Blank ones are gaps in the file, but where lines are indented the text is code, and stays as it is.
    private func text() -> String {
        if furtherLines.isEmpty { return firstLine.trimmingSpaces() }
        let lines = [firstLine] + furtherLines
        let isIndented = furtherLines.contains { $0.first?.isWhitespace == true }
        guard isIndented else { return lines.map { $0.trimmingSpaces() }.filter { !$0.isEmpty }.joined(separator: "\n") }
        let end = lines.lastIndex { !$0.isEmpty }.map { $0 + 1 } ?? 0
        let start = lines.firstIndex { !$0.isEmpty } ?? 0
        return lines[min(start, end)..<end].joined(separator: "\n")
    }

    /// The text behind a mark of so many bytes. A blank or two separate them; more, or a tab, is indentation.
    private static func value(_ line: Line, behind mark: Int) -> String {
        let rest = withoutBlankEnd(Line(rebasing: line.dropFirst(mark)))
        let blanks = rest.prefix { $0 == UInt8(ascii: " ") }.count
        let isTab = blanks == 0 && rest.first == UInt8(ascii: "\t")
        return String(decoding: rest.dropFirst(blanks > 2 || isTab ? 1 : blanks), as: UTF8.self)
    }

    static func isBlank(_ line: Line) -> Bool { withoutBlankEnd(line).isEmpty }

    private static func withoutBlankEnd(_ line: Line) -> Line {
        var end = line.count
        while end > 0 {
            var start = end - 1
            if line[start] < 0x80 {
                guard isBlank(line[start]) else { break }
            } else {
                // A character of several bytes: to its first one.
                while start > 0, line[start] & 0xC0 == 0x80 { start -= 1 }
                guard isBlank(line[start..<end]) else { break }
            }
            end = start
        }
        return Line(rebasing: line[..<end])
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    /// - Parameter character: the bytes of one.
    private static func isBlank(_ character: Slice<Line>) -> Bool {
        String(decoding: character, as: UTF8.self).unicodeScalars.first?.properties.isWhitespace == true
    }

    /// - Parameter letter: `A` to `Z`.
    private static func bit(_ letter: UInt8) -> UInt32 { 1 << UInt32(letter & 0x1F) }

    /// A capital letter, and white space behind it or nothing.
    private static func isChoice(_ line: Line) -> Bool {
        guard let letter = line.first, (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(letter) else { return false }
        guard line.count > 1, line[1] >= 0x80 else { return line.count == 1 || isBlank(line[1]) }
        var end = 2
        while end < line.count, line[end] & 0xC0 == 0x80 { end += 1 }
        return isBlank(line[1..<end])
    }

    private func failure(_ reason: String) -> Result<(question: Question, note: String?), Problem> {
        .failure(Problem(line: line, reason: reason))
    }

    /// The first problem is the one that is reported.
    private mutating func fail(_ number: Int, _ reason: String) {
        if problem == nil { problem = Problem(line: number, reason: reason) }
    }
}
