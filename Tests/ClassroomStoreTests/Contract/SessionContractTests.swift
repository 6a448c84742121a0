import Classroom
import ClassroomStore
import Testing

@Suite("Store contract: sessions and participants", .serialized)
struct SessionContractTests {
    @Test("a session comes back as it was created and as it was updated", arguments: Backend.allCases)
    func roundTrip(backend: Backend) async throws {
        try await backend.withStore { store in
            var session = SessionRecord.sample(joinCode: "123456")
            session.settings = SessionSettings(
                pace: .`self`, questionDurationMs: 5_000, leadInMs: 0, autoAdvance: true, revealAnswers: .afterClose, scoring: .accuracy,
                lateJoin: false, extraTimeMs: ["user1": 2_500])
            try await store.createSession(session)
            #expect(try await store.session(id: "s1") == session)
            session.status = .active
            session.phase = "open"
            session.questionIndex = 3
            session.questionOpenedAt = 11_000
            session.questionDeadline = 41_000
            session.startedAt = 10_000
            session.version = 17
            #expect(try await store.update(session))
            #expect(try await store.session(id: "s1") == session)
            #expect(try await store.session(id: "s2") == nil)
            var other = session
            other.settings = SessionSettings()
            other.isLocked = true
            session.isLocked = true
            #expect(try await store.update(other, keepsSettings: true))
            #expect(try await store.session(id: "s1") == session)
            #expect(try await store.update(other))
            #expect(try await store.session(id: "s1") == other)
        }
    }

    @Test("a second session of the same id is a conflict and changes nothing", arguments: Backend.allCases)
    func sameID(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.createSession(.sample(joinCode: "111111"))
            await #expect(throws: ClassroomError.sessionExists) { try await store.createSession(.sample(joinCode: "222222")) }
            #expect(try await store.session(id: "s1")?.joinCode == "111111")
        }
    }

    @Test("sessions of some states are those a walk through all finds, of an owner and up to a limit", arguments: Backend.allCases)
    func selection(backend: Backend) async throws {
        try await backend.withStore { store in
            var all: [SessionRecord] = []
            for (number, status) in [SessionStatus.waiting, .active, .ended, .active, .ended, .waiting].enumerated() {
                var session = SessionRecord.sample("s\(number)", status: status, createdAt: 1_000 + Int64(number))
                session.createdBy = number % 2 == 0 ? "ann" : ""
                if number > 3 { session.settings.pace = .`self` }
                session.settings.extraTimeMs = [#""pace":"live""#: 1_000, "pace": 2_000]
                try await store.createSession(session)
                all.append(session)
            }
            let sets: [Set<SessionStatus>?] = [nil, [], [.active], [.waiting], [.ended], [.active, .waiting], [.waiting, .ended]]
            for statuses in sets {
                for owner in [nil, "ann", "", "nobody"] {
                    let expected = all.reversed().filter { session in
                        statuses.map { $0.contains(session.status) } ?? true && owner.map { session.createdBy == $0 } ?? true
                    }.map(\.id)
                    #expect(try await store.sessions(statuses: statuses, createdBy: owner).map(\.id) == expected)
                    #expect(try await store.sessions(statuses: statuses, createdBy: owner, limit: 1).map(\.id) == Array(expected.prefix(1)))
                }
            }
            for statuses in sets {
                for owners in [["ann"], [""], ["", "ann"], ["nobody"], []] {
                    let expected = all.reversed().filter { session in
                        statuses.map { $0.contains(session.status) } ?? true && owners.contains(session.createdBy)
                    }.map { SessionSummary($0) }
                    let whole = try await store.sessionSummaries(statuses: statuses, owners: owners, limit: 100, offset: 0)
                    #expect(whole == expected)
                    let part = try await store.sessionSummaries(statuses: statuses, owners: owners, limit: 2, offset: 1)
                    #expect(part == Array(expected.dropFirst().prefix(2)))
                }
            }
            #expect(try await store.hasSession(ofQuiz: "quiz1", statuses: [.active]))
            #expect(try await !store.hasSession(ofQuiz: "other", statuses: [.active, .waiting, .ended]))
            #expect(try await store.sessionCreation(id: "s3") == 1_003)
            #expect(try await store.sessionCreation(id: "nowhere") == nil)
        }
    }

    @Test("a join code is unique among live sessions and free again when its session has ended", arguments: Backend.allCases)
    func joinCodes(backend: Backend) async throws {
        try await backend.withStore { store in
            var first = SessionRecord.sample("s1", joinCode: "123456")
            try await store.createSession(first)
            await #expect(throws: ClassroomError.joinCodeInUse) { try await store.createSession(.sample("s2", joinCode: "123456")) }
            #expect(try await store.session(id: "s2") == nil)
            #expect(try await store.session(joinCode: "123456") == SessionIncarnation(id: "s1", createdAt: first.createdAt))
            first.status = .ended
            #expect(try await store.update(first))
            #expect(try await store.session(joinCode: "123456") == nil)
            try await store.createSession(.sample("s2", joinCode: "123456"))
            #expect(try await store.session(joinCode: "123456")?.id == "s2")
            first.status = .active
            await #expect(throws: ClassroomError.joinCodeInUse) { _ = try await store.update(first) }
            #expect(try await store.session(id: "s1")?.status == .ended)
        }
    }

    @Test("sessions without a join code do not stand in each other's way", arguments: Backend.allCases)
    func noJoinCode(backend: Backend) async throws {
        try await backend.withStore { store in
            for id in ["s1", "s2"] { try await store.createSession(.sample(id)) }
            #expect(try await store.sessions().count == 2)
        }
    }

    @Test("sessions are listed by state and owner, the newest first", arguments: Backend.allCases)
    func list(backend: Backend) async throws {
        try await backend.withStore { store in
            for (index, status) in [SessionStatus.waiting, .active, .ended, .active].enumerated() {
                var session = SessionRecord.sample("s\(index)", status: status, createdAt: Int64(index))
                session.createdBy = index == 3 ? "ben" : "ann"
                try await store.createSession(session)
            }
            #expect(try await store.sessions().map(\.id) == ["s3", "s2", "s1", "s0"])
            #expect(try await store.sessions(statuses: [.waiting, .active]).map(\.id) == ["s3", "s1", "s0"])
            #expect(try await store.sessions(statuses: [.active], createdBy: "ann").map(\.id) == ["s1"])
            #expect(try await store.sessions(statuses: nil, createdBy: "ann", limit: 2).map(\.id) == ["s2", "s1"])
        }
    }

    @Test("sessions are counted by state, those that ended not", arguments: Backend.allCases)
    func count(backend: Backend) async throws {
        try await backend.withStore { store in
            #expect(try await store.countSessions() == [:])
            for (index, status) in [SessionStatus.waiting, .active, .ended, .active].enumerated() {
                try await store.createSession(.sample("s\(index)", status: status))
            }
            #expect(try await store.countSessions() == [.waiting: 1, .active: 2])
        }
    }

    @Test("who may look into a session is known without loading it: status, owner, part of the user", arguments: Backend.allCases)
    func access(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.createSession(.sample(status: .ended))
            var kicked = ParticipantRecord.sample("ben")
            kicked.kicked = true
            for one in [ParticipantRecord.sample("ann"), kicked] { #expect(try await store.save(one)) }
            let expected = [("ann", true, false), ("ben", true, true), ("cyd", false, false)]
            for (userID, hasJoined, isKicked) in expected {
                let access = try await store.sessionAccess(to: "s1", for: userID)
                #expect(access == SessionAccess(status: .ended, createdBy: "instructor1", hasJoined: hasJoined, isKicked: isKicked))
            }
            #expect(try await store.sessionAccess(to: "s2", for: "ann") == nil)
        }
    }

    @Test("an update of a session that vanished, or was made anew, says so and writes nothing", arguments: Backend.allCases)
    func vanished(backend: Backend) async throws {
        try await backend.withStore { store in
            var session = SessionRecord.sample()
            session.version = 5
            #expect(try await !store.update(session))
            #expect(try await store.session(id: "s1") == nil)
            try await store.createSession(.sample(createdAt: 9_999))
            #expect(try await !store.update(session))
            #expect(try await store.session(id: "s1")?.version == 0)
        }
    }

    @Test("deleting a session takes its participants and answers with it, and its id is free at once", arguments: Backend.allCases)
    func deletion(backend: Backend) async throws {
        try await backend.withStore { store in
            for id in ["s1", "s2"] {
                try await store.createSession(.sample(id))
                #expect(try await store.save(.sample("user1", session: id)))
                #expect(try await store.submit(.sample(session: id)) == .stored)
            }
            #expect(try await store.deleteSession(id: "s1"))
            #expect(try await !store.deleteSession(id: "s1"))
            try await store.createSession(.sample("s1"))
            #expect(try await store.participants(sessionID: "s1").isEmpty)
            #expect(try await store.answers(sessionID: "s1").isEmpty)
            #expect(try await store.participants(sessionID: "s2").count == 1)
            #expect(try await store.answers(sessionID: "s2").count == 1)
        }
    }

    @Test("a participant is deleted from their own incarnation of the session alone", arguments: Backend.allCases)
    func participantDeletion(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.createSession(.sample())
            let created = try #require(try await store.sessionCreation(id: "s1"))
            let (ann, ben) = (ParticipantRecord.sample("ann", joinedAt: 3), ParticipantRecord.sample("ben", joinedAt: 2))
            for one in [ann, ben] { #expect(try await store.save(one)) }
            #expect(try await !store.delete(ann, fence: SessionFence(createdAt: created + 1)))
            #expect(try await store.participants(sessionID: "s1") == [ben, ann])
            #expect(try await store.delete(ann, fence: SessionFence(createdAt: created)))
            #expect(try await store.participants(sessionID: "s1") == [ben])
            #expect(try await store.delete(ann))
            #expect(try await !store.delete(.sample("ann", session: "gone")))
        }
    }

    @Test("participants come in the order of joining; saving again replaces", arguments: Backend.allCases)
    func participants(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.createSession(.sample())
            var ann = ParticipantRecord.sample("ann", joinedAt: 3)
            let ben = ParticipantRecord.sample("ben", joinedAt: 2)
            #expect(try await store.save(ann))
            #expect(try await store.save(ben))
            #expect(try await store.participants(sessionID: "s1") == [ben, ann])
            ann.kicked = true
            ann.left = true
            ann.questionSentAt = 8
            #expect(try await store.save(ann))
            #expect(try await store.participants(sessionID: "s1") == [ben, ann])
            #expect(try await !store.save(.sample("ann", session: "gone")))
            #expect(try await store.participants(sessionID: "gone").isEmpty)
        }
    }
}
