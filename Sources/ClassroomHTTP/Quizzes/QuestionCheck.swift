import Classroom

/// The rules for one question. An error's message starts with the field: `options: …`.
struct QuestionCheck {
    let limits: QuizLimits

    /// Checks the question, and turns a correct answer that is given as an option's text into that option's index.
    func check(_ question: inout Question) throws(ClassroomError) {
        guard Identifier.isValid(question.id) else { throw invalid("id", "must match [A-Za-z0-9_-]{1,64}") }
        try check("question", question.question, 1...limits.maximumQuestionLength)
        if let duration = question.durationMs, !limits.durationMs.contains(duration) {
            throw invalid("durationMs", "must be \(limits.durationMs.lowerBound) to \(limits.durationMs.upperBound)")
        }
        if question.options.isEmpty {
            try checkTexts(question.correctAnswer)
        } else {
            try checkOptions(question.options)
            question.correctAnswer = try indexed(question.correctAnswer, in: question.options)
        }
    }

    private func checkOptions(_ options: [String]) throws(ClassroomError) {
        guard (limits.minimumOptions...limits.maximumOptions).contains(options.count) else {
            throw invalid("options", "there must be \(limits.minimumOptions) to \(limits.maximumOptions), or none for an answer in words")
        }
        for index in options.indices { try check("options[\(index)]", options[index], 1...limits.maximumOptionLength) }
        guard !Self.hasRepetition(options) else { throw invalid("options", "two are the same") }
    }

    /// Compares every two of a few texts: by a mark of eight bytes, and by all their bytes where the marks are the same.
    private static func hasRepetition(_ texts: [String]) -> Bool {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: texts.count) { marks in
            for index in texts.indices {
                let mark = mark(of: texts[index])
                for earlier in 0..<index where marks[earlier] == mark && texts[earlier].hasSameBytes(as: texts[index]) { return true }
                marks.initializeElement(at: index, to: mark)
            }
            return false
        }
    }

    /// Made from the length and the last bytes: numbered texts begin alike.
    private static func mark(of text: String) -> UInt64 {
        var mark = UInt64(truncatingIfNeeded: text.utf8.count)
        text.utf8.withContiguousStorageIfAvailable { bytes in
            var index = max(0, bytes.count &- 7)
            while index < bytes.count {
                mark = mark &<< 8 | UInt64(bytes[index])
                index &+= 1
            }
        }
        return mark
    }

    private func indexed(_ answer: Answer, in options: [String]) throws(ClassroomError) -> Answer {
        guard case .list(let answers) = answer else { return .index(try place(answer, in: options)) }
        if Self.areDistinctIndices(answers, of: options.count) { return answer }
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

    /// True for the usual list: indices only, each once. False for more options than a word has bits.
    private static func areDistinctIndices(_ answers: [Answer], of count: Int) -> Bool {
        guard count <= UInt64.bitWidth, !answers.isEmpty else { return false }
        var named: UInt64 = 0
        for place in answers.indices {
            guard case .index(let index) = answers[place], index >= 0, index < count, named & (1 &<< UInt64(index)) == 0 else {
                return false
            }
            named |= 1 &<< UInt64(index)
        }
        return true
    }

    private func place(_ answer: Answer, in options: [String]) throws(ClassroomError) -> Int {
        switch answer {
        case .index(let index):
            guard options.indices.contains(index) else { throw invalid("correctAnswer", "must be the index of an option, from 0") }
            return index
        case .text(let text):
            guard let index = options.firstIndex(where: { $0.hasSameBytes(as: text) }) else {
                throw invalid("correctAnswer", "is none of the options")
            }
            return index
        // A draft cannot contain one, but a quiz from elsewhere may.
        case .list: throw invalid("correctAnswer", "is none of the options")
        }
    }

    /// A player's text must not contain `<` or `>`, so a correct text with one could never be given.
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
        if Self.isPlain(text, upTo: length.upperBound) { return }
        // A UTF-16 unit takes at most three bytes, so a longer text need not be counted.
        guard text.utf8.count <= 3 * length.upperBound, length.contains(text.utf16.count), !text.showsNothing else {
            throw invalid(field(), "must have \(length.lowerBound) to \(length.upperBound) characters")
        }
        guard !text.hasControlCharacters else { throw invalid(field(), "has control characters") }
    }

    /// True if a text is printable ASCII, begins with no blank and is not too long. Most texts are, and one look tells.
    private static func isPlain(_ text: String, upTo length: Int) -> Bool {
        text.utf8.withContiguousStorageIfAvailable { bytes in
            guard let first = bytes.first, first > 0x20, bytes.count <= length else { return false }
            let bytes = UnsafeRawBufferPointer(bytes)
            var index = 0
            while index &+ 8 <= bytes.count {
                guard ControlCharacters.isPrintable(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) else { return false }
                index &+= 8
            }
            while index < bytes.count {
                guard bytes[index] &- 0x20 < 0x5F else { return false }
                index &+= 1
            }
            return true
        } ?? false
    }

    private func invalid(_ field: String, _ reason: String) -> ClassroomError {
        ClassroomError(.invalid, "\(field): \(reason)")
    }
}
