import Classroom

/// The `questions` column: `[{"id", "question", "options": […], "correctAnswer": 1, "durationMs"?}]`.
enum QuestionsText {
    static func text(_ questions: [Question]) -> String {
        JSONText.text(.array(questions.map(payload)))
    }

    /// Elements that are no objects are left out; a question without an id gets `q` and its position, from 1; a question without a correct
    /// answer has the empty list, which nobody can hit.
    static func questions(_ text: String?) -> [Question] {
        (JSONText.parse(text)?.elements ?? []).enumerated().compactMap { index, element in
            guard case .object = element else { return nil }
            return question(element, position: index + 1)
        }
    }

    private static func question(_ payload: Payload, position: Int) -> Question {
        Question(
            id: identifier(payload["id"]) ?? "q\(position)",
            question: payload["question"]?.string ?? payload["text"]?.string ?? "",
            options: (payload["options"]?.elements ?? []).map(option),
            correctAnswer: payload["correctAnswer"].flatMap(AnswerText.answer) ?? .list([]),
            durationMs: payload["durationMs"]?.integer.flatMap { $0 > 0 ? min($0, SessionSettings.questionDurationRange.upperBound) : nil })
    }

    private static func payload(_ question: Question) -> Payload {
        var members: [String: Payload] = [
            "id": .string(question.id), "question": .string(question.question), "options": .array(question.options.map(Payload.string)),
            "correctAnswer": AnswerText.payload(question.correctAnswer),
        ]
        if let duration = question.durationMs { members["durationMs"] = .number(Double(duration)) }
        return .object(members)
    }

    private static func identifier(_ payload: Payload?) -> String? {
        switch payload {
        case .string(let string) where !string.isEmpty: string
        case .number(let number): Int(exactly: number).map(String.init)
        default: nil
        }
    }

    private static func option(_ payload: Payload) -> String {
        payload.string ?? JSONText.text(payload)
    }
}
