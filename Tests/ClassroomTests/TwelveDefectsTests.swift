import Classroom
import Testing

/// Defects found in public quiz servers. Each is shown here at the level of the rules; what only a server with sockets can show
/// (rooms, several connections, malformed packets) is shown again there.
@Suite("Twelve defects")
struct TwelveDefectsTests {
    private func open(_ users: String..., settings: SessionSettings = .init()) throws -> Room {
        var room = Room(settings)
        for user in users { try room.join(user) }
        try room.startAndOpen(at: 1_000)
        return room
    }

    private func answer(_ user: String, _ answer: Answer = .index(1), question: String = "q1", timeSpent: Double? = nil) -> SessionCommand {
        .answer(userID: user, questionID: question, answer: answer, timeSpent: timeSpent)
    }

    @Test("1: concurrent answers are all kept, and a duplicate among them is stored once")
    func concurrentAnswers() throws {
        var room = try open()
        for index in 0..<50 { try room.join("u\(index)", at: 1_000) }
        // Everybody answers twice before anything is committed.
        for index in 0..<50 { try room.apply(answer("u\(index)"), at: 2_000) }
        for index in 0..<50 { #expect(try room.apply(answer("u\(index)", .index(0)), at: 2_000).count == 1) }
        #expect(room.queue.count == 50)
        try room.commit(at: 2_001)
        #expect(Set(room.answers.map(\.key)).count == 50)
        #expect(room.session.leaderboard().entries.allSatisfy { $0.correctAnswers == 1 })
    }

    @Test("2: no answer after the result is shown, and none lands in the next question")
    func wrongPhase() throws {
        var room = try open("a")
        try room.apply(.close(by: "host"), at: 2_000)
        #expect(refusal { try room.apply(answer("a"), at: 2_001) }?.code == .closed)
        try room.apply(.next(by: "host"), at: 3_000)
        #expect(refusal { try room.apply(answer("a"), at: 3_001) }?.code == .closed)
        #expect(refusal { try room.apply(answer("a", question: "q3"), at: 3_001) }?.code == .closed)
        #expect(room.queue.isEmpty)
    }

    @Test("3: who knows the code is no host, and sees no correct answer")
    func codeMakesNoHost() throws {
        var room = try open("a")
        for command in [SessionCommand.next(by: "a"), .close(by: "a"), .end(by: "a"), .start(by: "a"), .kick(userID: "b", by: "a")] {
            #expect(refusal { try room.apply(command, at: 2_000) }?.code == .forbidden)
        }
        let observed = try room.apply(.observe(userID: "a"), at: 2_000)
        #expect(observed.snapshot?.role == .observer)
        #expect(observed.snapshot?.closed == nil)
    }

    @Test("4: nobody but the reveal tells the correct answer")
    func noEarlyAnswer() throws {
        // An option that says what is correct, so that any leak shows.
        let quiz = Quiz(
            id: "s", title: "Secret",
            questions: [Question(id: "q1", question: "?", options: [], correctAnswer: .text("SECRET"))], createdBy: "host")
        var room = Room(quiz: quiz)
        try room.join("a")
        for user in ["x", "host"] { try room.apply(.observe(userID: user), at: 0) }
        try room.startAndOpen(at: 1_000)
        try room.apply(answer("a", .text("guess")), at: 1_500)
        try room.commit(at: 1_501)
        try room.join("a", "late", at: 1_600)
        for user in ["x", "host"] { try room.apply(.observe(userID: user), at: 1_700) }
        // What goes to the store alone tells nobody.
        let told = room.log.filter { if case .keepQuiz = $0 { false } else { true } }
        #expect(!"\(told)".contains("SECRET"))
        try room.apply(.close(by: "host"), at: 2_000)
        #expect("\(room.log)".contains("SECRET"))
    }

    @Test("5: every event names its audience and its session")
    func audiences() throws {
        var room = try open("a", "b")
        try room.answer("a", "q1", .index(1), at: 2_000)
        try room.apply(.end(by: "host"), at: 3_000)
        for (event, _) in room.log.events { #expect("\(event)".contains(#"sessionId: "s""#)) }
        // What is meant for one goes to one.
        for (closed, audience) in room.log.closings where closed.you != nil {
            guard case .player = audience else {
                Issue.record("a player's own place went to \(String(describing: audience))")
                continue
            }
        }
    }

    @Test("6: what the client claims about its time changes nothing")
    func claimedTime() throws {
        var room = try open("honest", "cheat")
        try room.apply(answer("honest", timeSpent: 15), at: 16_000)
        try room.apply(answer("cheat", timeSpent: 0), at: 16_000)
        #expect(room.queue.map(\.points) == [125, 125])
        #expect(room.queue.map(\.timeSpent) == [15, 0])
    }

    @Test("7: a reconnect neither loses the answer nor allows a second one")
    func reconnect() throws {
        var room = try open("a")
        let first = try room.answer("a", "q1", .index(1), at: 2_000)
        try room.apply(.presence(userID: "a", connected: false), at: 3_000)
        let back = try #require(try room.join("a", at: 4_000).snapshot)
        #expect(back.answer == first)
        #expect(back.you?.score == first.totalScore)
        #expect(try room.answer("a", "q1", .index(0), at: 5_000) == first.duplicated())
    }

    @Test("8: kicked, disconnected and late players don't count in 'everyone answered'")
    func everyoneAnswered() throws {
        var room = try open("a", "kicked", "gone", settings: .init(autoAdvance: true))
        try room.join("late", at: 2_000)
        try room.apply(.kick(userID: "kicked", by: "host"), at: 2_000)
        try room.apply(.presence(userID: "gone", connected: false), at: 2_000)
        try room.answer("a", "q1", .index(1), at: 3_000)
        #expect(room.session.phase == .closed)
    }

    @Test("9: the scores are a fold over the answers, so no counter can lose one")
    func foldOverAnswers() throws {
        var room = try open("a", "b", "c")
        for (step, user) in ["a", "b", "c"].enumerated() {
            try room.apply(answer(user, .index(step)), at: 2_000)
            // The same commit told twice changes nothing.
            let record = try #require(room.queue.last)
            try room.commit(at: 2_001)
            let version = room.session.boardVersion
            try room.apply(.answerCommitted(record), at: 2_002)
            #expect(room.session.boardVersion == version)
        }
        #expect(room.session.leaderboard() == Leaderboard(participants: room.participants, answers: room.answers))
    }

    @Test("10: a refresh, a vanished host and a restart stop nothing")
    func goesOn() throws {
        var room = try open("a", settings: .init(autoAdvance: true))
        try room.answer("a", "q1", .index(1), at: 2_000)
        var again = room.restarted()
        try again.apply(.resume, at: 2_500)
        #expect(try again.join("a", at: 2_600).snapshot?.you?.score == 148)
        // The host never comes back: the clock leads to the end.
        for _ in 0..<4 { try again.fireTimer() }
        #expect(again.session.phase == .closed)
        try again.fireTimer()
        #expect(again.session.phase == .ended)
        #expect(try again.apply(.observe(userID: "host"), at: 999_999).snapshot?.role == .host)
    }

    @Test("11: a look-alike of a name is taken, and everybody can be kicked")
    func lookAlikes() throws {
        var room = Room()
        try room.apply(.join(userID: "g1", name: "Ann", isNickname: true), at: 0)
        for name in ["Ann", "ann", "An\u{200B}n", "\u{202E}Ann", "Аnn", "Ａｎｎ"] {
            #expect(refusal { try room.apply(.join(userID: "g2", name: name, isNickname: true), at: 0) }?.code == .conflict)
        }
        #expect(refusal { try room.apply(.join(userID: "g2", name: "\u{200B}\u{200D}", isNickname: true), at: 0) }?.code == .invalid)
        try room.apply(.kick(userID: "g1", by: "host"), at: 1)
        #expect(room.session.leaderboard().entries.isEmpty)
    }

    @Test("12: a malformed message is its sender's error alone")
    func malformed() {
        let odd: [Payload] = [
            .null, .bool(true), .number(.nan), .number(.infinity), .string(""), .array([.null]), ["sessionId": [], "answer": ["a": 1]],
            ["questionId": "q", "answer": [[[]]]], ["roomId": .number(.nan), "content": .array([])], ["settings": [1], "quizId": "q"],
        ]
        for event in MessageRules.events + [""] {
            for payload in odd {
                let result = MessageRules.check(event, payload)
                #expect(result.isValid == (result.error == nil))
                #expect(result.isValid || result.data == .object([:]))
            }
        }
    }
}
