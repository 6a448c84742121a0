import Classroom
import JSONCore

/// The `answer` column as JSON: `1`, `"Paris"` or `[0, 2]`.
enum AnswerText {
    static func text(_ answer: Answer) -> String {
        if case .index(let index) = answer { return String(index) }
        return JSONWriter.text { write(answer, to: &$0) }
    }

    /// A text that is not JSON was written by hand and is the answer itself.
    static func answer(_ text: String) -> Answer {
        if let index = Int(text) { return .index(index) }
        return JSONText.parse(text).flatMap(answer) ?? .text(text)
    }

    static func write(_ answer: Answer, to writer: inout JSONWriter) {
        switch answer {
        case .index(let index): writer.int(index)
        case .text(let text): writer.string(text)
        case .list(let list): writer.array { for element in list { write(element, to: &$0) } }
        }
    }

    /// Nil for values that cannot be answers: null, a Boolean, an object, or a list that holds one of these.
    static func answer(_ json: JSONSlice) -> Answer? {
        switch json.kind {
        case .number: return json.int.map(Answer.index) ?? .text(json.description)
        case .string: return json.string.map(Answer.text)
        case .array:
            let elements = json.elements
            let answers = elements.compactMap(answer)
            return answers.count == elements.count ? .list(answers) : nil
        case .null, .bool, .object: return nil
        }
    }
}
