import Classroom
import JSONCore
import NIOCore

/// A quiz as somebody sent it: `{"id"?, "title", "questions": [{"id"?, "question", "options"?, "correctAnswer", "durationMs"?}]}`.
/// It has the right shape and no unknown fields. Dropping one silently could change the meaning of a question, such as an `image`.
/// Nothing else about it is checked yet.
struct QuizDraft {
    var id: String?
    var title: String
    /// A question that was sent without an id has none here either.
    var questions: [Question]

    /// How many levels of arrays and objects the JSON text may have.
    static let maximumDepth = 32
    /// The most fields of an object, including those that are null.
    static let maximumFields = 64

    /// Validates a JSON text in one pass, which also counts its levels, and reads it in a second one.
    ///
    /// - Throws: `ClassroomError(.invalid)` with the path of the first thing that is wrong: `questions[2].options: is missing`.
    init(json body: ByteBuffer, limits: QuizLimits) throws(ClassroomError) {
        var body = body
        // The byte order mark that some editors write in front of a text is no part of it (RFC 8259, section 8.1, allows to ignore it).
        if body.readableBytesView.starts(with: [0xEF, 0xBB, 0xBF]) { body.moveReaderIndex(forwardBy: 3) }
        let text: JSONSlice
        do throws(JSONSyntaxError) {
            text = try JSONSlice(validating: body, maximumDepth: Self.maximumDepth)
        } catch {
            throw Self.refusal(error, body)
        }
        self = try text.bytes.withUnsafeReadableBytes { bytes throws(ClassroomError) in
            var reader = QuizReader(bytes, limits: limits)
            return try reader.quiz()
        }
    }

    /// With the place, as editors count: lines from 1, and columns of bytes from 1.
    private static func refusal(_ error: JSONSyntaxError, _ body: ByteBuffer) -> ClassroomError {
        if error.kind == .tooDeep { return ClassroomError(.invalid, "The body has more than \(maximumDepth) levels") }
        let before = body.readableBytesView.prefix(error.offset)
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? before.startIndex
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let place = "line \(line), column \(before.endIndex - lineStart + 1)"
        return ClassroomError(.invalid, "The body is not JSON: \(place): \(problem(error.kind))")
    }

    private static func problem(_ kind: JSONSyntaxError.Kind) -> String {
        switch kind {
        case .unexpectedEnd: "it ends too early"
        case .invalidString: "a control character in a text; a line break is written \\n"
        case .invalidEscape: "a backslash before a character that it cannot escape"
        case .invalidUTF8: "bytes that are not UTF-8"
        case .invalidNumber: "not a number"
        case .trailingBytes: "something follows the end"
        default: "unexpected character"
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
        // Generated ids differ by themselves.
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
