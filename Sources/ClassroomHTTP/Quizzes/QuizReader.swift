import Classroom
import JSONCore
import NIOCore

/// Reads a quiz from a JSON text that is known to be valid, in one pass: only the parts that the quiz keeps become values.
///
/// The last member counts when a key is repeated. So what is wrong with a member is kept until its object has been read, and the first
/// problem is told in the order of the fields here, not of those in the text.
///
/// The scanner and the keys point into the text. `QuizDraft` makes a reader within `withUnsafeReadableBytes`, and none leaves that closure; a
/// key lives for one call of `members`.
struct QuizReader {
    private var scanner: JSONScanner
    private let limits: QuizLimits
    /// As many as the question before had: most questions of a quiz are alike, and a list that has room from the start is not moved.
    private var expectedOptions = 0
    private var expectedAnswers = 0

    /// The value of a member; null counts as absent. A problem continues the path of the object that the member is in: `.options: is missing`.
    private enum Field<Value> {
        case absent
        case value(Value)
        case problem(String)
    }

    private struct Key {
        var bytes: UnsafeRawBufferPointer
        var hasEscapes: Bool

        /// By their bytes: a name may be of any length, and normalising a long one takes quadratic time.
        func equals(_ name: StaticString) -> Bool {
            JSONString.equals(
                bytes, hasEscapes: hasEscapes, UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        }
    }

    /// - Parameter bytes: a valid text without whitespace around it.
    init(_ bytes: UnsafeRawBufferPointer, limits: QuizLimits) {
        scanner = JSONScanner(bytes)
        self.limits = limits
    }

    mutating func quiz() throws(ClassroomError) -> QuizDraft {
        guard scanner.current == JSONByte.openBrace else { throw ClassroomError(.invalid, "The body: has the wrong type") }
        var (id, title) = (Field<String>.absent, Field<String>.absent)
        var questions = Field<[Question]>.absent
        let problem = members(of: "quiz") { reader, key in
            // A quiz that was read and is sent back names its owner, who does not change.
            if key.equals("id") {
                id = reader.text(".id")
            } else if key.equals("title") {
                title = reader.text(".title")
            } else if key.equals("questions") {
                questions = reader.questions()
            } else if key.equals("createdBy") {
                reader.scanner.skipValue()
            } else {
                return false
            }
            return true
        }
        JSONWork.passed(scanner.position)
        if let problem { throw ClassroomError(.invalid, problem.hasPrefix(":") ? "The body\(problem)" : String(problem.dropFirst())) }
        do throws(Problem) {
            return QuizDraft(
                id: try Self.optional(id), title: try Self.required(title, ".title"),
                questions: try Self.required(questions, ".questions"))
        } catch {
            throw ClassroomError(.invalid, String(error.text.dropFirst()))
        }
    }

    // MARK: Questions

    private mutating func questions() -> Field<[Question]> {
        guard scanner.current == JSONByte.openBracket else { return wrongType(".questions") }
        var questions: [Question] = []
        var count = 0
        var problem: String?
        scanner.position &+= 1
        while hasNext() {
            count &+= 1
            // After a problem, or beyond the limit, questions are counted and not read.
            guard problem == nil, count <= limits.maximumQuestions else {
                scanner.skipValue()
                continue
            }
            do throws(Problem) {
                questions.append(try question())
            } catch {
                problem = ".questions[\(count - 1)]\(error.text)"
            }
        }
        guard (1...limits.maximumQuestions).contains(count) else {
            return .problem(".questions: there must be 1 to \(limits.maximumQuestions)")
        }
        return problem.map(Field.problem) ?? .value(questions)
    }

    private mutating func question() throws(Problem) -> Question {
        guard scanner.current == JSONByte.openBrace else {
            scanner.skipValue()
            throw Problem(text: ": has the wrong type")
        }
        var (id, text) = (Field<String>.absent, Field<String>.absent)
        var options = Field<[String]>.absent
        var answer = Field<Answer>.absent
        var duration = Field<Int>.absent
        let problem = members(of: "question") { reader, key in
            if key.equals("question") {
                text = reader.text(".question", upTo: reader.limits.maximumQuestionLength)
            } else if key.equals("options") {
                options = reader.options()
            } else if key.equals("correctAnswer") {
                answer = reader.answer()
            } else if key.equals("id") {
                id = reader.text(".id")
            } else if key.equals("durationMs") {
                duration = reader.duration()
            } else {
                return false
            }
            return true
        }
        if let problem { throw Problem(text: problem) }
        let own = try Self.optional(id)
        // An empty id is none.
        if let own, own.isEmpty { throw Problem(text: ".id: must match [A-Za-z0-9_-]{1,64}") }
        return Question(
            id: own ?? "", question: try Self.required(text, ".question"), options: try Self.optional(options) ?? [],
            correctAnswer: try Self.required(answer, ".correctAnswer"), durationMs: try Self.optional(duration))
    }

    private mutating func options() -> Field<[String]> {
        guard scanner.current == JSONByte.openBracket else { return wrongType(".options") }
        var options: [String] = []
        options.reserveCapacity(expectedOptions)
        var count = 0
        var problem: String?
        scanner.position &+= 1
        while hasNext() {
            count &+= 1
            // No more are read than there may be.
            guard problem == nil, count <= limits.maximumOptions else {
                scanner.skipValue()
                continue
            }
            let index = count - 1
            switch text(".options[\(index)]", upTo: limits.maximumOptionLength) {
            case .value(let text): options.append(text)
            case .absent: problem = ".options[\(index)]: is missing"
            case .problem(let text): problem = text
            }
        }
        expectedOptions = options.count
        guard count <= limits.maximumOptions else {
            return .problem(
                ".options: there must be \(limits.minimumOptions) to \(limits.maximumOptions), or none for an answer in words")
        }
        return problem.map(Field.problem) ?? .value(options)
    }

    // MARK: Answers

    /// An index, a text, or a list of these; a list holds no lists.
    private mutating func answer() -> Field<Answer> {
        guard scanner.current == JSONByte.openBracket else {
            if isNull { return wrongType(".correctAnswer") }
            return item().map(Field.value) ?? .problem(".correctAnswer: has the wrong type")
        }
        var items: [Answer] = []
        items.reserveCapacity(expectedAnswers)
        var count = 0
        var isList = true
        scanner.position &+= 1
        while hasNext() {
            count &+= 1
            guard isList, count <= AnswerMatching.maximumListLength, let item = item() else {
                if !isList || count > AnswerMatching.maximumListLength { scanner.skipValue() }
                isList = false
                continue
            }
            items.append(item)
        }
        expectedAnswers = items.count
        return isList ? .value(.list(items)) : .problem(".correctAnswer: has the wrong type")
    }

    /// Moves past the value, whatever it is.
    private mutating func item() -> Answer? {
        switch scanner.current {
        case JSONByte.quote: string().map(Answer.text)
        case JSONByte.minus, JSONByte.zero...JSONByte.nine: int().map(Answer.index)
        default: skipped()
        }
    }

    private mutating func duration() -> Field<Int> {
        switch scanner.current {
        case JSONByte.minus, JSONByte.zero...JSONByte.nine: int().map(Field.value) ?? .problem(".durationMs: has the wrong type")
        default: wrongType(".durationMs")
        }
    }

    // MARK: Values

    /// - Parameter maximumLength: in UTF-16 units. A text that is surely longer is not made into one.
    private mutating func text(_ path: @autoclosure () -> String, upTo maximumLength: Int? = nil) -> Field<String> {
        guard scanner.current == JSONByte.quote else { return wrongType(path()) }
        let start = scanner.position
        let hasEscapes = scanner.skipString()
        let raw = UnsafeRawBufferPointer(rebasing: scanner.bytes[start + 1..<scanner.position - 1])
        // An escape of six bytes is a unit, and so are at most three others.
        if let maximumLength, raw.count > 6 * maximumLength { return .problem("\(path()): must have 1 to \(maximumLength) characters") }
        return .value(JSONString.decode(raw, hasEscapes: hasEscapes))
    }

    private mutating func string() -> String? {
        guard case .value(let text) = text("") else { return nil }
        return text
    }

    private mutating func int() -> Int? {
        let start = scanner.position
        // Nearly all are indices: a few digits, and then the next element or the end of the list.
        var (position, value) = (start, 0)
        while position < scanner.bytes.count, position &- start < 7 {
            let byte = scanner.bytes[position]
            guard byte &- JSONByte.zero < 10 else {
                guard position > start, byte == JSONByte.comma || byte == JSONByte.closeBracket || byte == JSONByte.closeBrace else {
                    break
                }
                scanner.position = position
                return value
            }
            value = value &* 10 &+ Int(byte &- JSONByte.zero)
            position &+= 1
        }
        scanner.skipValue()
        return JSONSlice(unchecked: ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: scanner.bytes[start..<scanner.position]))).int
    }

    private mutating func wrongType<Value>(_ path: @autoclosure () -> String) -> Field<Value> {
        let isNull = isNull
        scanner.skipValue()
        return isNull ? .absent : .problem("\(path()): has the wrong type")
    }

    private mutating func skipped() -> Answer? {
        scanner.skipValue()
        return nil
    }

    private var isNull: Bool { scanner.current == UInt8(ascii: "n") }

    // MARK: Containers

    /// Reads an object whose members `read` knows: false for a name that it does not know, whose value it leaves.
    /// - Returns: The first member that nobody knows, or that there are too many.
    private mutating func members(of owner: String, _ read: (inout QuizReader, Key) -> Bool) -> String? {
        let start = scanner.position
        var count = 0
        var unknown: Key?
        scanner.position &+= 1
        while hasNext() {
            count &+= 1
            guard count <= QuizDraft.maximumFields else {
                scanner.position = start
                scanner.skipValue()
                return ": a \(owner) has at most \(QuizDraft.maximumFields) fields"
            }
            let key = key()
            if !read(&self, key) {
                // A field that is null says nothing, and may be there.
                if unknown == nil, !isNull { unknown = key }
                scanner.skipValue()
            }
        }
        return unknown.map { key in
            // The name is the sender's: cut, and without anything that could turn the line around.
            let name = Nickname.shown(JSONString.decode(key.bytes, hasEscapes: key.hasEscapes))
            return ".\(name): a \(owner) has no such field, it would be lost"
        }
    }

    /// Moves from a key to its value.
    private mutating func key() -> Key {
        let start = scanner.position &+ 1
        let hasEscapes = scanner.skipString()
        let bytes = UnsafeRawBufferPointer(rebasing: scanner.bytes[start..<max(scanner.position - 1, start)])
        scanner.skipWhitespace()
        scanner.position &+= 1
        scanner.skipWhitespace()
        return Key(bytes: bytes, hasEscapes: hasEscapes)
    }

    /// Moves to the next element or key, or past the end of the container.
    private mutating func hasNext() -> Bool {
        scanner.skipWhitespace()
        if scanner.current == JSONByte.comma {
            scanner.position &+= 1
            scanner.skipWhitespace()
        }
        switch scanner.current {
        case JSONByte.closeBrace, JSONByte.closeBracket:
            scanner.position &+= 1
            return false
        case 0: return false
        default: return true
        }
    }

    // MARK: Problems

    private struct Problem: Error {
        var text: String
    }

    private static func optional<Value>(_ field: Field<Value>) throws(Problem) -> Value? {
        switch field {
        case .absent: return nil
        case .value(let value): return value
        case .problem(let text): throw Problem(text: text)
        }
    }

    private static func required<Value>(_ field: Field<Value>, _ path: String) throws(Problem) -> Value {
        guard let value = try optional(field) else { throw Problem(text: "\(path): is missing") }
        return value
    }
}
