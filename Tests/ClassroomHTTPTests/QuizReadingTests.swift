import Classroom
import ClassroomLive
import ClassroomTestSupport
import Foundation
import HTTPTypes
import JSONCore
import NIOCore
import Testing

@testable import ClassroomHTTP

@Suite("Reading quizzes")
struct QuizReadingTests {
    private func draft(_ text: String) throws -> QuizDraft { try QuizDraft(json: ByteBuffer(string: text), limits: QuizLimits()) }

    private func message(_ text: String) -> String? {
        do {
            _ = try draft(text)
            return nil
        } catch {
            return (error as? ClassroomError)?.message
        }
    }

    @Test("blanks, escapes, nulls and escaped names are read as in other JSON")
    func forms() throws {
        let read = try draft(
            #"""
             {"t\u0069tle" : "\u0054 \"x\"\n", "createdBy": [1, {"a": [2]}], "id": null, "description": null, "questions" : [
               { "question":"?" , "options" : [ "a\u0301" , "b" ] , "correctAnswer" : [ 1 , "b" , -1 , 1e1, 1234567 ], "durationMs": null } ,
               {"correctAnswer":"\ud83d\ude00","options":[],"question":"\ud800","id":"own","durationMs":5e3} ] }
            """#)
        #expect(read.id == nil)
        #expect(read.title == "T \"x\"\n")
        #expect(
            read.questions == [
                Question(
                    id: "", question: "?", options: ["a\u{301}", "b"],
                    correctAnswer: .list([.index(1), .text("b"), .index(-1), .index(10), .index(1_234_567)])),
                Question(id: "own", question: "\u{FFFD}", options: [], correctAnswer: .text("😀"), durationMs: 5_000),
            ])
    }

    @Test("the last of a repeated name counts, right or wrong")
    func repeated() throws {
        let question = #"{"question": 1, "correctAnswer": {}, "question": "?", "correctAnswer": "x", "options": 1, "options": ["a", "b"]}"#
        let read = try draft(#"{"title": 1, "questions": [{}], "title": "t", "questions": [\#(question)]}"#)
        #expect(read.title == "t")
        #expect(read.questions == [Question(id: "", question: "?", options: ["a", "b"], correctAnswer: .text("x"))])
        #expect(message(#"{"title": "t", "title": 1, "questions": [\#(question)]}"#) == "title: has the wrong type")
    }

    @Test("the first problem is told in the order of the fields, not of the text")
    func order() {
        let bad = #"{"durationMs": "x", "options": [1], "id": 1, "question": 1}"#
        #expect(message(#"{"questions": [\#(bad)], "title": 1}"#) == "title: has the wrong type")
        #expect(message(#"{"questions": [\#(bad)], "title": "t"}"#) == "questions[0].id: has the wrong type")
        #expect(message(#"{"questions": [\#(bad)], "title": "t", "x": 1}"#) == "x: a quiz has no such field, it would be lost")
        #expect(
            message(#"{"title": "t", "questions": [{"question": "?", "correctAnswer": 0, "options": ["a", null]}]}"#)
                == "questions[0].options[1]: is missing")
    }

    @Test("fields are read up to the limit and not beyond")
    func fields() throws {
        func quiz(_ count: Int) -> String {
            let others = (0..<count).map { #", "k\#($0)": null"# }.joined()
            return #"{"title": "t", "questions": [{"question": "?", "correctAnswer": "x"\#(others)}]}"#
        }
        #expect(try draft(quiz(QuizDraft.maximumFields - 2)).questions.count == 1)
        #expect(message(quiz(QuizDraft.maximumFields - 1)) == "questions[0]: a question has at most 64 fields")
        let others = (0..<QuizDraft.maximumFields).map { #""k\#($0)": null, "# }.joined()
        #expect(message(#"{\#(others) "title": "t"}"#) == "The body: a quiz has at most 64 fields")
    }

    @Test("a text that is surely too long is not decoded, one that just fits is")
    func lengths() throws {
        func quiz(_ text: String) -> String { #"{"title": "t", "questions": [{"question": "\#(text)", "correctAnswer": "x"}]}"# }
        let limit = QuizLimits().maximumQuestionLength
        let escaped = String(repeating: #"\u0061"#, count: limit)
        #expect(try draft(quiz(escaped)).questions[0].question == String(repeating: "a", count: limit))
        #expect(message(quiz(escaped + "a")) == "questions[0].question: must have 1 to 2000 characters")
    }

    @Test("reading takes two passes over any text")
    func work() throws {
        let texts = [
            #"{"question": "?", "options": ["a", "b"], "correctAnswer": 0}"#,
            #"{"question": "?", "options": [\#((0..<26).map { "\"\($0)\"" }.joined(separator: ","))], "correctAnswer": [1, 2]}"#,
            #"{"question": "?", "correctAnswer": \#(String(repeating: "[", count: 28) + String(repeating: "]", count: 28))}"#,
            #"{"question": "?", "options": ["", ""], "correctAnswer": [\#(Array(repeating: "0", count: 300).joined(separator: ","))]}"#,
        ]
        for text in texts {
            let body = #"{"title": "t", "questions": [\#(Array(repeating: text, count: 5_000).joined(separator: ","))]}"#
            let passed = JSONWork.bytesScanned { _ = try? draft(body) }
            #expect(passed < 4 * body.utf8.count, "\(passed) bytes for \(body.utf8.count)")
        }
    }

    @Test("options that are the same are found, wherever they differ from others")
    func repetition() {
        func check(_ options: [String]) -> String? {
            var question = Question(id: "q", question: "?", options: options, correctAnswer: .index(0))
            do throws(ClassroomError) {
                try QuestionCheck(limits: QuizLimits()).check(&question)
                return nil
            } catch {
                return error.message
            }
        }
        let long = String(repeating: "x", count: 490)
        let numbered = (0..<26).map { long + "\($0)" } + []
        #expect(check(numbered) == nil)
        #expect(check((0..<26).map { "\($0)" + long }) == nil)
        #expect(check(Array(numbered[..<25]) + [long + "7"]) == "options: two are the same")
        #expect(check(["a", "b", "a"]) == "options: two are the same")
        #expect(check(["\u{E9}", "e\u{301}"]) == nil)
    }

    @Test("control characters are found wherever they stand", arguments: ["\u{0}", "\u{1F}", "\u{7F}", "\u{80}", "\u{9F}"])
    func controlCharacters(character: String) {
        for place in 0..<18 {
            let text = String(repeating: "a", count: place) + character + String(repeating: "b", count: 17 - place)
            #expect(text.hasControlCharacters, "at \(place)")
        }
        for harmless in ["\t\n\r", "~ !", "\u{A0}\u{E9}", "Â", "long enough for a word and more"] {
            #expect(!harmless.hasControlCharacters)
        }
    }

    @Test("small work runs at once, large work on its own thread")
    func thread() async throws {
        let work = HeavyWork()
        func thread(bytes: Int) async throws -> String { try await work.perform(bytes: bytes) { "\(pthread_self())" } }
        let much = try await thread(bytes: HeavyWork.minimumBytes)
        let little = try await thread(bytes: HeavyWork.minimumBytes - 1)
        #expect(much != little)
        #expect(try await thread(bytes: .max) == much)
        await #expect(throws: ClassroomError.self) {
            try await work.perform(bytes: HeavyWork.minimumBytes) { throw ClassroomError.sessionNotFound }
        }
    }

    @Test("quizzes in work are limited per user and in total; a refusal says when to retry, and a request frees its place")
    func places() async throws {
        var limits = RuntimeConfiguration()
        limits.maximumQuizzesInHand = 1
        let server = HTTPTestServer(runtimeConfiguration: limits)
        let body = #"{"title": "t", "questions": [{"question": "?", "correctAnswer": "x"}]}"#
        for _ in 0..<3 { #expect(try await server.call(.post, "/api/v1/quizzes", token: "ann", body: body).status == 201) }
        let places = Places(capacity: 3, maximumPerUser: 2, refusal: "Too many")
        var ann = [try places.take(for: "ann"), try places.take(for: "ann")]
        #expect(throws: ClassroomError(.unavailable, "Too many", retryAfterMs: 1_000)) { try places.take(for: "ann") }
        let ben = try places.take(for: "ben")
        #expect(throws: ClassroomError.self) { try places.take(for: "cyd") }
        ann.removeLast()
        let cyd = try places.take(for: "cyd")
        #expect(places.taken == 3)
        withExtendedLifetime((ann, ben, cyd)) {}
    }

    @Test(
        "the route has places for one user and for all: the next request is refused, and told when to come back", .timeLimit(.minutes(10)))
    func placesOfRoute() async throws {
        var limits = RuntimeConfiguration()
        (limits.maximumQuizzesInHand, limits.maximumQuizzesInHandPerUser) = (2, 1)
        let gate = Gate()
        let server = HTTPTestServer(store: StrangeStore(creating: gate), runtimeConfiguration: limits)
        let body = #"{"title": "t", "questions": [{"question": "?", "correctAnswer": "x"}]}"#
        try await withThrowingTaskGroup(of: Int.self) { group in
            func create(_ token: String) async throws -> HTTPTestServer.Answer {
                try await server.call(.post, "/api/v1/quizzes", token: token, body: body)
            }
            // Each waits for the store, with its place.
            group.addTask { try await create("ann").status }
            await gate.reached(by: 1)
            let second = try await create("ann")
            #expect(second.status == 503 && second.headers[.retryAfter] == "1")
            group.addTask { try await create("bea").status }
            await gate.reached(by: 2)
            let third = try await create("oda")
            #expect(third.status == 503 && third.headers[.retryAfter] == "1")
            let imported = try await server.call(
                .post, "/api/v1/quizzes/import?format=opentriviaqa&title=t", token: "oda", body: "#Q a\n^ b\nA b\nB c\n")
            #expect(imported.status == 503)
            gate.open()
            // The store then fails, and the places are free all the same.
            for try await status in group { #expect(status != 503) }
        }
        #expect(try await create(server, "ann", body) != 503)
    }

    private func create(_ server: HTTPTestServer, _ token: String, _ body: String) async throws -> Int {
        try await server.call(.post, "/api/v1/quizzes", token: token, body: body).status
    }
}
