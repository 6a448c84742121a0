import Classroom

/// The rules for one question. An error's message starts with the field: `options: …`.
struct QuestionCheck {
    let limits: QuizLimits

    /// The question, with a correct answer that is given as an option's text turned into that option's index.
    func checked(_ question: Question) throws(ClassroomError) -> Question {
        guard Identifier.isValid(question.id) else { throw invalid("id", "must match [A-Za-z0-9_-]{1,64}") }
        try check("question", question.question, 1...limits.maximumQuestionLength)
        if let duration = question.durationMs, !limits.durationMs.contains(duration) {
            throw invalid("durationMs", "must be \(limits.durationMs.lowerBound) to \(limits.durationMs.upperBound)")
        }
        var question = question
        if question.options.isEmpty {
            try checkTexts(question.correctAnswer)
        } else {
            try checkOptions(question.options)
            question.correctAnswer = try indexed(question.correctAnswer, in: question.options)
        }
        return question
    }

    private func checkOptions(_ options: [String]) throws(ClassroomError) {
        guard (limits.minimumOptions...limits.maximumOptions).contains(options.count) else {
            throw invalid("options", "there must be \(limits.minimumOptions) to \(limits.maximumOptions), or none for an answer in words")
        }
        for (index, option) in options.enumerated() { try check("options[\(index)]", option, 1...limits.maximumOptionLength) }
        guard Set(options.lazy.map(Exact.init)).count == options.count else { throw invalid("options", "two are the same") }
    }

    /// A text that is compared and hashed by its bytes. Swift's own comparison and hash normalise it, in quadratic time where one letter has
    /// many marks.
    private struct Exact: Hashable {
        let text: String

        static func == (one: Exact, other: Exact) -> Bool { one.text.utf8.elementsEqual(other.text.utf8) }

        func hash(into hasher: inout Hasher) {
            var text = text
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }

    private func indexed(_ answer: Answer, in options: [String]) throws(ClassroomError) -> Answer {
        guard case .list(let answers) = answer else { return .index(try place(answer, in: options)) }
        var isNamed = Array(repeating: false, count: options.count)
        var isIndexed = true
        for answer in answers {
            let place = try place(answer, in: options)
            guard !isNamed[place] else { throw invalid("correctAnswer", "a list must name at least one option, and each once") }
            isNamed[place] = true
            if case .index = answer { continue }
            isIndexed = false
        }
        guard !answers.isEmpty else { throw invalid("correctAnswer", "a list must name at least one option, and each once") }
        if isIndexed { return answer }
        var indices: [Answer] = []
        for answer in answers { indices.append(.index(try place(answer, in: options))) }
        return .list(indices)
    }

    private func place(_ answer: Answer, in options: [String]) throws(ClassroomError) -> Int {
        switch answer {
        case .index(let index):
            guard options.indices.contains(index) else { throw invalid("correctAnswer", "must be the index of an option, from 0") }
            return index
        case .text(let text):
            guard let index = options.firstIndex(where: { Exact(text: $0) == Exact(text: text) }) else {
                throw invalid("correctAnswer", "is none of the options")
            }
            return index
        // The draft refuses it; a quiz that comes otherwise may have one.
        case .list: throw invalid("correctAnswer", "is none of the options")
        }
    }

    /// A player's text may hold no `<` and no `>`: a correct one that does could never be given.
    private func checkTexts(_ answer: Answer) throws(ClassroomError) {
        let texts: [Answer] = if case .list(let list) = answer { list } else { [answer] }
        guard (1...limits.maximumAcceptedTexts).contains(texts.count) else {
            throw invalid("correctAnswer", "must be 1 to \(limits.maximumAcceptedTexts) texts")
        }
        for text in texts {
            guard case .text(let text) = text else { throw invalid("correctAnswer", "must be a text: the question has no options") }
            try check("correctAnswer", text, 1...limits.maximumOptionLength)
            guard !text.utf8.contains(where: { $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: ">") }) else {
                throw invalid("correctAnswer", "must not contain < or >")
            }
        }
    }

    private func check(_ field: @autoclosure () -> String, _ text: String, _ length: ClosedRange<Int>) throws(ClassroomError) {
        guard length.contains(text.utf16.count), !text.showsNothing else {
            throw invalid(field(), "must have \(length.lowerBound) to \(length.upperBound) characters")
        }
        guard !Self.hasControlCharacters(text) else { throw invalid(field(), "has control characters") }
    }

    /// Line breaks and tabs are fine. A NUL would end the text in other programs, the rest can disturb a terminal.
    static func hasControlCharacters(_ text: String) -> Bool {
        // U+0000 to U+001F, U+007F, and U+0080 to U+009F, whose first byte is 0xC2.
        var previous: UInt8 = 0
        for byte in text.utf8 {
            switch byte {
            case 0x09, 0x0A, 0x0D: break
            case 0x00..<0x20, 0x7F: return true
            case 0x80...0x9F where previous == 0xC2: return true
            default: break
            }
            previous = byte
        }
        return false
    }

    private func invalid(_ field: String, _ reason: String) -> ClassroomError {
        ClassroomError(.invalid, "\(field): \(reason)")
    }
}
