import Classroom
import Testing

/// Who may come in: a locked session, and those who were removed.
@Suite("Admission")
struct AdmissionTests {
    private func join(_ user: String, _ name: String? = nil, device: String? = nil) -> SessionCommand {
        .join(userID: user, name: name ?? user, isNickname: true, device: device)
    }

    @Test("a removed player cannot come back from the same browser under another name or account")
    func removedDevice() throws {
        var room = Room()
        try room.apply(join("a", device: "browser1"), at: 0)
        try room.apply(join("b", device: "browser2"), at: 0)
        try room.apply(.kick(userID: "a", by: "host"), at: 1)
        #expect(refusal { try room.apply(join("c", "Other", device: "browser1"), at: 2) }?.code == .forbidden)
        #expect(
            refusal { try room.apply(.join(userID: "account", name: "x", isNickname: false, device: "browser1"), at: 2) }?.code
                == .forbidden)
        #expect(refusal { try room.session.requireMayJoin(nickname: "Other", device: "browser1") }?.code == .forbidden)
        try room.session.requireMayJoin(nickname: "Other", device: "browser3")
        try room.apply(join("d", device: "browser3"), at: 3)
        try room.apply(join("e"), at: 3)
        try room.apply(join("b", device: "browser2"), at: 4)
        // After the end nobody new comes in, from whatever browser: the refusal is that of a session that has left memory.
        try room.apply(.end(by: "host"), at: 5)
        #expect(refusal { try room.apply(join("f", device: "browser1"), at: 6) }?.code == .closed)
    }

    @Test("also after a restart, and also from the browser that they came back with")
    func removedDeviceAfterRestart() throws {
        var room = Room()
        try room.apply(join("a", device: "browser1"), at: 0)
        try room.apply(join("a", device: "browser2"), at: 1)
        try room.apply(.kick(userID: "a", by: "host"), at: 2)
        var again = room.restarted()
        #expect(refusal { try again.apply(join("c", "Other", device: "browser2"), at: 3) }?.code == .forbidden)
    }

    @Test("two players of one browser are two players, until one is removed")
    func sharedDevice() throws {
        var room = Room()
        try room.apply(join("a", device: "shared"), at: 0)
        try room.apply(join("b", device: "shared"), at: 0)
        try room.apply(.kick(userID: "a", by: "host"), at: 1)
        #expect(room.session.isParticipant("b"))
        try room.apply(join("b", device: "shared"), at: 2)
        #expect(refusal { try room.apply(join("c", device: "shared"), at: 2) }?.code == .forbidden)
    }

    @Test("a locked session admits only its former players until it is unlocked")
    func lock() throws {
        var room = Room()
        try room.join("a", "gone")
        try room.apply(.leave(userID: "gone"), at: 0)
        let effects = try room.apply(.lock(true, by: "host"), at: 1)
        let event = SessionEvent.locked(SessionLocked(sessionId: "s", locked: true))
        #expect(effects.contains(.emit(event, to: .host)))
        #expect(effects.contains(.acknowledge(event)))
        #expect(event.name == "quiz:locked")
        #expect(refusal { try room.join("new", at: 2) }?.code == .closed)
        #expect(refusal { try room.session.requireMayJoin(nickname: "new") }?.code == .closed)
        try room.join("a", "gone", at: 3)
        try room.apply(.lock(false, by: "host"), at: 4)
        try room.join("new", at: 5)
    }

    @Test("a lock holds after a restart, and who watches is told of it")
    func lockSurvives() throws {
        var room = Room()
        try room.apply(.lock(true, by: "host"), at: 1)
        var again = room.restarted()
        #expect(refusal { try again.join("new", at: 2) }?.code == .closed)
        guard case .reply(.observing(let snapshot))? = try again.apply(.observe(userID: "host"), at: 3).first else {
            Issue.record("no snapshot")
            return
        }
        #expect(snapshot.locked == true)
    }

    @Test("only the host can lock a session, and not after its end")
    func whoLocks() throws {
        var room = Room()
        #expect(refusal { try room.apply(.lock(true, by: "somebody"), at: 1) }?.code == .forbidden)
        try room.apply(.end(by: "host"), at: 2)
        #expect(refusal { try room.apply(.lock(true, by: "host"), at: 3) }?.code == .closed)
    }

    @Test("the host is told which players on the board are away, and has the board's count")
    func away() throws {
        var room = Room()
        try room.join("a", "b", "c", "d")
        #expect(room.session.progress().away == nil)
        try room.apply(.presence(userID: "c", connected: false), at: 1)
        try room.apply(.leave(userID: "a"), at: 2)
        try room.apply(.kick(userID: "d", by: "host"), at: 3)
        #expect(room.session.progress().away == ["a", "c"])
        guard case .reply(.observing(let snapshot))? = try room.apply(.observe(userID: "host"), at: 3).first else {
            Issue.record("no snapshot")
            return
        }
        #expect(snapshot.away == ["a", "c"])
        #expect(snapshot.players == room.session.leaderboard().entries.count)
        guard case .reply(.observing(let other))? = try room.apply(.observe(userID: "someone"), at: 3).first else { return }
        #expect(other.away == nil)
    }

    @Test("the list of those who are away is bounded")
    func awayBound() throws {
        var room = Room(limits: SessionLimits(listedAway: 2))
        for user in ["a", "b", "c"] {
            try room.join(user)
            try room.apply(.presence(userID: user, connected: false), at: 1)
        }
        #expect(room.session.progress().away == ["a", "b"])
    }

    @Test("the quiz is kept when the session leaves the lobby, and not again")
    func keeping() throws {
        var room = Room()
        func kept(_ effects: [SessionEffect]) -> [Quiz] { effects.compactMap { if case .keepQuiz(let quiz) = $0 { quiz } else { nil } } }
        var edited = Quiz.sample
        edited.title = "As played"
        try room.apply(.useQuiz(edited), at: 0)
        #expect(kept(try room.apply(.start(by: "host"), at: 1)) == [edited])
        #expect(kept(try room.apply(.next(by: "host"), at: 2)).isEmpty)
        #expect(kept(try room.apply(.end(by: "host"), at: 3)).isEmpty)
        var unplayed = Room()
        #expect(kept(try unplayed.apply(.end(by: "host"), at: 3)) == [.sample])
    }
}
