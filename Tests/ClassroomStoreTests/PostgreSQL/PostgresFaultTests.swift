import Classroom
import CoreTestSupport
import Foundation
import Testing

@testable import ClassroomStore

@Suite("PostgreSQL: durability and faults")
struct PostgresFaultTests {
    private static let connections = """
        select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'dunlin' and pid <> pg_backend_pid()
        """

    @Test("commits are synced, whatever the URL says")
    func settings() async throws {
        try await withPostgresStore { store, _ in
            // In a schema's URL there are options already; a connection has one value for each of them.
            let values = try await store.read { reading in
                try ["synchronous_commit", "idle_in_transaction_session_timeout"].map { name in
                    try reading.rows("select current_setting('\(name)') as value").firstRow?.text("value")
                }
            }
            #expect(values == ["on", "2s"])
        }
        let url = try await PostgresServer.shared().url(parameters: "&options=-csynchronous_commit%3Doff")
        let value = try await onThread("test") {
            let deadline = ContinuousClock.now + .seconds(60)
            let connection = try PostgresConnection(url: url, deadline: deadline)
            return try connection.run(PostgresQuery("select current_setting('synchronous_commit') as value"), deadline: deadline)
                .firstRow?.text("value")
        }
        #expect(value == "on")
    }

    @Test("a lease of a server that is gone ends early, that of one which lives or lost its connection for a moment does not")
    func abandonedLeases() async throws {
        try await withServer { server in
            let (first, second) = (
                try await PostgresStore(url: server.url(), logger: .silent), try await PostgresStore(url: server.url(), logger: .silent)
            )
            try await first.createSession(.sample(status: .active))
            _ = try await first.acquireLease(.init(sessionID: "s1", owner: "a", duration: .seconds(3_600)))
            func ask(remainder: Duration) async throws -> LeaseOutcome {
                try await second.acquireLease(
                    .init(sessionID: "s1", owner: "b", duration: .seconds(3_600), abandonedRemainder: remainder))
            }
            func isHeld(_ outcome: LeaseOutcome) -> Bool { if case .held = outcome { true } else { false } }
            let all = Duration.seconds(7_200)
            #expect(isHeld(try await ask(remainder: all)))
            #expect(try await second.ownerlessSessions(limit: 9, abandonedRemainder: all) == [])
            // Its next connection holds the lock again as soon as it writes anything.
            try await server.execute(Self.connections.replacing("(pid)", with: "(pid, 60000)"))
            _ = try await first.submit(.sample())
            #expect(isHeld(try await ask(remainder: all)))
            await first.close()
            try await eventually { try await second.ownerlessSessions(limit: 9, abandonedRemainder: all) == ["s1"] }
            #expect(isHeld(try await ask(remainder: .seconds(1_800))), "it was renewed lately")
            #expect(try await second.ownerlessSessions(limit: 9, abandonedRemainder: .seconds(1_800)) == [])
            guard case .granted(let lease) = try await ask(remainder: all) else { return #expect(Bool(false)) }
            #expect(lease.owner == "b" && lease.epoch == 2)
            await second.close()
        }
    }

    @Test("a completion runs after the commit: another connection sees the row from within it")
    func commitBeforeCompletion() async throws {
        try await withPostgresStore { store, outsider in
            try await store.createSession(.sample())
            let reached = Results<Void>()
            let gate = DispatchSemaphore(value: 0)
            store.submit(.sample()) { _ in
                reached.completion(.success(()))
                gate.wait()
            }
            _ = await reached.first(1)
            let rows = try await outsider.rows("select user_id from quiz_answers")
            gate.signal()
            #expect(rows.count == 1)
        }
    }

    @Test("connections that the server closes are replaced, and nobody notices", arguments: 0..<3)
    func closedConnections(round: Int) async throws {
        try await withServer { server in
            let store = try await PostgresStore(url: server.url(), configuration: .patient, logger: .silent)
            try await store.createSession(.sample())
            for user in 0..<20 {
                #expect(try await store.submit(.sample("u\(user)")) == .stored)
                #expect(try await store.answers(sessionID: "s1").count == user + 1)
                try await server.execute(Self.connections)
            }
            #expect(try #require(store.pool).lostConnections > 0)
            await store.close()
            #expect(store.pool?.connections == 0)
        }
    }

    @Test("of a burst in which connections are closed, every acknowledged answer is stored once, and none twice")
    func closedInBurst() async throws {
        try await withServer { server in
            let store = try await PostgresStore(url: server.url(), configuration: .patient, logger: .silent)
            try await store.createSession(.sample())
            let outcomes = try await withThrowingTaskGroup(of: [String].self) { group in
                group.addTask {
                    for _ in 0..<10 { try await server.execute(Self.connections) }
                    return []
                }
                for user in 0..<20 {
                    group.addTask {
                        var stored: [String] = []
                        for question in 0..<20 {
                            // What is refused may be tried again, and is stored once all the same.
                            while true {
                                guard let outcome = try? await store.submit(.sample("u\(user)", question: "q\(question)")) else { continue }
                                stored.append("q\(question) of u\(user)")
                                if case .duplicate(let first) = outcome { #expect(first == .sample("u\(user)", question: "q\(question)")) }
                                break
                            }
                        }
                        return stored
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            let rows = try await store.answers(sessionID: "s1")
            #expect(outcomes.count == 400 && rows.count == 400)
            await store.close()
        }
    }

    @Test("a write that the server refuses leaves its neighbours alone")
    func refusedWrite() async throws {
        try await withPostgresStore { store, _ in
            try await store.createSession(.sample())
            let results = Results<AnswerOutcome>()
            var impossible = AnswerRecord.sample("b")
            impossible.score = .max
            await withHeldWriter(store) { [impossible] in
                for answer in [.sample("a"), impossible, .sample("c"), .sample("a", answer: .index(2))] {
                    store.submit(answer, completion: results.completion)
                }
            }
            let outcomes = await results.first(4)
            #expect(outcomes[0] == .success(.stored) && outcomes[2] == .success(.stored))
            #expect(outcomes[1] == .failure(ClassroomError(.internalError, "Internal error")))
            #expect(outcomes[3] == .success(.duplicate(.sample("a"))))
            #expect(try await store.answers(sessionID: "s1").map(\.userID) == ["a", "c"])
            #expect(try await store.submit(.sample("d")) == .stored)
        }
    }

    @Test("what a table's lock holds up fails in time, reads of others go on, and so does everything when the lock is gone")
    func locked() async throws {
        var configuration = StoreConfiguration.patient
        configuration.busyTimeout = .milliseconds(300)
        configuration.pool.readTimeout = .milliseconds(300)
        try await withPostgresStore { [configuration] patient, outsider in
            try await patient.createSession(.sample())
            let store = try await PostgresStore(url: outsider.url, configuration: configuration, logger: .silent)
            let release = DispatchSemaphore(value: 0)
            let locked = Results<Void>()
            let holder = Task {
                try await onThread("holder") {
                    let deadline = ContinuousClock.now + .seconds(120)
                    let connection = try PostgresConnection(url: outsider.url, deadline: deadline)
                    try connection.script(
                        "set idle_in_transaction_session_timeout = 0; begin; lock table quiz_answers in access exclusive mode",
                        deadline: deadline)
                    locked.completion(.success(()))
                    release.wait()
                    try connection.script("rollback", deadline: deadline)
                }
            }
            _ = await locked.first(1)
            let results = Results<AnswerOutcome>()
            for user in ["a", "b"] { store.submit(.sample(user), completion: results.completion) }
            #expect(await results.first(2) == [.failure(.storeFailed), .failure(.storeFailed)])
            await #expect(throws: ClassroomError.storeFailed) { _ = try await store.answers(sessionID: "s1") }
            // A slow machine may need more than one try.
            try await eventually { (try? await store.recentChat(roomID: "r", limit: 1))?.isEmpty == true }
            release.signal()
            try await holder.value
            #expect(store.statistics.failedCommits > 0)
            try await eventually { (try? await store.submit(.sample("c"))) != nil }
            #expect(try await patient.answers(sessionID: "s1").map(\.userID).contains("c"))
            await store.close()
        }
    }

    @Test("reads that wait are bounded: the next one is refused, and what they took is given back")
    func queuedReads() async throws {
        var configuration = StoreConfiguration.patient
        configuration.pool.readers = 1
        configuration.pool.maximumQueuedReads = 3
        try await withPostgresStore(configuration: configuration) { store, _ in
            let (begun, gate) = (Results<Void>(), DispatchSemaphore(value: 0))
            let holder = Task {
                try await store.read { _ in
                    begun.completion(.success(()))
                    gate.wait()
                }
            }
            _ = await begun.first(1)
            let waiting = (0..<3).map { _ in Task { try await store.countUsers() } }
            while store.pool?.queuedReads ?? 0 < 3 { await Task.yield() }
            await #expect(throws: ClassroomError.storeOverloaded) { _ = try await store.countUsers() }
            #expect(store.pool?.refusedReads == 1)
            gate.signal()
            try await holder.value
            for task in waiting { #expect(try await task.value == 0) }
            #expect(try await store.countUsers() == 0)
        }
    }

    @Test("what was acknowledged is there when the server is killed and started again, deadlines and sequences included")
    func killed() async throws {
        try await withServer(isSynced: true) { server in
            let store = try await PostgresStore(url: server.url(), configuration: .patient, logger: .silent)
            var session = SessionRecord.sample(joinCode: "123456")
            try await store.createSession(session)
            session.status = .active
            session.questionDeadline = 99_000
            #expect(try await store.update(session))
            #expect(try await store.submit(.sample("user1")) == .stored)
            #expect(try await store.append(.sample("1")).sequence == 1)
            // One that does not wait for the server as long as the other.
            let hasty = try await PostgresStore(url: server.url(), configuration: .init(), logger: .silent)
            try await server.kill()
            await #expect(throws: ClassroomError.storeFailed) { _ = try await hasty.submit(.sample("user2")) }
            await #expect(throws: ClassroomError.self) { try await hasty.health() }
            await hasty.close()
            try await server.start()
            #expect(try await store.submit(.sample("user2")) == .stored)
            #expect(try await store.sessions(statuses: [.active]) == [session])
            #expect(try await store.submit(.sample("user1", answer: .index(3))) == .duplicate(.sample("user1")))
            #expect(try await store.append(.sample("2")).sequence == 2)
            try await store.health()
            await store.close()
        }
    }

    @Test("health knows all tables, and fails when any of them is gone", arguments: PostgresSchema.tables)
    func missingTable(table: String) async throws {
        try await withPostgresStore { store, outsider in
            try await store.health()
            let known = try await outsider.rows("select table_name from information_schema.tables where table_schema = current_schema()")
            #expect(known.count == PostgresSchema.tables.count)
            try await outsider.execute("drop table \(table) cascade")
            await #expect(throws: ClassroomError.self) { try await store.health() }
        }
    }

    @Test("servers that create the tables at the same time do not stand in each other's way")
    func simultaneous() async throws {
        try await PostgresServer.shared().withSchema { url in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let store = try await PostgresStore(url: url, configuration: .patient, logger: .silent)
                        try await store.createSession(.sample("s\(number)"))
                        await store.close()
                    }
                }
                try await group.waitForAll()
            }
            let store = try await PostgresStore(url: url, configuration: .patient, logger: .silent)
            #expect(try await store.sessions().count == 8)
            await store.close()
        }
    }

    @Test("tables that a newer version made are left alone, and a server that is not there is named without a password")
    func unopenable() async throws {
        try await withPostgresStore { _, outsider in
            try await outsider.execute("update dunlin_schema set version = 99")
            let error = try await #require(throws: StoreError.self) { _ = try await openStore(url: outsider.url, logger: .silent) }
            #expect(error.kind == .unopenable && error.description.contains("newer version"))
        }
        for url in ["postgres://u:secret@127.0.0.1:1/n", "postgres://u:sec ret@h:x/n", "postgres://u:secret@h/n?nonsense=1"] {
            let error = try await #require(throws: StoreError.self) { _ = try await openStore(url: url, logger: .silent) }
            #expect(error.kind == (url.contains("nonsense") ? .invalidURL : .unopenable))
            #expect(!error.description.contains("sec") && !error.description.contains("\n"))
        }
    }

    @Test("the wait before connecting again doubles up to its limit, and is at least half of it")
    func reconnectDelay() {
        let delay = ReconnectDelay(first: .milliseconds(20), longest: .milliseconds(500))
        #expect((0..<7).map { delay.before(attempt: $0, random: 0) } == [10, 20, 40, 80, 160, 250, 250].map { .milliseconds($0) })
        #expect(delay.before(attempt: 1_000, random: 0.5) == .milliseconds(375))
    }
}

/// Runs a body with a server of its own, which may be killed.
private func withServer(isSynced: Bool = false, _ body: (PostgresServer) async throws -> Void) async throws {
    try await withTemporaryDirectory { directory in
        let server = try await PostgresServer(folder: "\(directory)/pg", isSynced: isSynced)
        do {
            try await body(server)
            await server.end()
        } catch {
            await server.end()
            throw error
        }
    }
}
