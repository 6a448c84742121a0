import Classroom
import CoreTestSupport
import Testing

@Suite("Self-paced sessions")
struct SelfPacedTests {
    private static let ten = Quiz(
        id: "ten", title: "Ten",
        questions: (1...10).map {
            Question(id: "q-\($0)", question: "\($0)?", options: ["1", "2", "3", "4"], correctAnswer: .index(1))
        }, createdBy: "host")

    private func open(_ settings: SessionSettings = .init(pace: .self), quiz: Quiz = .sample) throws -> Room {
        var room = Room(settings, quiz: quiz)
        try room.join("a")
        try room.startAndOpen(at: 1_000)
        return room
    }

    @Test("each player gets the own first question when the lead-in is over")
    func firstQuestion() throws {
        var room = Room(.init(pace: .self))
        try room.join("a", "b")
        try room.apply(.presence(userID: "b", connected: false), at: 0)
        try room.apply(.start(by: "host"), at: 0)
        let effects = try room.fireTimer()
        #expect(effects.questions.map(\.1) == [.user("a")])
        #expect(effects.questions.first?.0.questionId == "q1")
        #expect(room.wake == nil)
        // The other one gets it on coming back, and the clock starts then.
        let back = try room.join("b", at: 9_000)
        #expect(back.snapshot?.question?.remainingMs == 30_000)
        #expect(back.questions.map(\.1) == [.user("b")])
        #expect(try room.answer("b", "q1", .index(1), at: 24_000).timeBonus == 25)
    }

    @Test("the next question follows each answer, and the bonus counts from its sending")
    func nextFollows() throws {
        var room = try open()
        try room.apply(.answer(userID: "a", questionID: "q1", answer: .index(1), timeSpent: nil), at: 1_000)
        let committed = try room.commit(at: 5_000)
        #expect(committed.results.first?.timeBonus == 50)
        #expect(committed.questions.map(\.0.questionId) == ["q2"])
        #expect(committed.questions.first?.0.deadline == 35_000)
        #expect(try room.answer("a", "q2", .index(2), at: 20_000).timeBonus == 25)
        let last = try room.answer("a", "q3", .index(3), at: 20_000)
        #expect(last.totalScore == 425)
        #expect(room.log.questions.count == 3)
    }

    @Test("time up is no refusal: there is only no bonus left")
    func noDeadline() throws {
        var room = try open()
        let result = try room.answer("a", "q1", .index(1), at: 900_000)
        #expect(result.correct == true)
        #expect(result.timeBonus == 0)
    }

    @Test("the load script: q-1 to q-10 in any order, numeric strings as answers")
    func loadScript() throws {
        var room = try open(quiz: SelfPacedTests.ten)
        var order = Array(1...10)
        var generator = SeededGenerator(seed: 7)
        order.shuffle(using: &generator)
        for (step, number) in order.enumerated() {
            let result = try room.answer("a", "q-\(number)", .text("2"), at: 2_000 + Int64(step))
            #expect(result.correct == true)
            #expect(result.score == 100)
        }
        #expect(room.answers.count == 10)
        #expect(room.session.leaderboard().entries.first?.correctAnswers == 10)
        #expect(room.session.progress() == Progress(sessionId: "s", answered: 1, players: 1))
    }

    @Test("a question that was never sent earns no bonus, and the own one stays the own one")
    func outOfOrder() throws {
        var room = try open()
        let effects0 = room.log.count
        #expect(try room.answer("a", "q3", .index(3), at: 1_001).timeBonus == 0)
        let resent = Array(room.log.dropFirst(effects0)).questions
        #expect(resent.map(\.0.questionId) == ["q1"])
        // Its clock runs on: answering others first buys no time.
        #expect(resent.first?.0.deadline == 31_000)
        #expect(try room.answer("a", "q1", .index(1), at: 16_000).timeBonus == 25)
    }

    @Test("many clients that share one account share its answers")
    func sharedAccount() throws {
        var room = try open()
        let first = try room.answer("a", "q1", .index(1), at: 2_000)
        try room.join("a", at: 3_000)
        #expect(try room.answer("a", "q1", .index(0), at: 3_000) == first.duplicated())
    }

    @Test("a late joiner begins at the beginning, a rejoiner goes on with the question's own clock")
    func joiners() throws {
        var room = try open()
        let late = try room.join("b", at: 8_000)
        #expect(late.snapshot?.question?.questionId == "q1")
        #expect(late.questions.map(\.1) == [.user("b")])
        try room.answer("b", "q1", .index(1), at: 9_000)
        try room.apply(.presence(userID: "b", connected: false), at: 10_000)
        let back = try room.join("b", at: 12_000)
        #expect(back.snapshot?.question?.questionId == "q2")
        #expect(back.snapshot?.question?.remainingMs == 27_000)
        #expect(back.snapshot?.you?.correctAnswers == 1)
        #expect(back.questions.isEmpty)
    }

    @Test("a commit that finds nobody starts the next clock with the return")
    func commitFindsNobody() throws {
        var room = try open()
        try room.apply(.answer(userID: "a", questionID: "q1", answer: .index(1), timeSpent: nil), at: 2_000)
        try room.apply(.presence(userID: "a", connected: false), at: 2_001)
        #expect(try room.commit(at: 2_005).questions.isEmpty)
        let back = try room.apply(.presence(userID: "a", connected: true), at: 50_000)
        #expect(back.questions.first?.0.questionId == "q2")
        #expect(try room.answer("a", "q2", .index(2), at: 50_000).timeBonus == 50)
    }

    @Test("the end closes it for all")
    func end() throws {
        var room = try open()
        let effects = try room.apply(.end(by: "host"), at: 2_000)
        #expect(effects.closings.isEmpty)
        #expect(
            refusal { try room.apply(.answer(userID: "a", questionID: "q1", answer: .index(1), timeSpent: nil), at: 2_001) }?.code
                == .closed)
    }

    @Test("results held back come with the end")
    func afterClose() throws {
        var room = try open(.init(pace: .self, revealAnswers: .afterClose))
        let held = try room.answer("a", "q1", .index(1), at: 1_000)
        #expect(held == AnswerResult(sessionId: "s", questionId: "q1", pending: true))
        #expect(room.session.leaderboard().entries.first?.score == 0)
        let ended = try room.apply(.end(by: "host"), at: 2_000)
        #expect(ended.results.map(\.questionId) == ["q1"])
        #expect(ended.results.first?.correct == true)
        #expect(ended.closings.map(\.0.questionId) == ["q1", "q2", "q3"])
        #expect(room.session.leaderboard().entries.first?.score == 150)
        let again = try room.apply(.answer(userID: "a", questionID: "q1", answer: .index(1), timeSpent: nil), at: 3_000)
        #expect(again.results.first?.totalScore == 150)
    }
}
