import Classroom

/// A quiz as somebody sent it: `{"id"?, "title", "questions": [{"id"?, "question", "options"?, "correctAnswer", "durationMs"?}]}`.
/// Nothing about it is checked yet.
struct QuizDraft: Decodable {
    struct QuestionDraft: Decodable {
        var id: String?
        var question: String
        var options: [String]?
        var correctAnswer: Answer
        var durationMs: Int?
    }

    var id: String?
    var title: String
    var questions: [QuestionDraft]

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
