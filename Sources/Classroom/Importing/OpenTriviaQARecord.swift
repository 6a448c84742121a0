/// One record while it is read.
struct OpenTriviaQARecord {
    struct Problem: Error {
        var line: Int
        var reason: String
    }

    /// Where it begins.
    let line: Int
    private var question: [String] = []
    private var answer: String?
    private var choices: [String] = []
    /// The choices' letters, a bit each.
    private var letters: UInt32 = 0
    private var problem: Problem?
    /// A blank line came after the answer and enough choices: only further choices can follow.
    private(set) var isComplete = false

    init(line: Int) { self.line = line }

    /// Whether this line cannot belong to the record any more.
    func ends(before text: String) -> Bool {
        guard isComplete, let first = text.utf8.first, !text.isBlank else { return false }
        return !isChoice(text) || letters & Self.bit(first) != 0
    }

    /// The next line; nil: its bytes aren't UTF-8.
    mutating func add(_ text: String?, number: Int) {
        guard let text else {
            fail(number, "bytes that are not UTF-8")
            return
        }
        if number == line {
            question.append(Self.value(text.unicodeScalars.dropFirst(2)))
        } else if text.utf8.first == UInt8(ascii: "^") {
            if answer != nil { fail(number, "a second correct answer") }
            answer = Self.value(text.unicodeScalars.dropFirst())
        } else if answer == nil {
            question.append(String(Self.withoutBlankEnd(text.unicodeScalars[...])))
        } else if let byte = text.utf8.first, isChoice(text) {
            let letter = Unicode.Scalar(byte)
            let rest = Self.value(text.unicodeScalars.dropFirst())
            if letters & Self.bit(byte) != 0 { fail(number, "choice \(letter) appears twice") }
            letters |= Self.bit(byte)
            if rest.showsNothing { fail(number, "choice \(letter) is empty") }
            choices.append(rest)
        } else if !text.isBlank {
            fail(number, "a line that is neither a choice nor the next question")
        } else if choices.count >= 2 {
            isComplete = true
        }
    }

    /// The question, and what was repaired in it.
    func finished(id: String) -> Result<(question: Question, note: String?), Problem> {
        if let problem { return .failure(problem) }
        let text = Self.text(of: question)
        guard !text.showsNothing else { return failure("no question") }
        guard text.utf16.count <= OpenTriviaQAParser.maximumQuestionLength else { return failure("the question is too long") }
        guard let answer, !answer.isEmpty else { return failure("no correct answer") }
        guard choices.count >= 2 else { return failure("fewer than two choices") }
        guard choices.count <= OpenTriviaQAParser.maximumChoices,
            choices.allSatisfy({ $0.utf16.count <= OpenTriviaQAParser.maximumChoiceLength })
        else { return failure("too many or too long choices") }
        // By their bytes: comparing texts normalises them, in quadratic time where one letter has many marks.
        var options: [String] = []
        for choice in choices where !options.contains(where: { $0.utf8.elementsEqual(choice.utf8) }) { options.append(choice) }
        guard options.count >= 2 else { return failure("all choices are the same") }
        let correct =
            options.firstIndex { $0.utf8.elementsEqual(answer.utf8) }
            ?? options.firstIndex { $0.trimmingSpaces().utf8.elementsEqual(answer.trimmingSpaces().utf8) }
        guard let correct else { return failure("no choice equals the correct answer") }
        let note = options.count < choices.count ? "a repeated choice was left out" : nil
        return .success((Question(id: id, question: text, options: options, correctAnswer: .index(correct)), note))
    }

    /// The lines of a question. Blank ones are gaps in the file, but where lines are indented the text is code, and stays as it is.
    private static func text(of lines: [String]) -> String {
        let isIndented = lines.dropFirst().contains { $0.first?.isWhitespace == true }
        guard isIndented else { return lines.map { $0.trimmingSpaces() }.filter { !$0.isEmpty }.joined(separator: "\n") }
        let end = lines.lastIndex { !$0.isEmpty }.map { $0 + 1 } ?? 0
        let start = lines.firstIndex { !$0.isEmpty } ?? 0
        return lines[min(start, end)..<end].joined(separator: "\n")
    }

    /// The text behind a mark. A blank or two separate them; more, or a tab, is indentation.
    private static func value(_ text: Substring.UnicodeScalarView) -> String {
        let rest = withoutBlankEnd(text)
        let blanks = rest.prefix { $0 == " " }
        if blanks.count > 2 { return String(rest.dropFirst()) }
        let value = rest.dropFirst(blanks.count)
        return blanks.isEmpty && value.first == "\t" ? String(value.dropFirst()) : String(value)
    }

    private static func withoutBlankEnd(_ text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
        var text = text
        while text.last?.properties.isWhitespace == true { text.removeLast() }
        return text
    }

    /// - Parameter letter: `A` to `Z`.
    private static func bit(_ letter: UInt8) -> UInt32 { 1 << UInt32(letter & 0x1F) }

    private func isChoice(_ text: String) -> Bool {
        let head = text.unicodeScalars.prefix(2)
        guard let letter = head.first, ("A"..."Z").contains(letter) else { return false }
        return head.count == 1 || head.last?.properties.isWhitespace == true
    }

    private func failure(_ reason: String) -> Result<(question: Question, note: String?), Problem> {
        .failure(Problem(line: line, reason: reason))
    }

    /// The first problem is the one that is reported.
    private mutating func fail(_ number: Int, _ reason: String) {
        if problem == nil { problem = Problem(line: number, reason: reason) }
    }
}
