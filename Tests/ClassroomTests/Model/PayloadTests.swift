import Classroom
import Foundation
import Testing

@Suite("Payloads")
struct PayloadTests {
    /// The keys of the JSON object that `value` encodes as.
    private func json(_ value: some Encodable) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: JSONEncoder().encode(value)) as? [String: Any])
    }

    @Test("on the wire they have the contract's names, and what is absent is left out")
    func wireNames() throws {
        var room = Room()
        let joined = try #require(try room.join("a").snapshot)
        #expect(
            try Set(json(SessionEvent.joined(joined)).keys) == [
                "sessionId", "title", "status", "phase", "pace", "questionCount", "players", "role", "you",
            ])
        let you = try #require(try json(joined)["you"] as? [String: Any])
        #expect(Set(you.keys) == ["userId", "username", "score", "correctAnswers", "rank"])
        try room.startAndOpen()
        let question = try #require(room.log.questions.first?.0)
        #expect(
            try Set(json(question).keys) == [
                "sessionId", "questionId", "questionNumber", "questionCount", "question", "options", "durationMs", "deadline",
                "remainingMs",
            ])
        let result = try room.answer("a", "q1", .index(1), at: 2_000)
        #expect(try Set(json(result).keys) == ["sessionId", "questionId", "correct", "score", "timeBonus", "totalScore"])
        #expect(try json(result.duplicated())["duplicate"] as? Bool == true)
        try room.apply(.close(by: "host"), at: 3_000)
        let closed = try json(try #require(room.log.closings.first?.0))
        #expect(closed["correctAnswer"] as? Int == 1)
        #expect(closed["distribution"] as? [Int] == [0, 1, 0, 0])
        let board = room.session.leaderboardPayload()
        #expect(try Set(json(try #require(board.entries.first)).keys) == ["rank", "userId", "username", "score", "correctAnswers"])
        #expect(try Set(json(board.summary).keys) == ["sessionId", "version", "final", "players"])
        #expect(try Set(json(room.session.progress()).keys) == ["sessionId", "questionId", "answered", "players"])
    }

    @Test("an answer is a number, a text or a list, there and back")
    func answers() throws {
        let answers: [Answer] = [.index(2), .text("2"), .list([.index(0), .text("x")])]
        let data = try JSONEncoder().encode(answers)
        #expect(String(decoding: data, as: UTF8.self) == #"[2,"2",[0,"x"]]"#)
        #expect(try JSONDecoder().decode([Answer].self, from: data) == answers)
        #expect(answers.map(\.payload) == [2, "2", [0, "x"]])
        #expect(answers.compactMap { Answer(payload: $0.payload) } == answers)
    }

    @Test("other values are no answers", arguments: [nil, true, -1, 0.5, [:], [[1]], [true]] as [Payload])
    func noAnswer(_ payload: Payload) {
        #expect(Answer(payload: payload) == nil)
    }

    @Test(
        "numeric strings count as numbers",
        arguments: [
            ("2", 2), (" 2 ", 2), ("2.0", 2), ("-3", -3), ("1e2", 100), ("2.5", nil), ("", nil), ("x", nil), ("0x1", nil), ("1e99", nil),
        ] as [(Payload, Int?)])
    func numbers(_ payload: Payload, _ expected: Int?) {
        #expect(payload.int == expected)
    }

    @Test("a payload is read by its members")
    func access() {
        let payload: Payload = ["a": [1, "x"], "b": nil, "c": true, "d": 1.5]
        #expect(payload["a"]?.array?.count == 2)
        #expect(payload["b"]?.isNull == true)
        #expect(payload["c"]?.bool == true)
        #expect(payload["d"]?.number == 1.5)
        #expect(payload["e"] == nil)
        #expect(Payload.array([])["a"] == nil)
        #expect(payload.object?.count == 4)
        #expect(payload["d"]?.string == nil)
    }
}
