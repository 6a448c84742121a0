import Classroom
import Testing

@Suite("Who is in a session")
struct MembershipTests {
    private func nickname(_ user: String, _ name: String) -> SessionCommand { .join(userID: user, name: name, isNickname: true) }

    @Test(
        "a chosen name must be free, whatever its case and its invisible characters",
        arguments: ["ann", "ANN", "A\u{200B}nn", "Ａｎｎ", "Аnn"])
    func takenName(_ name: String) throws {
        var room = Room()
        try room.apply(nickname("g1", "Ann"), at: 0)
        let error = refusal { try room.apply(nickname("g2", name), at: 0) }
        #expect(error?.code == .conflict)
        #expect(room.session.participants.count == 1)
    }

    @Test("two accounts of one name get in, and can be told apart")
    func sameAccountName() throws {
        var room = Room()
        for user in ["u1", "u2", "u3"] { try room.apply(.join(userID: user, name: "Anna Schmidt", isNickname: false), at: 0) }
        #expect(room.session.participants.map(\.username) == ["Anna Schmidt", "Anna Schmidt 2", "Anna Schmidt 3"])
        #expect(refusal { try room.apply(nickname("g", "anna schmidt 2"), at: 0) }?.code == .conflict)
    }

    @Test("numbers go on behind those that were taken before, after a restart too")
    func numbersGoOn() throws {
        var room = Room()
        for (user, name) in [("u1", "Ann"), ("u2", "Ann 3"), ("u3", "Ann"), ("u4", "Ann"), ("u5", "ann")] {
            try room.apply(.join(userID: user, name: name, isNickname: false), at: 0)
        }
        #expect(room.session.participants.map(\.username) == ["Ann", "Ann 3", "Ann 2", "Ann 4", "ann 5"])
        var again = room.restarted()
        try again.apply(.join(userID: "u6", name: "ANN", isNickname: false), at: 0)
        #expect(again.session.participants.last?.username == "ANN 6")
    }

    @Test("a player who rejoins keeps name and score, and needs no free place")
    func rejoin() throws {
        var room = Room(limits: .init(maximumParticipants: 1))
        try room.apply(nickname("g", "Ann"), at: 0)
        try room.apply(.leave(userID: "g"), at: 1)
        #expect(!room.session.isParticipant("g"))
        let snapshot = try #require(try room.apply(nickname("g", "Somebody else"), at: 2).snapshot)
        #expect(snapshot.you?.username == "Ann")
        #expect(room.session.isParticipant("g"))
        #expect(room.participants == [ParticipantRecord(sessionID: "s", userID: "g", username: "Ann", joinedAt: 0)])
    }

    @Test("n players fit, n + 1 do not")
    func full() throws {
        var room = Room(limits: .init(maximumParticipants: 2))
        try room.join("a", "b")
        #expect(refusal { try room.join("c") } == ClassroomError(.conflict, "The session is full"))
    }

    @Test("without late joining a started session admits only its former players")
    func noLateJoin() throws {
        var room = Room(.init(lateJoin: false))
        try room.join("a")
        try room.startAndOpen()
        #expect(refusal { try room.join("b", at: 2_000) }?.code == .closed)
        #expect(try room.join("a", at: 2_000).snapshot?.question != nil)
    }

    @Test("a kicked user stays kicked, after a restart as well")
    func kicked() throws {
        var room = Room()
        try room.join("a", "b")
        try room.startAndOpen()
        try room.answer("a", "q1", .index(1), at: 1_500)
        let effects = try room.apply(.kick(userID: "a", by: "host"), at: 2_000)
        let event = SessionEvent.kicked(SessionKicked(sessionId: "s", userId: "a"))
        #expect(effects.contains(.reply(event)))
        #expect(effects.contains(.emit(event, to: .user("a"))))
        #expect(effects.contains(.removeUser("a")))
        for var room in [room, room.restarted()] {
            #expect(refusal { try room.join("a", at: 3_000) }?.code == .forbidden)
            #expect(
                refusal { try room.apply(.answer(userID: "a", questionID: "q1", answer: .index(1), timeSpent: nil), at: 3_000) }?.code
                    == .forbidden)
            #expect(room.session.leaderboard().entries.map(\.userId) == ["b"])
            #expect(room.session.isKicked("a"))
        }
        #expect(try room.apply(.kick(userID: "a", by: "host"), at: 2_000) == [.reply(event)])
        #expect(refusal { try room.apply(.kick(userID: "nobody", by: "host"), at: 0) }?.code == .notFound)
    }

    @Test("leaving keeps the place on the board")
    func leaving() throws {
        var room = Room()
        try room.join("a")
        #expect(try room.apply(.leave(userID: "a"), at: 0).contains(.reply(.left(SessionLeft(sessionId: "s")))))
        #expect(room.session.leaderboard().entries.count == 1)
        // Who never joined may leave as well.
        #expect(try room.apply(.leave(userID: "observer"), at: 0) == [.reply(.left(SessionLeft(sessionId: "s")))])
    }

    @Test("unchanged presence causes no event")
    func presence() throws {
        var room = Room()
        try room.join("a")
        try room.apply(.resume, at: 0)
        #expect(try room.apply(.presence(userID: "a", connected: true), at: 0).isEmpty)
        #expect(try room.apply(.presence(userID: "stranger", connected: true), at: 0).isEmpty)
        #expect(try room.apply(.presence(userID: "a", connected: false), at: 0) == [.progressChanged])
    }

    @Test("every join is a new version of the board")
    func boardOnJoin() throws {
        var room = Room()
        let before = room.session.boardVersion
        #expect(try room.join("a").boardChanges == 1)
        #expect(room.session.boardVersion > before)
        #expect(room.session.leaderboardPayload().entries.map(\.score) == [0])
    }

    @Test("a kicked user may not come back as an observer")
    func kickedObserver() throws {
        var room = Room()
        try room.join("a")
        try room.apply(.kick(userID: "a", by: "host"), at: 1_000)
        #expect(refusal { try room.apply(.observe(userID: "a"), at: 2_000) }?.code == .forbidden)
        #expect(refusal { try room.apply(.observe(userID: "b"), at: 2_000) } == nil)
    }
}
