import Classroom

/// The `answer` column: JSON, that is `1`, `"Paris"` or `[0, 2]`.
enum AnswerText {
    static func text(_ answer: Answer) -> String {
        if case .index(let index) = answer { return String(index) }
        return JSONText.text(payload(answer))
    }

    /// What is not JSON is a text that somebody wrote by hand.
    static func answer(_ text: String) -> Answer {
        if let index = Int(text) { return .index(index) }
        return JSONText.parse(text).flatMap(answer) ?? .text(text)
    }

    static func payload(_ answer: Answer) -> Payload {
        switch answer {
        case .index(let index): .number(Double(index))
        case .text(let text): .string(text)
        case .list(let list): .array(list.map(payload))
        }
    }

    /// Nil for what is no answer: null, a truth value, an object, or a list with one of those.
    static func answer(_ payload: Payload) -> Answer? {
        switch payload {
        case .number(let number):
            return Int(exactly: number).map(Answer.index) ?? .text(String(number))
        case .string(let string):
            return .text(string)
        case .array(let elements):
            let answers = elements.compactMap(answer)
            return answers.count == elements.count ? .list(answers) : nil
        case .null, .bool, .object:
            return nil
        }
    }
}
