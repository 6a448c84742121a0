import Classroom
import ClassroomStore
import Testing

@Suite("Store contract: the writer", .serialized)
struct WriterContractTests {
    @Test("writes that wait together share one commit", arguments: Backend.allCases)
    func sharing(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.createSession(.sample())
            let answers = Results<AnswerOutcome>()
            let messages = Results<ChatMessage>()
            let participants = Results<Bool>()
            let before = store.statistics
            await withHeldWriter(store) {
                for index in 0..<50 {
                    store.save(.sample("u\(index)"), completion: participants.completion)
                    store.submit(.sample("u\(index)"), completion: answers.completion)
                    store.append(.sample("\(index)"), completion: messages.completion)
                }
                #expect(store.statistics.queued == 150)
            }
            _ = await (answers.first(50), messages.first(50), participants.first(50))
            let after = store.statistics
            #expect(after.writes - before.writes == 151)
            #expect(after.commits - before.commits == 2)
            #expect(after.largestBatch == 150)
            #expect(after.queued == 0)
        }
    }

    @Test("a batch has its limit", arguments: Backend.allCases)
    func batchLimit(backend: Backend) async throws {
        var configuration = StoreConfiguration.patient
        configuration.maximumBatchedWrites = 10
        try await backend.withStore(configuration: configuration) { store in
            let results = Results<ChatMessage>()
            await withHeldWriter(store) {
                for index in 0..<35 { store.append(.sample("\(index)"), completion: results.completion) }
            }
            #expect(await results.first(35).compactMap { try? $0.get().sequence } == Array(1...35))
            #expect(store.statistics.largestBatch == 10)
            #expect(store.statistics.commits == 5)
        }
    }

    @Test("as many writes wait as the limit says, the next one is refused at once and may come again", arguments: Backend.allCases)
    func queueLimit(backend: Backend) async throws {
        var configuration = StoreConfiguration.patient
        configuration.maximumQueuedWrites = 5
        try await backend.withStore(configuration: configuration) { store in
            let results = Results<ChatMessage>()
            let refused = Log()
            await withHeldWriter(store) {
                for index in 0..<5 { store.append(.sample("\(index)"), completion: results.completion) }
                #expect(store.statistics.queued == 5)
                store.append(.sample("one too many")) { if $0 == .failure(.storeOverloaded) { refused.note("at once") } }
                #expect(refused.lines == ["at once"])
                #expect(store.statistics.refusedWrites == 1)
            }
            #expect(await results.first(5).compactMap { try? $0.get().sequence } == [1, 2, 3, 4, 5])
            let again = try await store.append(.sample("again"))
            #expect(again.sequence == 6)
        }
    }

    @Test("closing waits for what is pending and refuses what comes later", arguments: Backend.allCases)
    func closing(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.health()
            let log = Log()
            let closed = Results<Void>()
            await withHeldWriter(store) {
                for index in 0..<20 { store.append(.sample("\(index)")) { _ in log.note("committed") } }
                Task {
                    await store.close()
                    log.note("closed")
                    closed.completion(.success(()))
                }
            }
            _ = await closed.first(1)
            #expect(log.lines == Array(repeating: "committed", count: 20) + ["closed"])
            await store.close()
            await #expect(throws: ClassroomError.storeClosed) { _ = try await store.append(.sample("late")) }
            await #expect(throws: ClassroomError.self) { _ = try await store.user(id: "u") }
            await #expect(throws: ClassroomError.self) { try await store.health() }
        }
    }

    @Test("what a completion was told can be read at once", arguments: Backend.allCases)
    func readYourWrites(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.createSession(.sample())
            for index in 1...20 {
                #expect(try await store.submit(.sample("u\(index)")) == .stored)
                #expect(try await store.answers(sessionID: "s1").count == index)
            }
        }
    }
}
