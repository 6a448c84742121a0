import Classroom
import Testing

@Suite("What is revealed, to whom, and when")
struct RevealTests {
    @Test("after-close: results, scores and boards wait for the close")
    func afterClose() throws {
        var room = Room(.init(revealAnswers: .afterClose))
        try room.join("a", "b")
        try room.startAndOpen(at: 1_000)
        try room.apply(.answer(userID: "a", questionID: "q1", answer: .index(1), timeSpent: nil), at: 1_000)
        let committed = try room.commit(at: 1_001)
        #expect(committed.results == [AnswerResult(sessionId: "s", questionId: "q1", pending: true)])
        #expect(committed.boardChanges == 0)
        #expect(room.session.leaderboard().entries.map(\.score) == [0, 0])
        let again = try room.answer("a", "q1", .index(1), at: 1_002)
        #expect(again == AnswerResult(sessionId: "s", questionId: "q1", pending: true, duplicate: true))
        #expect(try room.join("a", at: 1_003).snapshot?.you?.score == 0)

        let closed = try room.apply(.close(by: "host"), at: 2_000)
        let result = AnswerResult(sessionId: "s", questionId: "q1", correct: true, score: 100, timeBonus: 50, totalScore: 150)
        #expect(closed.contains(.emit(.answerResult(result), to: .user("a"))))
        #expect(closed.boardChanges == 1)
        #expect(room.session.leaderboard().entries.map(\.score) == [150, 0])
        #expect(try room.join("a", at: 2_003).snapshot?.answer == result)
    }

    @Test("after-close: an answer stored while the question closed is told in full")
    func storedDuringClose() throws {
        var room = Room(.init(revealAnswers: .afterClose))
        try room.join("a")
        try room.startAndOpen(at: 1_000)
        try room.apply(.answer(userID: "a", questionID: "q1", answer: .index(1), timeSpent: nil), at: 1_000)
        let closed = try room.apply(.close(by: "host"), at: 1_001)
        #expect(closed.results.isEmpty)
        #expect(closed.closings.compactMap(\.0.you) == [OwnStanding(rank: 1, score: 150, correctAnswers: 1, players: 1)])
        let committed = try room.commit(at: 1_005)
        #expect(committed.results.map(\.totalScore) == [150])
        #expect(room.session.leaderboard().entries.map(\.score) == [150])
    }

    @Test("no snapshot and no question says more than it may before the close", arguments: [Stage.waiting, .leadIn, .open])
    func nothingEarly(_ stage: Stage) throws {
        var room = try stage.room(.live)
        for effects in [
            try room.apply(.join(userID: "a", name: "a", isNickname: false), at: 1_500),
            try room.apply(.observe(userID: "x"), at: 1_500), try room.apply(.observe(userID: "host"), at: 1_500),
        ] {
            let snapshot = try #require(effects.snapshot)
            #expect(snapshot.closed == nil)
            #expect((snapshot.question != nil) == (stage == .open))
        }
        #expect(room.log.closings.isEmpty)
    }

    @Test("a snapshot of a closed question has what the close revealed, and one's own result")
    func snapshotWhenClosed() throws {
        var room = Room()
        try room.join("a")
        try room.startAndOpen()
        try room.answer("a", "q1", .index(0), at: 1_500)
        try room.apply(.close(by: "host"), at: 2_000)
        let snapshot = try #require(try room.join("a", at: 3_000).snapshot)
        #expect(snapshot.phase == .closed)
        #expect(snapshot.closed?.correctAnswer == .index(1))
        #expect(snapshot.question?.remainingMs == 0)
        #expect(snapshot.answer?.correct == false)
        let watcher = try #require(try room.apply(.observe(userID: "x"), at: 3_000).snapshot)
        #expect(watcher.closed?.distribution == [1, 0, 0, 0])
        #expect(watcher.answer == nil)
    }

    @Test("the host is known by the account, others are observers")
    func roles() throws {
        var room = Room()
        #expect(try room.apply(.observe(userID: "host"), at: 0).snapshot?.role == .host)
        #expect(try room.apply(.observe(userID: "x"), at: 0).snapshot?.role == .observer)
        #expect(try room.apply(.observe(userID: "x"), at: 0).snapshot?.joinCode == "123456")
        #expect(try room.join("x").snapshot?.joinCode == nil)
    }

    @Test("in the lead-in a snapshot says when it starts")
    func startsIn() throws {
        var room = try Stage.leadIn.room(.live)
        #expect(try room.join("a", at: 400).snapshot?.startsInMs == 600)
    }
}
