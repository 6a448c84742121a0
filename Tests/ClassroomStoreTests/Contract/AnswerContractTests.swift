import Classroom
import ClassroomStore
import Testing

@Suite("Store contract: answers", .serialized)
struct AnswerContractTests {
    @Test("an answer comes back as it was submitted", arguments: Backend.allCases)
    func roundTrip(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.createSession(.sample())
            var plain = AnswerRecord.sample("a", answer: .index(-1))
            plain.correct = false
            plain.score = 0
            plain.timeSpent = nil
            let all = [
                plain, .sample("b", answer: .text("Zürich \"🐧\" 42")), .sample("c", answer: .list([.index(0), .text("x")])),
                .sample("d", answer: .text("42")),
            ]
            for answer in all { #expect(try await store.submit(answer) == .stored) }
            #expect(try await store.answers(sessionID: "s1") == all)
        }
    }

    @Test("a second answer gets the first one, unchanged, and is not stored", arguments: Backend.allCases)
    func duplicate(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.createSession(.sample())
            let first = AnswerRecord.sample(answer: .index(1))
            var second = AnswerRecord.sample(answer: .index(2))
            second.score = 999
            #expect(try await store.submit(first) == .stored)
            #expect(try await store.submit(second) == .duplicate(first))
            #expect(try await store.answers(sessionID: "s1") == [first])
        }
    }

    @Test("a second answer in the same batch gets the first one", arguments: Backend.allCases)
    func duplicateInBatch(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.createSession(.sample())
            let results = Results<AnswerOutcome>()
            let before = store.statistics
            await withHeldWriter(store) {
                store.submit(.sample(answer: .index(1)), completion: results.completion)
                store.submit(.sample(answer: .index(2)), completion: results.completion)
                store.submit(.sample("user2", answer: .index(3)), completion: results.completion)
            }
            #expect(
                await results.first(3) == [.success(.stored), .success(.duplicate(.sample(answer: .index(1)))), .success(.stored)])
            #expect(store.statistics.largestBatch == 3)
            #expect(store.statistics.commits == before.commits + 2)
        }
    }

    @Test("an answer to a session without a row says that it vanished, and its neighbours are stored", arguments: Backend.allCases)
    func vanished(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.createSession(.sample())
            let results = Results<AnswerOutcome>()
            await withHeldWriter(store) {
                store.submit(.sample("a"), completion: results.completion)
                store.submit(.sample("b", session: "gone"), completion: results.completion)
                store.submit(.sample("c"), completion: results.completion)
            }
            #expect(await results.first(3) == [.success(.stored), .success(.sessionVanished), .success(.stored)])
            #expect(try await store.answers(sessionID: "s1").map(\.userID) == ["a", "c"])
            #expect(try await store.answers(sessionID: "gone").isEmpty)
        }
    }

    @Test("a write that is refused does not fail the others of its batch", arguments: Backend.allCases)
    func savepoints(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.createSession(.sample("s1", joinCode: "123456"))
            try await store.createSession(.sample("s2"))
            let updates = Results<Bool>()
            let answers = Results<AnswerOutcome>()
            await withHeldWriter(store) {
                store.submit(.sample("a"), completion: answers.completion)
                store.update(.sample("s2", joinCode: "123456"), completion: updates.completion)
                store.submit(.sample("b"), completion: answers.completion)
            }
            #expect(await updates.first(1) == [.failure(.joinCodeInUse)])
            #expect(await answers.first(2) == [.success(.stored), .success(.stored)])
            #expect(store.statistics.largestBatch == 3)
        }
    }

    @Test("200 users who answer at once, each twice, leave 200 rows", arguments: Backend.allCases)
    func concurrent(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.createSession(.sample())
            let outcomes = try await withThrowingTaskGroup(of: (String, AnswerOutcome).self) { group in
                for attempt in 0..<2 {
                    for user in 0..<200 {
                        group.addTask { ("u\(user)", try await store.submit(.sample("u\(user)", answer: .index(attempt)))) }
                    }
                }
                return try await group.reduce(into: [:]) { $0[$1.0, default: []].append($1.1) }
            }
            let rows = try await store.answers(sessionID: "s1")
            #expect(rows.count == 200)
            for row in rows {
                let pair = outcomes[row.userID] ?? []
                #expect(pair.count == 2 && pair.contains(.stored) && pair.contains(.duplicate(row)))
            }
        }
    }

    @Test("an answer, and a participant, of a session that was made anew are nobody's", arguments: Backend.allCases)
    func otherIncarnation(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.createSession(.sample(createdAt: 2_000))
            #expect(try await store.submit(.sample("a"), fence: SessionFence(createdAt: 1_000)) == .sessionVanished)
            #expect(try await !store.save(.sample("a"), fence: SessionFence(createdAt: 1_000)))
            #expect(try await store.answers(sessionID: "s1").isEmpty)
            #expect(try await store.participants(sessionID: "s1").isEmpty)
            #expect(try await store.submit(.sample("a"), fence: SessionFence(createdAt: 2_000)) == .stored)
            #expect(try await store.save(.sample("a"), fence: SessionFence(createdAt: 2_000)))
            // Not even as a repetition of the new session's answer.
            #expect(try await store.submit(.sample("a"), fence: SessionFence(createdAt: 1_000)) == .sessionVanished)
            #expect(try await store.submit(.sample("a"), fence: SessionFence(createdAt: 2_000)) == .duplicate(.sample("a")))
        }
    }
}
