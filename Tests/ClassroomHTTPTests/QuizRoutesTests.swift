import Classroom
@testable import ClassroomHTTP
import ClassroomLive
import ClassroomStore
import HTTPTypes
import Testing

@Suite("HTTP API: quizzes")
struct QuizRoutesTests {
    private let server = HTTPTestServer()
    private let draft = """
        {"id": "sums", "title": " Sums ", "questions": [
          {"question": "2 + 2?", "options": ["3", "4"], "correctAnswer": 1},
          {"id": "word", "question": "In words?", "correctAnswer": ["four", "FOUR"], "durationMs": 5000}]}
        """

    @Test("32 levels are read, 33 and hundreds are not, wherever they stand", arguments: ["correctAnswer", "options", "createdBy"])
    func depth(field: String) async throws {
        func body(_ levels: Int) -> String {
            let nested = String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
            guard field != "createdBy" else {
                return #"{"title": "T", "questions": [{"question": "?", "correctAnswer": "x"}], "createdBy": \#(nested)}"#
            }
            return #"{"title": "T", "questions": [{"question": "?", "options": ["a", "b"], "correctAnswer": 0, "\#(field)": \#(nested)}]}"#
        }
        // A question's fields stand within three levels, those of the quiz within one. Nobody reads who created it.
        let own = field == "createdBy" ? 31 : 29
        let deepest = try await server.call(.post, "/api/v1/quizzes", token: "ann", body: body(own))
        #expect(deepest.status == (field == "createdBy" ? 201 : 400))
        #expect(deepest.message?.contains("levels") != true)
        for levels in [own + 1, 480, 50_000] {
            let answer = try await server.call(.post, "/api/v1/quizzes", token: "ann", body: body(levels))
            #expect(answer.status == 400)
            #expect(answer.message?.contains("32 levels") == true)
        }
    }

    @Test("a list that is too long, or contains lists, is no answer")
    func lists() async throws {
        for answer in ["[[0]]", "[" + Array(repeating: "0", count: 65).joined(separator: ",") + "]", "{}", "true", "1.5"] {
            let body = #"{"title": "T", "questions": [{"question": "?", "options": ["a", "b"], "correctAnswer": \#(answer)}]}"#
            let refused = try await server.call(.post, "/api/v1/quizzes", token: "ann", body: body)
            #expect(refused.message == "questions[0].correctAnswer: has the wrong type")
        }
    }

    @Test("a quiz is created, read, replaced and deleted")
    func lifecycle() async throws {
        let created = try await server.call(.post, "/api/v1/quizzes", token: "ann", body: draft)
        #expect(created.status == 201)
        #expect(created.headers[.location] == "/api/v1/quizzes/sums")
        let expected = Quiz(
            id: "sums", title: "Sums",
            questions: [
                Question(id: "q1", question: "2 + 2?", options: ["3", "4"], correctAnswer: .index(1)),
                Question(
                    id: "word", question: "In words?", options: [], correctAnswer: .list([.text("four"), .text("FOUR")]), durationMs: 5_000),
            ], createdBy: "ann")
        #expect(try await server.store.quiz(id: "sums") == expected)

        let read = try await server.call(.get, "/api/v1/quizzes/sums", token: "ann")
        #expect(read.status == 200)
        #expect(read.body == created.body)

        let replaced = try await server.call(
            .put, "/api/v1/quizzes/sums", token: "ann",
            body: #"{"title": "New", "questions": [{"question": "?", "options": ["a", "b"], "correctAnswer": "b"}]}"#)
        #expect(replaced.status == 200)
        #expect(try await server.store.quiz(id: "sums")?.questions.map(\.correctAnswer) == [.index(1)])

        #expect(try await server.call(.delete, "/api/v1/quizzes/sums", token: "ann").status == 204)
        #expect(try await server.call(.get, "/api/v1/quizzes/sums", token: "ann").status == 404)
        #expect(try await server.call(.delete, "/api/v1/quizzes/sums", token: "ann").code == "not_found")
    }

    @Test("without a valid token nothing is revealed", arguments: [nil, "wrong"])
    func unauthenticated(token: String?) async throws {
        for path in ["/api/v1/quizzes", "/api/v1/quizzes/x", "/api/v1/sessions", "/api/v1/sessions/x/report"] {
            let answer = try await server.call(.get, path, token: token)
            #expect(answer.status == 401)
            #expect(answer.code == "unauthenticated" && answer.message == "Invalid authentication token")
            #expect(answer.headers[.wwwAuthenticate] == "Bearer")
        }
    }

    @Test("a user without permission can neither create nor import nor replace nor delete quizzes")
    func forbiddenToStudents() async throws {
        _ = try await server.call(.post, "/api/v1/quizzes", token: "ann", body: draft)
        for (method, path) in [
            (.post, "/api/v1/quizzes"), (.post, "/api/v1/quizzes/import?format=opentriviaqa&title=x"), (.put, "/api/v1/quizzes/sums"),
            (.delete, "/api/v1/quizzes/sums"),
        ] as [(HTTPRequest.Method, String)] {
            let answer = try await server.call(method, path, token: "stu", body: draft)
            #expect(answer.status == 403 && answer.code == "forbidden")
        }
    }

    @Test("a quiz of another owner can neither be replaced nor deleted")
    func ownership() async throws {
        _ = try await server.call(.post, "/api/v1/quizzes", token: "ann", body: draft)
        #expect(try await server.call(.put, "/api/v1/quizzes/sums", token: "bea", body: draft).status == 403)
        #expect(try await server.call(.delete, "/api/v1/quizzes/sums", token: "bea").status == 403)
        #expect(try await server.store.quiz(id: "sums") != nil)
    }

    @Test(
        "a quiz is shown, answers and all, to whoever finds it in the list: its owner, and if it is shared, those who create quizzes",
        arguments: [("bea", true, true), ("ann", false, true), ("stu", false, false)])
    func visibility(reader: String, own: Bool, shared: Bool) async throws {
        let questions = [Question(id: "q", question: "Secret?", options: ["a", "b"], correctAnswer: .index(1))]
        try await server.store.save(Quiz(id: "own", title: "t", questions: questions, createdBy: "bea"))
        try await server.store.save(Quiz(id: "shared", title: "t", questions: questions, createdBy: "system"))
        for (id, isShown) in [("own", own), ("shared", shared)] {
            let answer = try await server.call(.get, "/api/v1/quizzes/\(id)", token: reader)
            #expect(answer.status == (isShown ? 200 : 404))
            #expect(answer.body.contains("correctAnswer") == isShown)
            #expect(answer.body.contains("Secret") == isShown)
        }
    }

    @Test("the list has the caller's quizzes, then the shared ones if the caller may create sessions")
    func list() async throws {
        for (id, owner) in [("a", "ann"), ("b", "bea"), ("s", "system")] {
            try await server.store.save(
                Quiz(
                    id: id, title: id, questions: [Question(id: "q", question: "?", options: [], correctAnswer: .text("x"))],
                    createdBy: owner))
        }
        #expect(
            try await server.call(.get, "/api/v1/quizzes", token: "ann").body
                == #"{"quizzes":[{"id":"a","title":"a","createdBy":"ann","questionCount":1},{"id":"s","title":"s","createdBy":"system","questionCount":1}]}"#
        )
        #expect(try await server.call(.get, "/api/v1/quizzes", token: "stu").body == #"{"quizzes":[]}"#)
    }

    @Test("a quiz with a waiting session can be edited but not deleted")
    func waitingSession() async throws {
        _ = try await server.call(.post, "/api/v1/quizzes", token: "ann", body: draft)
        try await server.store.createSession(SessionRecord(id: "s", quizID: "sums", createdBy: "ann"))
        #expect(try await server.call(.put, "/api/v1/quizzes/sums", token: "ann", body: draft).status == 200)
        #expect(try await server.call(.delete, "/api/v1/quizzes/sums", token: "ann").code == "conflict")
        #expect(try await server.store.quiz(id: "sums") != nil)
    }

    @Test("a taken id is a conflict, and the first quiz stays")
    func conflict() async throws {
        _ = try await server.call(.post, "/api/v1/quizzes", token: "ann", body: draft)
        let answer = try await server.call(.post, "/api/v1/quizzes", token: "bea", body: draft)
        #expect(answer.status == 409 && answer.code == "conflict")
        #expect(try await server.store.quiz(id: "sums")?.createdBy == "ann")
    }

    @Test("a quiz in an active session is neither replaced nor deleted")
    func beingPlayed() async throws {
        _ = try await server.call(.post, "/api/v1/quizzes", token: "ann", body: draft)
        try await server.store.createSession(SessionRecord(id: "s", quizID: "sums", status: .active, createdBy: "ann"))
        #expect(try await server.call(.put, "/api/v1/quizzes/sums", token: "ann", body: draft).status == 409)
        #expect(try await server.call(.delete, "/api/v1/quizzes/sums", token: "ann").status == 409)
    }

    @Test("a list of 100 is one answer, of 101 two, and both together are all", arguments: ["quizzes", "sessions"])
    func pages(name: String) async throws {
        for number in 0...ListPage.maximumCount {
            let id = "n\(1_000 + number)"
            if name == "quizzes" {
                try await server.store.save(Quiz(id: id, title: id, questions: [], createdBy: number < 50 ? "ann" : "system"))
            } else {
                try await server.store.createSession(
                    SessionRecord(id: id, quizID: "q", createdBy: number < 50 ? "ann" : "", createdAt: Int64(number)))
            }
            guard number >= ListPage.maximumCount - 1 else { continue }
            let first = try await server.call(.get, "/api/v1/\(name)", token: "ann").json()
            let entries = try #require(first[name] as? [[String: Any]])
            #expect(entries.count == ListPage.maximumCount)
            #expect(first["next"] as? Int == (number == ListPage.maximumCount ? 100 : nil))
            let second = try await server.call(.get, "/api/v1/\(name)?offset=100", token: "ann").json()
            let others = try #require(second[name] as? [[String: Any]])
            #expect(second["next"] == nil)
            let ids = (entries + others).compactMap { ($0["id"] ?? $0["sessionId"]) as? String }
            #expect(Set(ids).count == number + 1)
        }
        for offset in ["-1", "10001", "x", "1e3", ""] {
            #expect(try await server.call(.get, "/api/v1/\(name)?offset=\(offset)", token: "ann").status == 400, "\(offset)")
        }
        #expect(try await server.call(.get, "/api/v1/\(name)?offset=10000", token: "ann").status == 200)
    }

    @Test("a byte order mark, as some editors write it, is no part of a quiz")
    func byteOrderMark() async throws {
        #expect(try await HTTPTestServer().call(.post, "/api/v1/quizzes", token: "ann", body: "\u{FEFF}" + draft).status == 201)
    }

    @Test("a body at the limit is read, one byte more gets 413")
    func bodyLimit() async throws {
        let server = HTTPTestServer { $0.maximumBodyBytes = draft.utf8.count }
        #expect(try await server.call(.post, "/api/v1/quizzes", token: "ann", body: draft + " ").status == 413)
        #expect(try await server.call(.post, "/api/v1/quizzes", token: "ann", body: draft).status == 201)
    }

    @Test(
        "a wrong quiz is refused with the place of the fault",
        arguments: [
            ("", "The body is not JSON: line 1, column 1: it ends too early"),
            ("{\n  \"title\": \"t\",\r\n  \"ü\", }", "The body is not JSON: line 3, column 7: unexpected character"),
            ("{\"title\": \"a\nb\"}", "The body is not JSON: line 1, column 13: a control character in a text"),
            ("{}{}", "The body is not JSON: line 1, column 3: something follows the end"),
            ("\u{FEFF}{\"title\": }", "The body is not JSON: line 1, column 11: unexpected character"),
            ("[]", "The body: has the wrong type"), (#"{"title": "t"}"#, "questions: is missing"),
            (#"{"title": "t", "questions": [{"question": 1}]}"#, "questions[0].question: has the wrong type"),
            (#"{"title": "t", "questions": []}"#, "questions: there must be 1 to"),
            (#"{"title": "t", "questions": [\#(Self.nested(31))]}"#, "The body has more than 32 levels"),
            (#"{"title": "t", "questions": [\#(Self.nested(30))]}"#, "questions[0]: has the wrong type"),
            (
                #"{"title": "t", "questions": [{"question": "?", "correctAnswer": \#(Self.nested(28))}]}"#,
                "questions[0].correctAnswer: has the wrong type"
            ),
            (
                #"{"title": "t", "questions": [{"question": "?", "correctAnswer": [\#(Self.many("\"x\"", 27))]}]}"#,
                "questions[0].correctAnswer"
            ),
            (
                #"{"title": "t", "questions": [{"question": "?", "options": [\#(Self.many("\"x\"", 27))], "correctAnswer": 0}]}"#,
                "questions[0].options: there must be 2 to 26"
            ),
            (#"{"title": "t", "questions": [\#(Self.many("{}", 5_001))]}"#, "questions: there must be 1 to 5000"),
            (#"{"title": " ", "questions": [{"question": "?", "correctAnswer": "x"}]}"#, "title: must have 1 to 200"),
            (#"{"id": "a/b", "title": "t", "questions": [{"question": "?", "correctAnswer": "x"}]}"#, "id: must match"),
            (#"{"id": "import", "title": "t", "questions": [{"question": "?", "correctAnswer": "x"}]}"#, "id: must match"),
            (
                #"{"title": "t", "questions": [{"question": "?", "options": ["a"], "correctAnswer": 0}]}"#,
                "questions[0].options: there must be 2"
            ),
            (
                #"{"title": "t", "questions": [{"question": "?", "options": ["a", "a"], "correctAnswer": 0}]}"#,
                "questions[0].options: two are the same"
            ),
            (
                #"{"title": "t", "questions": [{"question": "?", "options": ["a", "b"], "correctAnswer": 2}]}"#,
                "questions[0].correctAnswer: must be"
            ),
            (#"{"title": "t", "questions": [{"question": "?", "options": ["a", "b"], "correctAnswer": "c"}]}"#, "is none of the options"),
            (#"{"title": "t", "questions": [{"question": "?", "options": ["a", "b"], "correctAnswer": [0, "a"]}]}"#, "each once"),
            (#"{"title": "t", "questions": [{"question": "?", "correctAnswer": 1}]}"#, "questions[0].correctAnswer: must be a text"),
            (#"{"title": "t", "questions": [{"question": "?", "correctAnswer": "<b>"}]}"#, "must not contain < or >"),
            (#"{"title": "t", "questions": [{"question": "?", "correctAnswer": "x", "durationMs": 999}]}"#, "durationMs: must be 1000"),
            (
                #"{"title": "t", "questions": [{"question": "?", "image": "x.png", "correctAnswer": "x"}]}"#,
                "questions[0].image: a question has no"
            ),
            (#"{"title": "t", "questions": [{"question": "?", "correctAnswer": "x", "explanation": ""}]}"#, "questions[0].explanation: "),
            (#"{"title": "t", "description": "d", "questions": [{"question": "?", "correctAnswer": "x"}]}"#, "description: a quiz has no"),
            (#"{"title": "t", "questions": [{"question": "\u200b", "correctAnswer": "x"}]}"#, "questions[0].question: must have"),
            (#"{"title": "\u200b\u2800", "questions": [{"question": "?", "correctAnswer": "x"}]}"#, "title: must have"),
            (#"{"title": "t\u0000", "questions": [{"question": "?", "correctAnswer": "x"}]}"#, "title: has control characters"),
            (
                #"{"title": "t", "questions": [{"id": "q2", "question": "?", "correctAnswer": "x"}, {"question": "?", "correctAnswer": "x"}]}"#,
                "questions[1].id: 'q2' is another question's"
            ),
        ])
    func invalid(body: String, message: String) async throws {
        let answer = try await server.call(.post, "/api/v1/quizzes", token: "ann", body: body)
        #expect(answer.status == 400 && answer.code == "invalid")
        #expect(answer.message?.contains(message) == true, "\(answer.body)")
    }

    @Test("a quiz can be sent back as it was read, and null fields count as absent")
    func sentBack() async throws {
        let created = try await server.call(
            .post, "/api/v1/quizzes", token: "ann",
            body: #"{"id": "own", "title": "t", "image": null, "questions": [{"question": "?", "image": null, "correctAnswer": "x"}]}"#)
        #expect(created.status == 201, "\(created.body)")
        let read = try await server.call(.get, "/api/v1/quizzes/own", token: "ann")
        #expect(try await server.call(.put, "/api/v1/quizzes/own", token: "ann", body: read.body).status == 200)
    }

    @Test("a quiz and a question have 64 fields at most, null fields included")
    func fields() async throws {
        func body(ofQuiz: Int, ofQuestion: Int) -> String {
            func nulls(_ count: Int) -> String { (0..<count).map { #""x\#($0)": null, "# }.joined() }
            return #"{\#(nulls(ofQuiz - 2))"title": "t", "questions": [{\#(nulls(ofQuestion - 2))"question": "?", "correctAnswer": "x"}]}"#
        }
        #expect(try await server.call(.post, "/api/v1/quizzes", token: "ann", body: body(ofQuiz: 64, ofQuestion: 64)).status == 201)
        let quiz = try await server.call(.post, "/api/v1/quizzes", token: "ann", body: body(ofQuiz: 65, ofQuestion: 2))
        #expect(quiz.status == 400 && quiz.message == "The body: a quiz has at most 64 fields")
        let question = try await server.call(.post, "/api/v1/quizzes", token: "ann", body: body(ofQuiz: 2, ofQuestion: 65))
        #expect(question.status == 400 && question.message == "questions[0]: a question has at most 64 fields")
    }

    private static func nested(_ levels: Int) -> String { String(repeating: "[", count: levels) + String(repeating: "]", count: levels) }

    private static func many(_ value: String, _ count: Int) -> String { Array(repeating: value, count: count).joined(separator: ",") }

    @Test("texts at their limits are taken, one character more is not")
    func lengths() async throws {
        let limits = QuizLimits()
        func quiz(title: Int = 1, question: Int = 1, option: Int = 1) -> String {
            func text(_ count: Int) -> String { String(repeating: "x", count: count) }
            return """
                {"title": "\(text(title))", "questions": [{"question": "\(text(question))", "options": ["\(text(option))", "b"], "correctAnswer": 0}]}
                """
        }
        for (fits, exceeds) in [
            (quiz(title: limits.maximumTitleLength), quiz(title: limits.maximumTitleLength + 1)),
            (quiz(question: limits.maximumQuestionLength), quiz(question: limits.maximumQuestionLength + 1)),
            (quiz(option: limits.maximumOptionLength), quiz(option: limits.maximumOptionLength + 1)),
        ] {
            #expect(try await server.call(.post, "/api/v1/quizzes", token: "ann", body: fits).status == 201)
            #expect(try await server.call(.post, "/api/v1/quizzes", token: "ann", body: exceeds).status == 400)
        }
    }

    @Test("the last question within the limit is taken, one more is not", arguments: [(3, 201), (4, 400)])
    func questionLimit(count: Int, status: Int) async throws {
        let server = HTTPTestServer { $0.quizLimits.maximumQuestions = 3 }
        let questions = Array(repeating: #"{"question": "?", "correctAnswer": "x"}"#, count: count).joined(separator: ",")
        let answer = try await server.call(.post, "/api/v1/quizzes", token: "ann", body: #"{"title": "t", "questions": [\#(questions)]}"#)
        #expect(answer.status == status)
    }

    @Test("JSON that is nested without end is refused")
    func nesting() async throws {
        let body = #"{"title": "t", "questions": "# + String(repeating: "[", count: 100_000)
        #expect(try await server.call(.post, "/api/v1/quizzes", token: "ann", body: body).status == 400)
    }

    @Test("an import reports accepted and rejected records, line by line")
    func importFile() async throws {
        let file = """
            #Q Which is a bird?
            ^ A dunlin
            A A dunlin
            B A dolphin

            #Q No answer fits
            ^ C
            A A
            B B
            """
        let answer = try await server.call(
            .post, "/api/v1/quizzes/import?format=opentriviaqa&title=Some%20birds", token: "ann", body: file)
        #expect(answer.status == 201)
        let json = try answer.json()
        #expect(json["imported"] as? Int == 1)
        #expect(json["rejectedCount"] as? Int == 1)
        #expect((json["rejected"] as? [[String: Any]])?.first?["line"] as? Int == 6)
        let quizzes = try await server.store.quizzes(createdBy: "ann")
        #expect(quizzes.map(\.title) == ["Some birds"])
        #expect(quizzes.first?.questions.first?.options == ["A dunlin", "A dolphin"])
    }

    @Test("an import without a valid record still gives the reason for each record")
    func allBad() async throws {
        let file = "#Q One?\n^ C\nA A\nB B\n\n#Q Two?\nA A\nB B\n"
        let answer = try await server.call(.post, "/api/v1/quizzes/import?format=opentriviaqa&title=x", token: "ann", body: file)
        #expect(answer.status == 400 && answer.code == "invalid")
        let rejected = try answer.json()["rejected"] as? [[String: Any]]
        #expect(rejected?.map { $0["line"] as? Int } == [1, 6])
        #expect(rejected?.map { $0["reason"] as? String } == ["no choice equals the correct answer", "no correct answer"])
        #expect(answer.message?.contains("line 1: no choice equals the correct answer") == true)
    }

    @Test("the pages get the server's public address and the default settings of a session")
    func classroom() async throws {
        var configuration = RuntimeConfiguration()
        configuration.questionDurationMs = 12_000
        let server = HTTPTestServer(runtimeConfiguration: configuration)
        #expect(try await server.call(.get, "/api/v1/classroom").status == 401)
        let json = try await server.call(.get, "/api/v1/classroom", token: "stu").json()
        let defaults = json["sessionDefaults"] as? [String: Any]
        #expect(defaults?["questionDurationMs"] as? Int == 12_000)
        #expect(defaults?["advanceDelayMs"] as? Int == 5_000)
    }

    @Test(
        "an import without a known format, a title or a question is refused",
        arguments: [
            "?title=x", "?format=csv&title=x", "?format=opentriviaqa" + String(repeating: "%CC%81", count: 300) + "&title=x",
            "?format=opentriviaqa", "?format=opentriviaqa&title=x",
        ])
    func badImport(query: String) async throws {
        let answer = try await server.call(.post, "/api/v1/quizzes/import\(query)", token: "ann", body: "nothing of the kind")
        #expect(answer.status == 400 && answer.code == "invalid")
        #expect(try await server.store.quizzes(createdBy: nil).isEmpty)
    }
}
