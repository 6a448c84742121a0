import Classroom

/// A quiz as somebody sent it: `{"id"?, "title", "questions": [{"id"?, "question", "options"?, "correctAnswer", "durationMs"?}]}`.
/// Nothing about it is checked yet, but that it has no fields of which nobody would see anything again: an `image` that is dropped makes
/// another question of it.
struct QuizDraft: Decodable {
    struct QuestionDraft: Decodable {
        var id: String?
        var question: String
        var options: [String]?
        var correctAnswer: Answer
        var durationMs: Int?

        enum CodingKeys: String, CodingKey, CaseIterable { case id, question, options, correctAnswer, durationMs }

        init(from decoder: any Decoder) throws {
            try UnknownFields.refuse(in: decoder, besides: CodingKeys.allCases.map(\.rawValue))
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            id = try fields.decodeIfPresent(String.self, forKey: .id)
            question = try fields.decode(String.self, forKey: .question)
            options = try fields.decodeIfPresent([String].self, forKey: .options)
            correctAnswer = try fields.decode(Answer.self, forKey: .correctAnswer)
            durationMs = try fields.decodeIfPresent(Int.self, forKey: .durationMs)
        }
    }

    var id: String?
    var title: String
    var questions: [QuestionDraft]

    enum CodingKeys: String, CodingKey, CaseIterable { case id, title, questions }

    init(from decoder: any Decoder) throws {
        // A quiz that was read and is sent back says whose it is: that does not change.
        try UnknownFields.refuse(in: decoder, besides: CodingKeys.allCases.map(\.rawValue) + ["createdBy"])
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        id = try fields.decodeIfPresent(String.self, forKey: .id)
        title = try fields.decode(String.self, forKey: .title)
        questions = try fields.decode([QuestionDraft].self, forKey: .questions)
    }

    /// The quiz, or the first thing that is wrong with it, by its path: `questions[2].options: …`.
    func checked(id: String, owner: String, limits: QuizLimits) throws(ClassroomError) -> Quiz {
        if let own = self.id, own != id { throw ClassroomError(.invalid, "id: must be '\(id)'") }
        guard (1...limits.maximumQuestions).contains(questions.count) else {
            throw ClassroomError(.invalid, "questions: there must be 1 to \(limits.maximumQuestions)")
        }
        var known: Set<String> = []
        var checked: [Question] = []
        checked.reserveCapacity(questions.count)
        for (index, draft) in questions.enumerated() {
            let question = Question(
                id: draft.id ?? "q\(index + 1)", question: draft.question, options: draft.options ?? [],
                correctAnswer: draft.correctAnswer, durationMs: draft.durationMs)
            do throws(ClassroomError) {
                checked.append(try QuestionCheck(limits: limits).checked(question))
            } catch {
                throw ClassroomError(.invalid, "questions[\(index)].\(error.message)")
            }
            guard known.insert(question.id).inserted else {
                throw ClassroomError(.invalid, "questions[\(index)].id: '\(question.id)' is another question's")
            }
        }
        return Quiz(id: id, title: try QuizTitle.checked(title, limits: limits), questions: checked, createdBy: owner)
    }
}

/// Fields of a request that this server would not keep.
enum UnknownFields {
    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// A field that is null says nothing, and may be there.
    static func refuse(in decoder: any Decoder, besides known: [String]) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        for key in fields.allKeys.sorted(by: { $0.stringValue < $1.stringValue }) where !known.contains(key.stringValue) {
            if try fields.decodeNil(forKey: key) { continue }
            throw UnknownField(path: decoder.codingPath, name: key.stringValue)
        }
    }
}

struct UnknownField: Error {
    let path: [any CodingKey]
    let name: String
}
