import Classroom
import Testing

@Suite("Answers")
struct AnswerTests {
    private func open(_ settings: SessionSettings = .init(), _ users: [String] = ["a", "b"]) throws -> Room {
        var room = Room(settings)
        for user in users { try room.join(user) }
        try room.startAndOpen(at: 1_000)
        return room
    }

    private func answer(_ user: String = "a", _ question: String = "q1", _ answer: Answer = .index(1)) -> SessionCommand {
        .answer(userID: user, questionID: question, answer: answer, timeSpent: 4.5)
    }

    @Test("an answer is decided first, and counted when it is durable")
    func twoSteps() throws {
        var room = try open()
        let decided = try room.apply(answer(), at: 16_000)
        let record = AnswerRecord(
            sessionID: "s", questionID: "q1", userID: "a", answer: .index(1), correct: true, score: 100, timeBonus: 25, elapsedMs: 15_000,
            timeSpent: 4.5, answeredAt: 16_000)
        #expect(decided == [.storeAnswer(record)])
        #expect(room.session.leaderboard().entries.allSatisfy { $0.score == 0 })
        #expect(room.session.hasPendingAnswers)
        let committed = try room.commit(at: 16_005)
        let result = AnswerResult(sessionId: "s", questionId: "q1", correct: true, score: 100, timeBonus: 25, totalScore: 125)
        #expect(committed == [.answered(record.key, result), .leaderboardChanged(final: false), .progressChanged])
        #expect(!room.session.hasPendingAnswers)
    }

    @Test(
        "a second answer gets the first result, unchanged but for the mark",
        arguments: Stage.allCases.filter { $0 != .waiting && $0 != .leadIn })
    func duplicate(_ stage: Stage) throws {
        var room = try open()
        let first = try room.answer("a", "q1", .index(1), at: 1_000)
        if stage == .closed { try room.apply(.close(by: "host"), at: 2_000) }
        if stage == .ended {
            try room.apply(.next(by: "host"), at: 2_000)
            try room.answer("a", "q2", .index(2), at: 2_500)
            try room.apply(.end(by: "host"), at: 3_000)
        }
        let effects = try room.apply(answer("a", "q1", .index(3)), at: 9_000)
        if stage == .open {
            // The store is asked whether the first one is still there.
            #expect(try room.commit(at: 9_005).results == [first.duplicated()])
        } else {
            #expect(effects == [.reply(.answerResult(first.duplicated()))])
        }
        #expect(first.totalScore == 150)
    }

    @Test("a second answer while the first is being stored waits for it")
    func duplicateOfPending() throws {
        var room = try open()
        try room.apply(answer(), at: 2_000)
        let second = try room.apply(answer("a", "q1", .index(0)), at: 2_001)
        #expect(second == [.awaitAnswer(AnswerKey(questionID: "q1", userID: "a"))])
        #expect(room.queue.count == 1)
        let committed = try room.commit(at: 2_005)
        #expect(committed.results.map(\.correct) == [true])
        // Also when the question was closed meanwhile.
        try room.apply(answer("b"), at: 2_010)
        try room.apply(.close(by: "host"), at: 2_011)
        #expect(try room.apply(answer("b"), at: 2_012) == [.awaitAnswer(AnswerKey(questionID: "q1", userID: "b"))])
    }

    @Test("an answer that the store refused may be given again")
    func rejected() throws {
        var room = try open()
        try room.apply(answer(), at: 2_000)
        #expect(try room.apply(.answerRejected(AnswerKey(questionID: "q1", userID: "a")), at: 2_001).isEmpty)
        let again = try room.apply(answer("a", "q1", .index(0)), at: 2_002)
        #expect(again.count == 1)
        #expect(room.session.hasPendingAnswers)
    }

    @Test("the store's older answer wins over the new one")
    func storeKnewBetter() throws {
        var room = try open()
        try room.apply(answer(), at: 2_000)
        let older = AnswerRecord(
            sessionID: "s", questionID: "q1", userID: "a", answer: .index(0), correct: false, score: 0, timeBonus: 0, elapsedMs: 7,
            answeredAt: 1_007)
        let effects = try room.apply(.answerDuplicate(older), at: 2_005)
        #expect(
            effects.results == [
                AnswerResult(sessionId: "s", questionId: "q1", correct: false, score: 0, timeBonus: 0, totalScore: 0, duplicate: true)
            ])
        #expect(room.session.leaderboard().entry(of: "a")?.score == 0)
        #expect(!room.session.hasPendingAnswers)
    }

    @Test("an answer at the deadline counts, a millisecond later it doesn't")
    func deadline() throws {
        var room = try open()
        #expect(try room.answer("a", "q1", .index(1), at: 31_000).timeBonus == 0)
        let late = refusal { try room.apply(answer("b"), at: 31_001) }
        #expect(late?.code == .closed)
    }

    @Test("an answer received by the deadline counts though the timer was served first")
    func receivedInTime() throws {
        var room = try open()
        try room.apply(.tick, at: 31_000)
        #expect(room.session.phase == .closed)
        #expect(try room.answer("a", "q1", .index(1), at: 31_000).correct == true)
        #expect(refusal { try room.apply(answer("b"), at: 31_001) }?.code == .closed)
    }

    @Test("an early close is the deadline from then on, extra time or not")
    func earlyClose() throws {
        var room = try open(.init(extraTimeMs: ["b": 60_000]))
        try room.apply(.close(by: "host"), at: 5_000)
        #expect(try room.answer("a", "q1", .index(1), at: 5_000).correct == true)
        #expect(refusal { try room.apply(answer("b"), at: 5_001) }?.code == .closed)
    }

    @Test("only the current question may be answered")
    func currentQuestion() throws {
        var room = try open()
        #expect(refusal { try room.apply(answer("a", "q2"), at: 2_000) }?.code == .closed)
        #expect(refusal { try room.apply(answer("a", "q9"), at: 2_000) }?.code == .notFound)
        try room.apply(.next(by: "host"), at: 3_000)
        #expect(refusal { try room.apply(answer("a", "q1"), at: 3_000) }?.code == .closed)
        #expect(room.queue.isEmpty)
    }

    @Test("only those who joined may answer")
    func membership() throws {
        var room = try open()
        #expect(refusal { try room.apply(answer("stranger"), at: 2_000) }?.code == .forbidden)
        #expect(refusal { try room.apply(answer("host"), at: 2_000) }?.code == .forbidden)
        try room.apply(.leave(userID: "a"), at: 2_000)
        #expect(refusal { try room.apply(answer("a"), at: 2_000) }?.code == .forbidden)
        try room.join("a", at: 2_001)
        #expect(try room.answer("a", "q1", .index(1), at: 2_002).correct == true)
    }

    @Test("an option that doesn't exist is refused and may be corrected")
    func badOption() throws {
        var room = try open()
        let error = refusal { try room.apply(answer("a", "q1", .index(4)), at: 2_000) }
        #expect(error == ClassroomError(.invalid, "Validation error: \"answer\" must be between 0 and 3"))
        #expect(try room.answer("a", "q1", .text("1"), at: 2_000).correct == true)
        #expect(room.answers.first?.answer == .index(1))
    }

    @Test("the time is the server's, from the opening to the receipt")
    func serverTime() throws {
        var room = try open()
        let claimed = SessionCommand.answer(userID: "a", questionID: "q1", answer: .index(1), timeSpent: 0)
        try room.apply(claimed, at: 30_999)
        #expect(room.queue.first?.elapsedMs == 29_999)
        #expect(room.queue.first?.timeBonus == 0)
        // A receipt that seems to lie before the opening earns no more than an answer at once.
        try room.apply(answer("b"), at: 900)
        #expect(room.queue.last?.elapsedMs == 0)
        #expect(room.queue.last?.timeBonus == 50)
    }

    @Test("extra time moves a player's deadline and the close, and is told to that player alone")
    func extraTime() throws {
        var room = Room(.init(questionDurationMs: 10_000, extraTimeMs: ["a": 5_000, "nobody": 90_000]))
        try room.join("a", "b")
        try room.apply(.start(by: "host"), at: 0)
        let opened = try room.apply(.tick, at: 1_000)
        #expect(opened.questions.map(\.1) == [.everyoneExcept(["a"]), .user("a")])
        #expect(opened.questions.map(\.0.deadline) == [11_000, 16_000])
        #expect(opened.questions.map(\.0.durationMs) == [10_000, 15_000])
        #expect(room.wake == 16_000)
        #expect(refusal { try room.apply(answer("b"), at: 11_001) }?.code == .closed)
        #expect(try room.apply(.tick, at: 11_000).closings.isEmpty)
        // The one with extra time has answered: nobody is left to wait for.
        let result = try room.answer("a", "q1", .index(1), at: 12_000)
        #expect(result.timeBonus == 50 * 4_000 / 15_000)
        #expect(room.wake == 11_000)
        #expect(try room.apply(.tick, at: 12_000).closings.count == 3)
        #expect(room.record.questionDeadline == 11_000)
    }

    @Test("the extra time of a player who left delays nobody")
    func extraTimeOfAbsent() throws {
        var room = try open(.init(extraTimeMs: ["a": 5_000]))
        #expect(room.wake == 36_000)
        try room.apply(.leave(userID: "a"), at: 2_000)
        #expect(room.wake == 31_000)
    }

    @Test("accuracy scoring knows no bonus")
    func accuracy() throws {
        var room = try open(.init(scoring: .accuracy))
        let result = try room.answer("a", "q1", .index(1), at: 1_001)
        #expect(result.score == 100)
        #expect(result.timeBonus == 0)
    }

    @Test("an answer whose commit comes after the end still counts")
    func commitAfterEnd() throws {
        var room = try open()
        try room.apply(answer(), at: 2_000)
        let ended = try room.apply(.end(by: "host"), at: 2_001)
        // It was in time: the reveal and the own place count it already.
        #expect(ended.closings.first?.0.distribution == [0, 1, 0, 0])
        #expect(ended.ends.compactMap(\.you).first == OwnStanding(rank: 1, score: 148, correctAnswers: 1, players: 2))
        let committed = try room.commit(at: 2_005)
        #expect(committed.results.first?.totalScore == 148)
        #expect(committed.contains(.leaderboardChanged(final: true)))
    }

    @Test("progress counts the players here and those who answered")
    func progress() throws {
        var room = try open(.init(), ["a", "b", "c", "d"])
        #expect(room.session.progress() == Progress(sessionId: "s", questionId: "q1", answered: 0, players: 4))
        try room.answer("a", "q1", .index(1), at: 2_000)
        try room.apply(.presence(userID: "a", connected: false), at: 2_000)
        try room.apply(.presence(userID: "b", connected: false), at: 2_000)
        try room.apply(.kick(userID: "c", by: "host"), at: 2_000)
        #expect(room.session.progress() == Progress(sessionId: "s", questionId: "q1", answered: 1, players: 2, away: ["a", "b"]))
    }

    @Test("texts of a question without options are counted in the reveal")
    func texts() throws {
        let quiz = Quiz(
            id: "t", title: "Text", questions: [Question(id: "q1", question: "?", options: [], correctAnswer: .text("Photosynthesis"))],
            createdBy: "host")
        var room = Room(quiz: quiz)
        try room.join("a", "b", "c")
        try room.startAndOpen()
        #expect(try room.answer("a", "q1", .text(" photosynthesis "), at: 1_500).correct == true)
        #expect(try room.answer("b", "q1", .text("PHOTOSYNTHESIS"), at: 1_500).correct == true)
        #expect(try room.answer("c", "q1", .text("osmosis"), at: 1_500).correct == false)
        let closed = try #require(try room.apply(.close(by: "host"), at: 2_000).closings.first?.0)
        #expect(closed.distribution.isEmpty)
        #expect(closed.texts == [TextCount(text: "photosynthesis", count: 2), TextCount(text: "osmosis", count: 1)])
        #expect(closed.answered == 3)
    }
}
