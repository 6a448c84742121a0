import Classroom
import Testing

@Suite("The first result stays")
struct FirstResultTests {
    private func selfPaced(_ users: String...) throws -> Room {
        var room = Room(SessionSettings(pace: .self, scoring: .accuracy))
        for user in users { try room.join(user) }
        try room.startAndOpen()
        return room
    }

    private func answer(_ question: String, _ index: Int) -> SessionCommand {
        .answer(userID: "a", questionID: question, answer: .index(index), timeSpent: nil)
    }

    @Test("answers of one moment keep their order, and so their totals, over a restart")
    func oneMoment() throws {
        var room = try selfPaced("a", "b")
        for (question, index) in [("q3", 3), ("q1", 1), ("q2", 2)] { try room.apply(answer(question, index), at: 5_000) }
        try room.apply(.answer(userID: "b", questionID: "q1", answer: .index(1), timeSpent: nil), at: 5_000)
        try room.commit(at: 5_010)
        // As a store has them: by time, then by question.
        let stored = room.answers.sorted { ($0.answeredAt, $0.questionID, $0.userID) < ($1.answeredAt, $1.questionID, $1.userID) }
        #expect(stored.filter { $0.userID == "a" }.map(\.questionID) == ["q3", "q1", "q2"])
        let again = Room(record: room.record, participants: room.participants, answers: stored)
        for (question, total) in [("q3", 100), ("q1", 200), ("q2", 300)] {
            for session in [room.session, again.session] {
                #expect(session.answerResult(for: AnswerKey(questionID: question, userID: "a"), duplicate: true)?.totalScore == total)
            }
        }
    }

    @Test("one that was received before another and decided after it, comes after it; the time that it took is its own")
    func lateDecision() throws {
        var room = try selfPaced("a")
        try room.apply(answer("q1", 1), at: 5_000)
        try room.apply(answer("q2", 2), at: 4_990)
        #expect(room.queue.map(\.answeredAt) == [5_000, 5_001])
        #expect(room.queue.map(\.elapsedMs) == [4_000, 3_990])
        try room.commit(at: 5_010)
        var restarted = room.restarted()
        try restarted.apply(.resume, at: 5_020)
        try restarted.apply(answer("q3", 3), at: 5_000)
        #expect(restarted.queue.map(\.answeredAt) == [5_002])
    }
}
