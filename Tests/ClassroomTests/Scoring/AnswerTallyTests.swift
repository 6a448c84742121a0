import Testing

@testable import Classroom

@Suite("The distribution of answers")
struct AnswerTallyTests {
    private func tally(_ correct: Answer, options: [String] = [], _ answers: [Answer]) -> AnswerTally {
        var tally = AnswerTally(question: Question(id: "q", question: "?", options: options, correctAnswer: correct))
        for answer in answers { tally.add(answer) }
        return tally
    }

    @Test("of many texts the most frequent are shown, those of the same count in the order of their bytes", arguments: [0, 1, 3, 20, 100])
    func mostFrequent(limit: Int) {
        // Text n is given n / 3 + 1 times: three texts of each count.
        var answers: [Answer] = []
        for number in (0..<60).reversed() { answers += Array(repeating: Answer.text("text \(10 + number)"), count: number / 3 + 1) }
        var expected: [TextCount] = []
        for count in (1...20).reversed() {
            for number in (3 * count - 3)..<(3 * count) { expected.append(TextCount(text: "text \(10 + number)", count: count)) }
        }
        let tally = tally(.text("x"), answers)
        #expect(tally.texts(limit: limit) == Array(expected.prefix(limit)))
        #expect(tally.distinctTexts == 60 && tally.answered == answers.count)
    }

    @Test("texts that people regard as the same count together, whatever their marks and their order")
    func folded() {
        let marked = "a" + String(repeating: "\u{301}\u{327}", count: 249)
        let answers = [Answer.text("Café"), .text("cafe\u{301} "), .text("CAFÉ"), .text(marked), .text(marked + " ")]
        let tally = tally(.text("x"), answers)
        #expect(tally.texts(limit: 20).map(\.count) == [3, 2] && tally.distinctTexts == 2)
    }

    @Test("a player's list counts with as many texts as the question takes")
    func lists() {
        let long = Answer.list((0..<64).map { .text("text \(10 + $0)") })
        let one = tally(.text("x"), Array(repeating: long, count: 100))
        #expect(one.distinctTexts == 1 && one.answered == 100 && one.texts(limit: 20) == [TextCount(text: "text 10", count: 100)])
        let two = tally(.list([.text("x"), .text("y")]), [long, .list([.text("text 10")]), .text("text 11")])
        #expect(two.texts(limit: 20) == [TextCount(text: "text 10", count: 2), TextCount(text: "text 11", count: 2)])
        #expect(two.distinctTexts == 2)
    }

    @Test("every option of a list counts, and texts that are no option are not kept")
    func options() {
        let tally = tally(
            .list([.index(0), .index(2)]), options: ["a", "b", "c"],
            [.list([.index(0), .index(2)]), .index(2), .text("x"), .list([.index(1), .text("y")]), .index(9)])
        #expect(tally.options == [1, 1, 2] && tally.answered == 5 && tally.distinctTexts == 0)
    }
}
