import Classroom
import JSONCore
import NIOCore

/// A quiz as somebody sent it: `{"id"?, "title", "questions": [{"id"?, "question", "options"?, "correctAnswer", "durationMs"?}]}`.
/// It has the right shape, and no field of which nobody would see anything again: an `image` that is dropped makes another question of it.
/// Nothing else about it is checked yet.
struct QuizDraft {
    var id: String?
    var title: String
    /// One that was sent without an id has none here either.
    var questions: [Question]

    /// How many levels of arrays and objects the JSON text may have.
    static let maximumDepth = 32
    /// As many fields as anything here may have, those that are null included.
    static let maximumFields = 64

    /// Validates a JSON text in one pass, which also counts its levels, and reads it in a second one.
    ///
    /// - Throws: `ClassroomError(.invalid)` with the path of the first thing that is wrong: `questions[2].options: is missing`.
    init(json body: ByteBuffer, limits: QuizLimits) throws(ClassroomError) {
        let text: JSONSlice
        do throws(JSONSyntaxError) {
            text = try JSONSlice(validating: body, maximumDepth: Self.maximumDepth)
        } catch {
            throw ClassroomError(
                .invalid, error.kind == .tooDeep ? "The body has more than \(Self.maximumDepth) levels" : "The body is not JSON")
        }
        self = try text.bytes.withUnsafeReadableBytes { bytes throws(ClassroomError) in
            var reader = QuizReader(bytes, limits: limits)
            return try reader.quiz()
        }
    }

    init(id: String?, title: String, questions: [Question]) {
        self.id = id
        self.title = title
        self.questions = questions
    }

    /// The quiz, or the first thing that is wrong with it, by its path: `questions[2].options: …`.
    consuming func checked(id: String, owner: String, limits: QuizLimits) throws(ClassroomError) -> Quiz {
        if let own = self.id, own != id { throw ClassroomError(.invalid, "id: must be '\(id)'") }
        let check = QuestionCheck(limits: limits)
        // Ids that nobody chose are different by themselves.
        let haveIDs = questions.contains { !$0.id.isEmpty }
        var known: Set<String> = []
        if haveIDs { known.reserveCapacity(questions.count) }
        var checked = questions
        questions = []
        for index in checked.indices {
            if checked[index].id.isEmpty { checked[index].id = "q\(index + 1)" }
            do throws(ClassroomError) {
                try check.check(&checked[index])
            } catch {
                throw ClassroomError(.invalid, "questions[\(index)].\(error.message)")
            }
            guard !haveIDs || known.insert(checked[index].id).inserted else {
                throw ClassroomError(.invalid, "questions[\(index)].id: '\(checked[index].id)' is another question's")
            }
        }
        return Quiz(id: id, title: try QuizTitle.checked(title, limits: limits), questions: checked, createdBy: owner)
    }
}
