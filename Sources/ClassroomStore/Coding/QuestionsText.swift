import Classroom
import JSONCore

/// The `questions` column: `[{"id", "question", "options": […], "correctAnswer": 1, "durationMs"?}]`.
enum QuestionsText {
    /// The same questions always give the same text.
    static func text(_ questions: [Question]) -> String { JSONWriter.text { $0.questions(questions) } }

    /// Skips elements that are no objects. A question without an id gets `q` and its position, counted from 1. A question without a correct
    /// answer gets an empty list, which no answer matches.
    static func questions(_ text: String?) -> [Question] {
        (JSONText.parse(text)?.elements ?? []).enumerated().compactMap { index, element in
            element.kind == .object ? question(element, position: index + 1) : nil
        }
    }

    private static func question(_ json: JSONSlice, position: Int) -> Question {
        var question = Question(id: "q\(position)", question: "", options: [], correctAnswer: .list([]))
        var (text, otherText): (String?, String?)
        for (key, value) in json.members {
            switch key {
            case "id": question.id = identifier(value) ?? "q\(position)"
            case "question": text = value.string
            case "text": otherText = value.string
            case "options": question.options = value.elements.map { $0.string ?? $0.description }
            case "correctAnswer": question.correctAnswer = AnswerText.answer(value) ?? .list([])
            case "durationMs": question.durationMs = duration(value)
            default: break
            }
        }
        question.question = text ?? otherText ?? ""
        return question
    }

    private static func identifier(_ json: JSONSlice) -> String? {
        switch json.kind {
        case .string: json.string.flatMap { $0.isEmpty ? nil : $0 }
        case .number: json.int.map { String($0) }
        default: nil
        }
    }

    private static func duration(_ json: JSONSlice) -> Int? {
        json.wholeNumber.flatMap { $0 > 0 ? min($0, SessionSettings.questionDurationRange.upperBound) : nil }
    }
}
