import Classroom
import Testing

@Suite("The life of a session")
struct LifecycleTests {
    @Test("the source document's lifecycle: join, start, question, answers, results, leaderboard")
    func lifecycle() throws {
        var room = Room()
        try room.apply(.resume, at: 0)
        let joined = try #require(try room.join("student1", at: 10).snapshot)
        #expect(joined.sessionId == "s")
        #expect(joined.title == "Integration Test Quiz")
        #expect(joined.status == .waiting)
        #expect(joined.questionCount == 3)
        #expect(joined.you == .init(userId: "student1", username: "student1", score: 0, correctAnswers: 0, rank: 1))
        #expect(joined.question == nil)
        try room.join("student2", at: 20)

        let started = try room.apply(.start(by: "host"), at: 100)
        let expected = QuizStarted(sessionId: "s", title: "Integration Test Quiz", questionCount: 3, startsInMs: 1_000)
        #expect(started.contains(.emit(.started(expected), to: .everyone)))
        #expect(started.contains(.acknowledge(.started(expected))))
        #expect(started.last == .schedule(at: 1_100))
        #expect(started.questions.isEmpty)

        let opened = try room.fireTimer()
        let question = QuestionPayload(
            sessionId: "s", questionId: "q1", questionNumber: 1, questionCount: 3, question: "Question 1?",
            options: ["a", "b", "c", "d"], durationMs: 30_000, deadline: 31_100, remainingMs: 30_000)
        #expect(opened.contains(.emit(.question(question), to: .everyone)))

        let right = try room.answer("student1", "q1", .index(1), at: 16_100)
        #expect(right == AnswerResult(sessionId: "s", questionId: "q1", correct: true, score: 100, timeBonus: 25, totalScore: 125))
        let wrong = try room.answer("student2", "q1", .index(0), at: 16_100)
        #expect(wrong == AnswerResult(sessionId: "s", questionId: "q1", correct: false, score: 0, timeBonus: 0, totalScore: 0))

        #expect(
            room.session.leaderboardPayload().entries == [
                LeaderboardEntry(rank: 1, userId: "student1", username: "student1", score: 125, correctAnswers: 1),
                LeaderboardEntry(rank: 2, userId: "student2", username: "student2", score: 0, correctAnswers: 0),
            ])
        #expect(room.answers.count == 2)
    }

    @Test("twenty who join an active session written by hand answer its first question at once")
    func handWrittenSession() throws {
        let record = SessionRecord(id: "test_concurrent_session", quizID: "quiz1", status: .active, createdBy: "instructor1")
        var room = Room(record: record)
        let resumed = try room.apply(.resume, at: 5_000)
        #expect(resumed.last == .schedule(at: 35_000))
        #expect(room.record.phase == "open")
        #expect(room.record.questionIndex == 0)
        for index in 0..<20 {
            let snapshot = try #require(try room.join("user\(index)", at: 6_000).snapshot)
            #expect(snapshot.status == .active)
            #expect(snapshot.question?.questionId == "q1")
            #expect(snapshot.question?.remainingMs == 29_000)
        }
        for index in 0..<20 {
            try room.apply(.answer(userID: "user\(index)", questionID: "q1", answer: .index(index % 4), timeSpent: nil), at: 6_500)
        }
        let results = try room.commit(at: 6_510).results
        #expect(results.count == 20)
        #expect(results.count { $0.correct == true } == 5)
        #expect(room.answers.count == 20)
    }

    @Test("a waiting row without a join code may be joined")
    func noJoinCode() throws {
        var room = Room(record: SessionRecord(id: "s", quizID: "quiz1", createdBy: ""))
        #expect(try room.apply(.resume, at: 0) == [.schedule(at: nil)])
        #expect(try room.join("a").snapshot?.status == .waiting)
        try room.apply(.start(by: "any instructor"), at: 1)
        #expect(room.session.phase == .leadIn)
    }

    @Test("an active row of an empty quiz ends")
    func emptyQuiz() throws {
        let quiz = Quiz(id: "e", title: "Empty", questions: [], createdBy: "host")
        var room = Room(record: SessionRecord(id: "s", quizID: "e", status: .active, createdBy: "host"), quiz: quiz)
        let effects = try room.apply(.resume, at: 0)
        #expect(effects.contains(.finished))
        #expect(room.record.status == .ended)
        var waiting = Room(quiz: quiz)
        #expect(refusal { try waiting.apply(.start(by: "host"), at: 0) }?.code == .conflict)
    }

    @Test("the host leads through all questions to the end")
    func hostLeads() throws {
        var room = Room()
        try room.join("a", "b")
        try room.startAndOpen(at: 1_000)
        try room.answer("a", "q1", .index(1), at: 1_000)
        let closed = try room.apply(.close(by: "host"), at: 2_000)
        let body = QuestionClosed(
            sessionId: "s", questionId: "q1", questionNumber: 1, questionCount: 3, correctAnswer: .index(1),
            distribution: [0, 1, 0, 0], answered: 1)
        #expect(closed.contains(.acknowledge(.questionClosed(body))))
        #expect(closed.contains(.emit(.questionClosed(body), to: .watchers)))
        var own = body
        own.you = OwnStanding(rank: 1, score: 150, correctAnswers: 1, players: 2)
        #expect(closed.contains(.emit(.questionClosed(own), to: .player("a"))))
        own.you = OwnStanding(rank: 2, score: 0, correctAnswers: 0, players: 2)
        #expect(closed.contains(.emit(.questionClosed(own), to: .player("b"))))
        #expect(closed.last == .schedule(at: nil))

        let second = try room.apply(.next(by: "host"), at: 3_000)
        #expect(second.questions.first?.0.questionNumber == 2)
        #expect(room.wake == 33_000)
        // Next while a question is open closes it first.
        let third = try room.apply(.next(by: "host"), at: 4_000)
        #expect(third.closings.first?.0.questionId == "q2")
        #expect(third.questions.first?.0.questionId == "q3")
        // After the last one the session ends.
        let over = try room.apply(.next(by: "host"), at: 5_000)
        #expect(over.closings.first?.0.questionId == "q3")
        #expect(over.contains(.leaderboardChanged(final: true)))
        #expect(over.contains(.finished))
        #expect(over.ends.contains { $0.you?.rank == 1 })
        #expect(room.session.leaderboardPayload().summary.final)
        #expect(room.record.status == .ended)
        #expect(room.record.endedAt == 5_000)
    }

    @Test("next cuts the lead-in short")
    func nextInLeadIn() throws {
        var room = Room()
        try room.apply(.start(by: "host"), at: 0)
        let effects = try room.apply(.next(by: "host"), at: 400)
        #expect(effects.questions.first?.0.questionId == "q1")
        #expect(effects.questions.first?.0.deadline == 30_400)
    }

    @Test("without a lead-in the question follows the start at once")
    func noLeadIn() throws {
        var room = Room(.init(leadInMs: 0))
        let effects = try room.apply(.start(by: "host"), at: 7)
        let names = effects.events.map(\.event.name)
        #expect(names == ["quiz:started", "quiz:started", "quiz:question"])
    }

    @Test("a question closes itself at its deadline, and not a millisecond before")
    func deadline() throws {
        var room = Room(.init(questionDurationMs: 5_000))
        try room.startAndOpen(at: 1_000)
        #expect(room.wake == 6_000)
        #expect(try room.apply(.tick, at: 5_999).isEmpty)
        let effects = try room.apply(.tick, at: 6_000)
        #expect(effects.closings.count == 1)
        #expect(room.session.phase == .closed)
    }

    @Test("a question's own duration goes before the session's")
    func ownDuration() throws {
        var quiz = Quiz.sample
        quiz.questions[0].durationMs = 2_000
        var room = Room(quiz: quiz)
        try room.startAndOpen(at: 1_000)
        #expect(room.wake == 3_000)
    }

    @Test("a session whose row was deleted ends without an event")
    func vanished() throws {
        var room = Room()
        try room.join("a")
        try room.startAndOpen()
        #expect(try room.apply(.vanished, at: 2_000) == [.finished, .schedule(at: nil)])
        #expect(room.session.phase == .ended)
    }

    @Test("every event carries the contract's name")
    func names() throws {
        var room = Room()
        try room.join("a")
        try room.apply(.observe(userID: "o"), at: 0)
        try room.startAndOpen()
        try room.answer("a", "q1", .index(0), at: 1_500)
        try room.apply(.end(by: "host"), at: 2_000)
        try room.apply(.leave(userID: "a"), at: 2_000)
        try room.apply(.kick(userID: "a", by: "host"), at: 2_000)
        let names = Set(room.log.events.map(\.event.name))
        #expect(
            names == [
                "quiz:joined", "quiz:observing", "quiz:started", "quiz:question", "quiz:answer:result", "quiz:question:closed",
                "quiz:ended", "quiz:left", "quiz:kicked",
            ])
        #expect(SessionEvent.progress(room.session.progress()).name == "quiz:progress")
        #expect(LeaderboardPayload.eventName == "quiz:leaderboard")
    }
}
