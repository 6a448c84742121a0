import Testing

@testable import Classroom

@Suite("Texts by their bytes")
struct ExactTextTests {
    @Test("texts are the same when their bytes are, wherever they differ", arguments: [0, 1, 7, 8, 9, 15, 16, 17, 500])
    func bytes(length: Int) {
        let text = String(repeating: "a", count: length)
        #expect(text.hasSameBytes(as: text) && text.isSameSecret(as: text))
        #expect(ExactText(text).hashValue == ExactText(String(decoding: Array(text.utf8), as: UTF8.self)).hashValue)
        #expect(!text.hasSameBytes(as: text + "a") && !text.isSameSecret(as: text + "a"))
        for place in 0..<length {
            var bytes = Array(text.utf8)
            bytes[place] = UInt8(ascii: "b")
            let other = String(decoding: bytes, as: UTF8.self)
            #expect(!text.hasSameBytes(as: other) && !text.isSameSecret(as: other) && ExactText(text) != ExactText(other))
        }
    }

    @Test("texts that look the same differ, since nothing is normalised")
    func normalisation() {
        let (one, two) = ("\u{E9}", "e\u{301}")
        #expect(one == two)
        #expect(!one.hasSameBytes(as: two) && ExactText(one) != ExactText(two) && Answer.text(one) != .text(two))
        #expect(Set([Answer.text(one), .text(two), .text(one), .list([.text(one)]), .index(1), .index(1)]).count == 4)
    }

    @Test("an answer matches the option that people would regard as the same")
    func meaning() throws {
        let question = Question(id: "q", question: "?", options: ["caf\u{E9}", "tea"], correctAnswer: .index(0))
        #expect(try AnswerMatching.resolve(.text("cafe\u{301}"), for: question) == .index(0))
        #expect(try AnswerMatching.resolve(.list([.text(" tea "), .text("CAFE\u{301}")]), for: question) == .list([.index(0), .index(1)]))
        let words = Question(id: "q", question: "?", options: [], correctAnswer: .text("caf\u{E9}"))
        #expect(AnswerMatching.isCorrect(.text("Cafe\u{301}"), for: words))
    }
}
