import Classroom
import JSONCore
import NIOCore

/// A quiz as somebody sent it: `{"id"?, "title", "questions": [{"id"?, "question", "options"?, "correctAnswer", "durationMs"?}]}`.
/// It has the right shape, and no field of which nobody would see anything again: an `image` that is dropped makes another question of it.
/// Nothing else about it is checked yet.
struct QuizDraft {
    struct QuestionDraft {
        var id: String?
        var question: String
        var options: [String]
        var correctAnswer: Answer
        var durationMs: Int?
    }

    var id: String?
    var title: String
    var questions: [QuestionDraft]

    /// How many levels of arrays and objects the JSON text may have.
    static let maximumDepth = 32

    /// Reads a JSON text: depth first, then how many questions there are, and only then each of them.
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
        guard text.kind == .object else { throw ClassroomError(.invalid, "The body: has the wrong type") }
        // A quiz that was read and is sent back says whose it is: that does not change.
        try Self.refuseUnknownFields(of: text, besides: ["id", "title", "questions", "createdBy"], path: "", owner: "quiz")
        id = try Self.optional(text["id"], "id") { $0.string }
        title = try Self.required(text["title"], "title") { $0.string }
        let list = try Self.required(text["questions"], "questions") { $0.kind == .array ? $0 : nil }
        guard list.isLonger(than: 0), !list.isLonger(than: limits.maximumQuestions) else {
            throw ClassroomError(.invalid, "questions: there must be 1 to \(limits.maximumQuestions)")
        }
        var questions: [QuestionDraft] = []
        for (index, question) in list.elements.enumerated() {
            questions.append(try QuestionDraft(question, number: index, limits: limits))
        }
        self.questions = questions
    }

    /// The quiz, or the first thing that is wrong with it, by its path: `questions[2].options: …`.
    func checked(id: String, owner: String, limits: QuizLimits) throws(ClassroomError) -> Quiz {
        if let own = self.id, own != id { throw ClassroomError(.invalid, "id: must be '\(id)'") }
        var known: Set<String> = []
        var checked: [Question] = []
        checked.reserveCapacity(questions.count)
        for (index, draft) in questions.enumerated() {
            let question = Question(
                id: draft.id ?? "q\(index + 1)", question: draft.question, options: draft.options,
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

    // MARK: Fields

    /// As many fields as anything here may have, those that are null included.
    static let maximumFields = 64

    /// A field that is null says nothing, and may be there.
    fileprivate static func refuseUnknownFields(
        of slice: JSONSlice, besides known: [String], path: String, owner: String
    ) throws(ClassroomError) {
        guard !slice.isLonger(than: maximumFields) else {
            throw ClassroomError(.invalid, "\(path.isEmpty ? "The body" : path): a \(owner) has at most \(maximumFields) fields")
        }
        // Names are compared by their bytes: they may be of any length, and normalising a long one takes quadratic time.
        guard
            let field = slice.members.first(where: { field in
                !field.value.isNull && !known.contains { $0.utf8.elementsEqual(field.key.utf8) }
            })
        else { return }
        // The name is the sender's: cut, and without anything that could turn the line around.
        let place = (path.isEmpty ? "" : path + ".") + Nickname.shown(field.key)
        throw ClassroomError(.invalid, "\(place): a \(owner) has no such field, it would be lost")
    }

    fileprivate static func required<Value>(
        _ slice: JSONSlice?, _ path: @autoclosure () -> String, _ read: (JSONSlice) -> Value?
    ) throws(ClassroomError) -> Value {
        guard let value = try optional(slice, path(), read) else { throw ClassroomError(.invalid, "\(path()): is missing") }
        return value
    }

    /// What is null is absent.
    fileprivate static func optional<Value>(
        _ slice: JSONSlice?, _ path: @autoclosure () -> String, _ read: (JSONSlice) -> Value?
    ) throws(ClassroomError) -> Value? {
        guard let slice, !slice.isNull else { return nil }
        guard let value = read(slice) else { throw ClassroomError(.invalid, "\(path()): has the wrong type") }
        return value
    }
}

extension QuizDraft.QuestionDraft {
    fileprivate init(_ slice: JSONSlice, number: Int, limits: QuizLimits) throws(ClassroomError) {
        // Made only where it is told: most questions are right.
        var path: String { "questions[\(number)]" }
        guard slice.kind == .object else { throw ClassroomError(.invalid, "\(path): has the wrong type") }
        try QuizDraft.refuseUnknownFields(
            of: slice, besides: ["id", "question", "options", "correctAnswer", "durationMs"], path: path, owner: "question")
        id = try QuizDraft.optional(slice["id"], "\(path).id") { $0.string }
        question = try QuizDraft.required(slice["question"], "\(path).question") { $0.string }
        options = []
        if let list = try QuizDraft.optional(slice["options"], "\(path).options", { $0.kind == .array ? $0 : nil }) {
            // No more are read than there may be.
            guard !list.isLonger(than: limits.maximumOptions) else {
                throw ClassroomError(
                    .invalid,
                    "\(path).options: there must be \(limits.minimumOptions) to \(limits.maximumOptions), or none for an answer in words")
            }
            if let texts = Self.parts(list, Self.text) {
                options = texts
            } else {
                for (index, option) in list.elements.enumerated() {
                    options.append(try QuizDraft.required(option, "\(path).options[\(index)]") { $0.string })
                }
            }
        }
        correctAnswer = try QuizDraft.required(slice["correctAnswer"], "\(path).correctAnswer", Self.answer)
        durationMs = try QuizDraft.optional(slice["durationMs"], "\(path).durationMs") { $0.int }
    }

    /// An index, a text, or a list of these; a list holds no lists.
    private static func answer(_ slice: JSONSlice) -> Answer? {
        guard slice.kind == .array else { return item(slice) }
        guard !slice.isLonger(than: AnswerMatching.maximumListLength) else { return nil }
        let items = parts(slice) { raw in text(raw).map(Answer.text) ?? index(raw).map(Answer.index) }
        if let items { return .list(items) }
        var others: [Answer] = []
        for element in slice.elements {
            guard let item = item(element) else { return nil }
            others.append(item)
        }
        return .list(others)
    }

    /// What the elements of an array are, found in one walk and without a slice each; nil if one is nothing of the kind.
    private static func parts<Part>(_ list: JSONSlice, _ part: (UnsafeRawBufferPointer) -> Part?) -> [Part]? {
        list.bytes.withUnsafeReadableBytes { bytes -> [Part]? in
            var walk = JSONWalk(bytes)
            var parts: [Part] = []
            while walk.next() {
                guard let part = part(UnsafeRawBufferPointer(rebasing: bytes[walk.value])) else { return nil }
                parts.append(part)
            }
            return parts
        }
    }

    private static func text(_ raw: UnsafeRawBufferPointer) -> String? {
        guard raw.count >= 2, raw[0] == UInt8(ascii: "\"") else { return nil }
        let text = UnsafeRawBufferPointer(rebasing: raw[1..<raw.count - 1])
        return JSONString.decode(text, hasEscapes: text.contains(UInt8(ascii: "\\")))
    }

    /// A number of a few digits.
    private static func index(_ raw: UnsafeRawBufferPointer) -> Int? {
        guard (1...6).contains(raw.count) else { return nil }
        var index = 0
        for byte in raw {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            index = index * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return index
    }

    private static func item(_ slice: JSONSlice) -> Answer? {
        switch slice.kind {
        case .number: slice.int.map(Answer.index)
        case .string: slice.string.map(Answer.text)
        default: nil
        }
    }
}
