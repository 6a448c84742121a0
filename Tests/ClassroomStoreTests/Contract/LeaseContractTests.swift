import Classroom
import ClassroomStore
import Testing

@Suite("Store contract: leases and epochs", .serialized)
struct LeaseContractTests {
    private static let long = Duration.seconds(3_600)

    private func request(_ owner: String, for duration: Duration = long, takesOver: Bool = false) -> StoreWrite.LeaseRequest {
        StoreWrite.LeaseRequest(sessionID: "s1", owner: owner, duration: duration, takesOver: takesOver)
    }

    /// The epoch of a lease that was granted; nil: it was not.
    private func epoch(_ outcome: LeaseOutcome) -> Int? {
        if case .granted(let lease) = outcome { lease.epoch } else { nil }
    }

    @Test("a lease is one owner's until it ends; each other owner raises the epoch", arguments: Backend.allCases)
    func owners(backend: Backend) async throws {
        try await backend.withStore { store in
            #expect(try await store.acquireLease(request("a")) == .sessionVanished)
            try await store.createSession(.sample())
            #expect(epoch(try await store.acquireLease(request("a"))) == 1)
            #expect(epoch(try await store.acquireLease(request("a"))) == 1)
            guard case .held(let lease) = try await store.acquireLease(request("b")) else { return #expect(Bool(false)) }
            #expect(lease.owner == "a" && lease.epoch == 1)
            // One that has ended at once is anybody's.
            #expect(epoch(try await store.acquireLease(request("a", for: .zero))) == 1)
            #expect(epoch(try await store.acquireLease(request("b"))) == 2)
            #expect(try await store.session(id: "s1")?.epoch == 2)
            #expect(epoch(try await store.acquireLease(request("a", takesOver: true))) == 3)
        }
    }

    @Test("a lease is asked for by the session's time of creation", arguments: Backend.allCases)
    func incarnation(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.createSession(.sample(createdAt: 2_000))
            var request = request("a")
            request.createdAt = 1_000
            #expect(try await store.acquireLease(request) == .sessionVanished)
            request.createdAt = 2_000
            #expect(epoch(try await store.acquireLease(request)) == 1)
        }
    }

    @Test("renewing keeps what is still held and names it; what was taken over is not among it", arguments: Backend.allCases)
    func renewal(backend: Backend) async throws {
        try await backend.withStore { store in
            for id in ["s1", "s2"] {
                try await store.createSession(.sample(id))
                _ = try await store.acquireLease(.init(sessionID: id, owner: "a", duration: .zero))
            }
            #expect(epoch(try await store.acquireLease(request("b"))) == 2)
            let leases = try await store.renewLeases(of: ["s1", "s2", "gone"], owner: "a", duration: Self.long)
            #expect(leases.mapValues(\.epoch) == ["s2": 1])
            guard case .held = try await store.acquireLease(.init(sessionID: "s2", owner: "b", duration: Self.long)) else {
                return #expect(Bool(false))
            }
        }
    }

    @Test("a lease that is given up is free at once, and the same owner may take it again in the same epoch", arguments: Backend.allCases)
    func release(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.createSession(.sample())
            _ = try await store.acquireLease(request("a"))
            try await store.releaseLeases(of: ["s1"], owner: "b")
            #expect(epoch(try await store.acquireLease(request("b"))) == nil)
            try await store.releaseLeases(of: ["s1"], owner: "a")
            #expect(epoch(try await store.acquireLease(request("a"))) == 1)
            try await store.releaseLeases(of: ["s1"], owner: "a")
            #expect(epoch(try await store.acquireLease(request("b"))) == 2)
        }
    }

    @Test("sessions that are played without an owner are found, and no others", arguments: Backend.allCases)
    func ownerless(backend: Backend) async throws {
        try await backend.withStore { store in
            for id in ["a", "b", "c", "f"] { try await store.createSession(.sample(id, status: .active)) }
            try await store.createSession(.sample("d", status: .waiting))
            try await store.createSession(.sample("e", status: .ended))
            _ = try await store.acquireLease(.init(sessionID: "b", owner: "x", duration: Self.long))
            _ = try await store.acquireLease(.init(sessionID: "c", owner: "x", duration: .zero))
            // Given up by one that had nothing more to do.
            _ = try await store.acquireLease(.init(sessionID: "f", owner: "x", duration: Self.long))
            try await store.releaseLeases(of: ["f"], owner: "x")
            #expect(try await store.ownerlessSessions(limit: 9) == ["a", "c"])
            #expect(try await store.ownerlessSessions(limit: 1) == ["a"])
        }
    }

    @Test("where the store cannot tell whether an owner lives, a lease lasts to its end", arguments: [Backend.memory, .sqlite])
    func remainder(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.createSession(.sample(status: .active))
            _ = try await store.acquireLease(request("a"))
            var asking = request("b")
            asking.abandonedRemainder = Self.long * 2
            #expect(epoch(try await store.acquireLease(asking)) == nil)
            #expect(try await store.ownerlessSessions(limit: 9, abandonedRemainder: Self.long * 2) == [])
        }
    }

    @Test("what was decided in an old epoch is refused and changes nothing; its neighbours are written", arguments: Backend.allCases)
    func stale(backend: Backend) async throws {
        try await backend.withStore { store in
            var session = SessionRecord.sample()
            try await store.createSession(session)
            #expect(try await store.submit(.sample("early")) == .stored)
            for owner in ["a", "b"] { _ = try await store.acquireLease(request(owner, takesOver: true)) }
            session.epoch = 1
            session.version = 7
            let old = SessionFence(session)
            let (answers, flags) = (Results<AnswerOutcome>(), Results<Bool>())
            await withHeldWriter(store) { [session] in
                store.submit(.sample("late"), fence: old, completion: answers.completion)
                store.submit(.sample("early"), fence: old, completion: answers.completion)
                store.update(session, completion: flags.completion)
                store.save(.sample("late"), fence: old, completion: flags.completion)
                store.delete(.sample("late"), fence: old, completion: flags.completion)
                let quiz = Quiz(id: "q", title: "", questions: [], createdBy: "")
                store.keep(quiz, sessionID: "s1", fence: old, completion: flags.completion)
                store.submit(.sample("now"), fence: SessionFence(createdAt: 1_000, epoch: 2), completion: answers.completion)
            }
            #expect(await answers.first(3) == [.failure(.staleEpoch), .failure(.staleEpoch), .success(.stored)])
            #expect(await flags.first(4) == Array(repeating: .failure(.staleEpoch), count: 4))
            #expect(try await store.answers(sessionID: "s1").map(\.userID).sorted() == ["early", "now"])
            #expect(try await store.participants(sessionID: "s1").isEmpty)
            #expect(try await store.session(id: "s1")?.version == 0)
            // The present epoch passes, and so does a write without one.
            session.epoch = 2
            #expect(try await store.update(session))
            #expect(try await store.save(.sample("late"), fence: SessionFence(session)))
            #expect(try await store.save(.sample("later")))
            #expect(try await store.session(id: "s1") == session)
        }
    }

    @Test("of two servers that ask at the same time one gets the lease", arguments: Backend.shared)
    func race(backend: Backend) async throws {
        try await backend.withTwoStores { first, second in
            for number in 0..<10 {
                try await first.createSession(.sample("s\(number)"))
                async let one = first.acquireLease(.init(sessionID: "s\(number)", owner: "a", duration: Self.long))
                async let other = second.acquireLease(.init(sessionID: "s\(number)", owner: "b", duration: Self.long))
                let outcomes = try await [one, other]
                #expect(outcomes.compactMap { epoch($0) } == [1])
            }
        }
    }

    @Test("two servers number a room's messages in one order without gaps, also when one is sent twice", arguments: Backend.shared)
    func chat(backend: Backend) async throws {
        try await backend.withTwoStores { first, second in
            let messages = try await withThrowingTaskGroup(of: ChatMessage.self) { group in
                for number in 0..<100 {
                    for store in [first, second] {
                        let room = "r\(number % 2)"
                        group.addTask { try await store.append(.sample("\(number)", room: room, clientID: "c\(number)")) }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for room in ["r0", "r1"] {
                let own = messages.filter { $0.roomID == room }
                // Each was sent by both, and is one message.
                #expect(Set(own.map(\.sequence)) == Set(1...50))
                #expect(Dictionary(grouping: own, by: \.clientID).values.allSatisfy { Set($0).count == 1 })
                #expect(try await second.recentChat(roomID: room, limit: 100).map(\.sequence) == Array(1...50))
            }
        }
    }

    @Test("of two servers that store a user's answer at the same time one stores it, and both tell it", arguments: Backend.shared)
    func answers(backend: Backend) async throws {
        try await backend.withTwoStores { first, second in
            var session = SessionRecord.sample()
            try await first.createSession(session)
            _ = try await first.acquireLease(request("a"))
            session.epoch = 1
            let fence = SessionFence(session)
            let outcomes = try await withThrowingTaskGroup(of: (String, AnswerOutcome).self) { group in
                for user in 0..<100 {
                    for (number, store) in [first, second].enumerated() {
                        group.addTask { ("u\(user)", try await store.submit(.sample("u\(user)", answer: .index(number)), fence: fence)) }
                    }
                }
                return try await group.reduce(into: [:]) { $0[$1.0, default: []].append($1.1) }
            }
            let rows = try await first.answers(sessionID: "s1")
            #expect(rows.count == 100)
            for row in rows { #expect(Set(outcomes[row.userID] ?? []) == [.stored, .duplicate(row)]) }
        }
    }
}
