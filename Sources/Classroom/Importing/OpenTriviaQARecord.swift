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
            question.append(text.unicodeScalars.dropFirst(2).trimmingSpaces())
        } else if text.utf8.first == UInt8(ascii: "^") {
            if answer != nil { fail(number, "a second correct answer") }
            answer = text.unicodeScalars.dropFirst().trimmingSpaces()
        } else if answer == nil {
            question.append(text.trimmingSpaces())
        } else if let byte = text.utf8.first, isChoice(text) {
            let letter = Unicode.Scalar(byte)
            let rest = text.unicodeScalars.dropFirst().trimmingSpaces()
            if letters & Self.bit(byte) != 0 { fail(number, "choice \(letter) appears twice") }
            letters |= Self.bit(byte)
            if rest.isEmpty { fail(number, "choice \(letter) is empty") }
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
        let text = question.count == 1 ? question[0] : question.filter { !$0.isEmpty }.joined(separator: "\n")
        guard !text.isEmpty else { return failure("no question") }
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
        guard let correct = options.firstIndex(where: { $0.utf8.elementsEqual(answer.utf8) }) else {
            return failure("no choice equals the correct answer")
        }
        let note = options.count < choices.count ? "a repeated choice was left out" : nil
        return .success((Question(id: id, question: text, options: options, correctAnswer: .index(correct)), note))
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
