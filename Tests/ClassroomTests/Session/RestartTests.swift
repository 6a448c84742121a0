import Classroom
import CoreTestSupport
import Testing

@Suite("A restart")
struct RestartTests {
    @Test("a question goes on with its deadline and its scores")
    func openQuestion() throws {
        var room = Room()
        try room.join("a", "b")
        try room.startAndOpen(at: 1_000)
        try room.answer("a", "q1", .index(1), at: 16_000)
        var again = room.restarted()
        #expect(try again.apply(.resume, at: 20_000) == [.schedule(at: 31_000)])
        let snapshot = try #require(try again.join("a", at: 20_000).snapshot)
        #expect(snapshot.question?.remainingMs == 11_000)
        #expect(snapshot.you?.score == 125)
        #expect(
            try again.answer("a", "q1", .index(0), at: 20_000)
                == AnswerResult(
                    sessionId: "s", questionId: "q1", correct: true, score: 100, timeBonus: 25, totalScore: 125, duplicate: true))
        try again.join("b", at: 20_000)
        #expect(try again.answer("b", "q1", .index(1), at: 31_000).correct == true)
    }

    @Test("a question whose time ran out meanwhile is closed")
    func deadlinePassed() throws {
        var room = Room()
        try room.startAndOpen(at: 1_000)
        var again = room.restarted()
        let effects = try again.apply(.resume, at: 90_000)
        #expect(effects.closings.count == 1)
        #expect(again.record.phase == "closed")
        #expect(again.record.questionDeadline == 31_000)
    }

    @Test("a lead-in that ran out meanwhile opens the question from now")
    func leadInPassed() throws {
        var room = Room()
        try room.apply(.start(by: "host"), at: 0)
        var again = room.restarted()
        let effects = try again.apply(.resume, at: 60_000)
        #expect(effects.questions.first?.0.deadline == 90_000)
    }

    @Test("a lead-in that still runs goes on")
    func leadInRuns() throws {
        var room = Room()
        try room.apply(.start(by: "host"), at: 0)
        var again = room.restarted()
        #expect(try again.apply(.resume, at: 400) == [.schedule(at: 1_000)])
    }

    @Test("an auto-advancing session goes on without its host")
    func autoAdvance() throws {
        var room = Room(.init(autoAdvance: true, advanceDelayMs: 1_000))
        try room.startAndOpen(at: 1_000)
        try room.fireTimer()
        var again = room.restarted()
        #expect(try again.apply(.resume, at: 31_500) == [.schedule(at: 32_000)])
        #expect(try again.fireTimer().questions.first?.0.questionId == "q2")
    }

    @Test("rows that lack what their phase needs open their question from now", arguments: ["leadIn", "open", "closed", "nonsense"])
    func incomplete(_ phase: String) throws {
        var room = Room(
            record: SessionRecord(id: "s", quizID: "quiz1", status: .active, createdBy: "host", phase: phase, questionIndex: 1))
        let effects = try room.apply(.resume, at: 5_000)
        #expect(effects.questions.first?.0.questionId == "q2")
        #expect(room.wake == 35_000)
    }

    @Test("answers of people who are no participants wait for them to join")
    func orphans() throws {
        let answer = AnswerRecord(
            sessionID: "s", questionID: "q1", userID: "a", answer: .index(1), correct: true, score: 100, timeBonus: 7, elapsedMs: 9,
            answeredAt: 1)
        var room = Room(record: SessionRecord(id: "s", quizID: "quiz1", createdBy: "host"), answers: [answer])
        #expect(room.session.leaderboard().entries.isEmpty)
        #expect(try room.join("a").snapshot?.you?.score == 107)
    }

    @Test("after any sequence of commands the state is that of the records alone", arguments: 0..<120)
    func equivalence(_ seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var settings = SessionSettings(
            pace: seed % 3 == 0 ? .self : .live, questionDurationMs: 3_000, leadInMs: seed % 5 == 0 ? 0 : 500,
            autoAdvance: seed % 2 == 0, revealAnswers: seed % 4 < 2 ? .immediately : .afterClose)
        if seed % 7 == 0 { settings.extraTimeMs = ["u1": 2_000] }
        var room = Room(settings)
        try room.apply(.resume, at: 0)
        var now: UnixMilliseconds = 0
        var version = 0
        var board = room.session.leaderboard()
        for _ in 0..<150 {
            now += Int64.random(in: 0...400, using: &generator)
            while let wake = room.wake, wake <= now { try room.apply(.tick, at: wake) }
            // A refusal is part of the game: it must change nothing.
            _ = refusal { try step(&room, at: now, &generator) }
            #expect(room.session.boardVersion >= version)
            #expect(room.session.boardVersion > version || room.session.leaderboard() == board)
            version = room.session.boardVersion
            board = room.session.leaderboard()
            try compare(room, at: now)
        }
    }

    private func step(_ room: inout Room, at now: UnixMilliseconds, _ generator: inout SeededGenerator) throws {
        let user = "u\(Int.random(in: 0...4, using: &generator))"
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<15: try room.join(user, at: now)
        case 15..<20: try room.apply(.presence(userID: user, connected: Bool.random(using: &generator)), at: now)
        case 20..<23: try room.apply(.leave(userID: user), at: now)
        case 23..<24: try room.apply(.kick(userID: user, by: "host"), at: now)
        case 24..<32: try room.apply(.start(by: "host"), at: now)
        case 32..<35: try room.apply(.next(by: "host"), at: now)
        case 35..<38: try room.apply(.close(by: "host"), at: now)
        case 38..<39 where now > 20_000: try room.apply(.end(by: "host"), at: now)
        case 39..<60: try room.commit(at: now)
        case 60..<62:
            // The store fails for the oldest.
            if let lost = room.dropOldest() { try room.apply(.answerRejected(lost.key), at: now) }
        default:
            let question = "q\(Int.random(in: 1...3, using: &generator))"
            let answer = Answer.index(Int.random(in: 0...3, using: &generator))
            try room.apply(.answer(userID: user, questionID: question, answer: answer, timeSpent: nil), at: now)
        }
    }

    private func compare(_ room: Room, at now: UnixMilliseconds) throws {
        let again = room.restarted().session
        let running = room.session
        #expect(again.record == running.record)
        #expect(again.phase == running.phase)
        #expect(again.participants == running.participants)
        #expect(again.answers == running.answers)
        #expect(again.boardVersion == running.boardVersion)
        #expect(again.leaderboard() == running.leaderboard())
        for answer in room.answers {
            #expect(again.answerResult(for: answer.key, duplicate: false) == running.answerResult(for: answer.key, duplicate: false))
        }
        // A pending answer of one with extra time may let the running session close sooner; the records can't know.
        if !running.hasPendingAnswers { #expect(again.nextWake == running.nextWake) }
        if running.phase == .ended || running.record.settings.revealAnswers == .immediately {
            #expect(running.leaderboard() == Leaderboard(participants: room.participants, answers: room.answers))
        }
    }
}
