import Classroom
import Testing

@Suite("Answers that were given before")
struct RepeatedAnswerTests {
    private func answered() throws -> Room {
        var room = Room()
        try room.join("a", "b")
        try room.startAndOpen(at: 1_000)
        try room.answer("a", "q1", .index(1), at: 16_000)
        return room
    }

    private let again = SessionCommand.answer(userID: "a", questionID: "q1", answer: .index(0), timeSpent: nil)
    private let key = AnswerKey(questionID: "q1", userID: "a")

    @Test("while the question is open the store decides whether the first answer still stands")
    func stillThere() throws {
        var room = try answered()
        let first = try #require(room.session.answerResult(for: key, duplicate: false))
        try room.apply(again, at: 17_000)
        #expect(room.queue.map(\.answer) == [.index(0)])
        // Neither the board nor the distribution counts it twice while it is being stored.
        let closed = try room.apply(.close(by: "host"), at: 17_001)
        #expect(closed.closings.first { $0.0.you != nil }?.0.you?.score == first.totalScore)
        #expect(closed.closings.first?.0.distribution == [0, 1, 0, 0])
        let effects = try room.commit(at: 17_005)
        #expect(effects.results == [first.duplicated()])
        #expect(effects.boardChanges == 0)
        #expect(!room.session.hasPendingAnswers)
    }

    @Test("an answer whose row was deleted can be given again and counts anew")
    func deleted() throws {
        var room = try answered()
        room.deleteAnswers()
        try room.apply(again, at: 17_000)
        let effects = try room.commit(at: 17_005)
        #expect(effects.results == [AnswerResult(sessionId: "s", questionId: "q1", correct: false, score: 0, timeBonus: 0, totalScore: 0)])
        #expect(effects.boardChanges == 1)
        #expect(room.session.leaderboard().entries.map(\.score) == [0, 0])
        #expect(room.session.answers.map(\.answer) == [.index(0)])
    }

    @Test("a store that fails, and an answer that cannot be, leave the first one's result")
    func failures() throws {
        var room = try answered()
        let first = try #require(room.session.answerResult(for: key, duplicate: true))
        try room.apply(again, at: 17_000)
        #expect(try room.apply(.answerRejected(key), at: 17_005).results == [first])
        let impossible = SessionCommand.answer(userID: "a", questionID: "q1", answer: .index(99), timeSpent: nil)
        #expect(try room.apply(impossible, at: 17_010) == [.reply(.answerResult(first))])
        try room.apply(.close(by: "host"), at: 18_000)
        #expect(try room.apply(again, at: 18_001) == [.reply(.answerResult(first))])
    }
}
