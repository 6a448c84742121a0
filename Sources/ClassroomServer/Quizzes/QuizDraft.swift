import Classroom
import JSONCore
import NIOCore

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

    /// How deep a draft's text may be nested.
    static let maximumDepth = 32

    /// Reads a draft. What there may be too many of is counted before any of it is made.
    init(_ text: ByteBuffer, limits: QuizLimits) throws(ClassroomError) {
        let json: JSONSlice
        do throws(JSONSyntaxError) {
            json = try JSONSlice(validating: text, maximumDepth: Self.maximumDepth)
        } catch {
            throw ClassroomError(
                .invalid, error.kind == .tooDeep ? "The body has more than \(Self.maximumDepth) levels" : "The body is not JSON")
        }
        try Self.checkCounts(json, limits)
        do {
            self = try json.decode()
        } catch {
            throw ClassroomError(.invalid, DecodingProblem.describe(error))
        }
    }

    private static func checkCounts(_ json: JSONSlice, _ limits: QuizLimits) throws(ClassroomError) {
        guard let questions = json["questions"], questions.kind == .array else { return }
        guard questions.count <= limits.maximumQuestions else { throw tooManyQuestions(limits) }
        for (index, question) in questions.elements.enumerated() {
            for (field, value) in question.members(named: ["options", "correctAnswer"]) where value.kind == .array {
                let maximum = field == "options" ? limits.maximumOptions : max(limits.maximumOptions, limits.maximumAcceptedTexts)
                guard value.count <= maximum else {
                    throw ClassroomError(.invalid, "questions[\(index)].\(field): there must be at most \(maximum)")
                }
            }
        }
    }

    private static func tooManyQuestions(_ limits: QuizLimits) -> ClassroomError {
        ClassroomError(.invalid, "questions: there must be 1 to \(limits.maximumQuestions)")
    }

    /// The quiz, or the first thing that is wrong with it, by its path: `questions[2].options: …`.
    func checked(id: String, owner: String, limits: QuizLimits) throws(ClassroomError) -> Quiz {
        if let own = self.id, own != id { throw ClassroomError(.invalid, "id: must be '\(id)'") }
        guard (1...limits.maximumQuestions).contains(questions.count) else { throw Self.tooManyQuestions(limits) }
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
