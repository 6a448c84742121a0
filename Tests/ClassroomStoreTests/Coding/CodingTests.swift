import Classroom
import JSONCore
import Testing

@testable import ClassroomStore

@Suite("Text columns")
struct CodingTests {
    @Test(
        "an answer's text reads back as the same answer",
        arguments: [
            Answer.index(0), .index(-3), .index(Int(Int32.max)), .text(""), .text("42"), .text("null"), .text("a\"b\\c\n\u{0}🐧"),
            .list([]), .list([.index(1), .text("1"), .list([.text("x")])]),
        ])
    func answers(answer: Answer) {
        #expect(AnswerText.answer(AnswerText.text(answer)) == answer)
    }

    @Test("an answer is plain JSON")
    func answerText() {
        #expect(AnswerText.text(.index(1)) == "1")
        #expect(AnswerText.text(.text("Paris")) == "\"Paris\"")
        #expect(AnswerText.text(.list([.index(0), .text("b")])) == "[0,\"b\"]")
    }

    @Test("a fraction is no index, and a truth value, null or an object is no answer")
    func oddAnswers() throws {
        #expect(AnswerText.answer("1.5") == .text("1.5"))
        for text in ["null", "true", "{}", "[null]"] { #expect(AnswerText.answer(try JSONSlice(text)) == nil) }
    }

    @Test("settings read back, and what is missing or nonsense is as in the defaults")
    func settings() {
        let settings = SessionSettings(
            pace: .`self`, questionDurationMs: 1, leadInMs: 2, autoAdvance: true, revealAnswers: .afterClose, scoring: .accuracy,
            lateJoin: false, extraTimeMs: ["u": 3])
        #expect(SettingsText.settings(SettingsText.text(settings), defaults: SessionSettings()) == settings)
        for text in [nil, "", "{", "[]", "{}", #"{"pace":1,"questionDurationMs":0,"leadInMs":-1,"lateJoin":"no"}"#] {
            #expect(SettingsText.settings(text, defaults: settings) == settings)
        }
    }

    @Test("extra time is written and read under the name that clients use; the name of older rows is read too")
    func extraTime() {
        var settings = SessionSettings(extraTimeMs: ["user1": 10_000])
        #expect(SettingsText.text(settings).contains(#""extraTime":{"user1":10000}"#))
        for name in ["extraTime", "extraTimeMs"] {
            #expect(SettingsText.settings(#"{"\#(name)":{"user1":10000}}"#, defaults: SessionSettings()) == settings)
        }
        settings.extraTimeMs = ["user1": 1]
        let both = #"{"extraTime":{"user1":1},"extraTimeMs":{"user1":2}}"#
        #expect(SettingsText.settings(both, defaults: SessionSettings()) == settings)
    }

    @Test("times that nobody could mean are brought into the range of those that one may ask for")
    func hugeTimes() {
        let text = #"{"questionDurationMs":1e18,"leadInMs":9e18,"extraTime":{"a":1e18,"b":-5}}"#
        let settings = SettingsText.settings(text, defaults: SessionSettings())
        #expect(settings.questionDurationMs == 3_600_000)
        #expect(settings.leadInMs == 60_000)
        #expect(settings.extraTimeMs == ["a": 3_600_000, "b": 0])
        let questions = QuestionsText.questions(#"[{"id":"q","durationMs":1e18},{"id":"r","durationMs":3600000}]"#)
        #expect(questions.map(\.durationMs) == [3_600_000, 3_600_000])
    }

    @Test("permissions are sorted, so that the same set is the same text")
    func permissions() {
        #expect(PermissionsText.text([.participate, .createQuizzes]) == #"["quiz:create","quiz:participate"]"#)
        #expect(PermissionsText.permissions(#"["quiz:create"]"#) == [.createQuizzes])
        #expect(PermissionsText.permissions("[]") == [])
    }

    @Test("a hash is that of SHA-256, in lowercase hexadecimal digits")
    func tokenHash() {
        #expect(TokenHash.sha256Hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(TokenHash.sha256Hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test("questions are written as any JSON writer would, whatever their texts")
    func questions() throws {
        let all = String(String.UnicodeScalarView((0..<0x250).compactMap(Unicode.Scalar.init)))
        var questions: [Question] = []
        for text in ["", "a", "12345678", "1234567\"", "\"12345678", "\\\\\\\\\\\\\\\\", "😀\n\u{1}\u{1F}\t\r", all, all + all] {
            let answers: [Answer] = [
                .index(0), .index(9), .index(10), .index(99), .index(100), .index(-1), .index(.min), .text(text),
                .list([.index(7), .text(text)]),
            ]
            for answer in answers {
                questions.append(Question(id: text, question: text, options: [text, text], correctAnswer: answer, durationMs: 30_000))
                questions.append(Question(id: "q", question: text, options: [], correctAnswer: answer))
            }
        }
        let text = QuestionsText.text(questions)
        let parsed = try JSONSlice(text)
        #expect(parsed.count == questions.count)
        for (json, question) in zip(parsed.elements, questions) {
            #expect(json["id"]?.string == question.id && json["question"]?.string == question.question)
            #expect(json["options"]?.elements.map(\.string) == question.options)
            #expect(json["correctAnswer"].flatMap(AnswerText.answer) == question.correctAnswer)
            #expect(json["durationMs"]?.int == question.durationMs)
        }
        #expect(QuestionsText.text([]) == "[]")
    }
}
