import Classroom
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
    func oddAnswers() {
        #expect(AnswerText.answer(Payload.number(1.5)) == .text("1.5"))
        for payload in [Payload.null, .bool(true), .object([:]), .array([.null])] { #expect(AnswerText.answer(payload) == nil) }
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
}
