import Classroom
import Foundation
import GRDB
import Testing

@testable import ClassroomStore

@Suite("SQLite: durability and faults", .serialized)
struct SQLiteDurabilityTests {
    @Test("the durability settings are in force on the writing connection")
    func pragmas() async throws {
        try await withSQLiteStore(configuration: StoreConfiguration()) { store, _ in
            let values = try await store.pool.writeWithoutTransaction { db in
                try ["synchronous", "foreign_keys", "busy_timeout"].map { try Int.fetchOne(db, sql: "PRAGMA \($0)") }
            }
            #expect(values == [2, 1, 2_000])
            #expect(try await store.pool.writeWithoutTransaction { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
            #expect(try await store.read { try Int.fetchOne($0, sql: "PRAGMA busy_timeout") } == 2_000)
        }
    }

    @Test("a completion runs after the commit: another connection sees the row from within it")
    func commitBeforeCompletion() async throws {
        try await withSQLiteStore { store, other in
            try await store.createSession(.sample())
            let seen = Results<Int>()
            store.submit(.sample()) { _ in
                let count = try? other.read { try Int.fetchOne($0, sql: "select count(*) from quiz_answers") }
                seen.completion(.success(count ?? -1))
            }
            #expect(await seen.first(1) == [.success(1)])
        }
    }

    @Test("a locked database fails what waits, and the writer goes on when the lock is gone")
    func locked() async throws {
        var configuration = StoreConfiguration.patient
        configuration.busyTimeout = .milliseconds(20)
        try await withSQLiteStore(configuration: configuration) { store, other in
            try await store.createSession(.sample())
            // The lock outlives the access that takes it: what the test waits for must not run on the locking connection's queue.
            try await other.writeWithoutTransaction { try $0.beginTransaction(.immediate) }
            let results = Results<AnswerOutcome>()
            for user in ["a", "b"] { store.submit(.sample(user), completion: results.completion) }
            #expect(await results.first(2) == [.failure(.storeFailed), .failure(.storeFailed)])
            try await other.writeWithoutTransaction { try $0.rollback() }
            #expect(store.statistics.failedCommits > 0)
            #expect(try await store.submit(.sample("a")) == .stored)
            #expect(try await store.answers(sessionID: "s1").map(\.userID) == ["a"])
        }
    }

    @Test("a full disk fails what waits; when there is room again the room's sequence goes on without a gap")
    func full() async throws {
        try await withSQLiteStore { store, _ in
            #expect(try await store.append(.sample("1")).sequence == 1)
            try await store.pool.writeWithoutTransaction { db in
                let pages = try #require(try Int.fetchOne(db, sql: "PRAGMA page_count"))
                try db.execute(sql: "PRAGMA max_page_count = \(pages)")
            }
            let long = String(repeating: "x", count: 100_000)
            let results = Results<ChatMessage>()
            await withHeldWriter(store) {
                for content in ["short", long, "short too"] { store.append(.sample(content), completion: results.completion) }
            }
            let outcomes = await results.first(3)
            #expect(outcomes[1] == .failure(.storeFailed))
            _ = try await store.pool.writeWithoutTransaction { db in try Int.fetchOne(db, sql: "PRAGMA max_page_count = 1000000") }
            let stored = 1 + outcomes.count { (try? $0.get()) != nil }
            #expect(try await store.append(.sample(long)).sequence == stored + 1)
            #expect(try await store.recentChat(roomID: "r1", limit: 9).map(\.sequence) == Array(1...stored + 1))
        }
    }

    @Test("what was acknowledged is there when the file is opened again, deadlines and sequences included")
    func reopening() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/test.sqlite"
            var session = SessionRecord.sample(joinCode: "123456")
            let first = try SQLiteStore(path: path, configuration: .patient, logger: .silent)
            try await first.createSession(session)
            session.status = .active
            session.phase = "open"
            session.questionIndex = 0
            session.questionDeadline = 99_000
            #expect(try await first.update(session))
            #expect(try await first.save(.sample("user1")))
            #expect(try await first.submit(.sample("user1")) == .stored)
            #expect(try await first.append(.sample("1")).sequence == 1)
            await first.close()

            let second = try SQLiteStore(path: path, configuration: .patient, logger: .silent)
            #expect(try await second.sessions(statuses: [.waiting, .active]) == [session])
            #expect(try await second.participants(sessionID: "s1") == [.sample("user1")])
            #expect(try await second.submit(.sample("user1", answer: .index(3))) == .duplicate(.sample("user1")))
            #expect(try await second.append(.sample("2")).sequence == 2)
            await second.close()
        }
    }

    @Test("two stores on one file agree on who answered first, and on a room's sequences")
    func twoProcesses() async throws {
        try await withTemporaryDirectory { directory in
            let stores = try (1...2).map { _ in try SQLiteStore(path: "\(directory)/test.sqlite", configuration: .patient, logger: .silent)
            }
            try await stores[0].createSession(.sample())
            let outcomes = try await withThrowingTaskGroup(of: AnswerOutcome.self) { group in
                for (index, store) in stores.enumerated() {
                    for user in 0..<20 { group.addTask { try await store.submit(.sample("u\(user)", answer: .index(index))) } }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count { $0 == .stored } == 20)
            #expect(try await stores[1].answers(sessionID: "s1").count == 20)
            var sequences: [Int] = []
            for index in 0..<6 { sequences.append(try await stores[index % 2].append(.sample("\(index)")).sequence) }
            #expect(sequences == [1, 2, 3, 4, 5, 6])
            for store in stores { await store.close() }
        }
    }

    @Test("health knows all tables, and fails when any of them is gone", arguments: SQLiteSchema.tables)
    func missingTable(table: String) async throws {
        try await withSQLiteStore { store, other in
            try await store.health()
            let known = try await other.read { db in
                try String.fetchSet(db, sql: "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'")
            }
            #expect(known == Set(SQLiteSchema.tables))
            try await other.writeWithoutTransaction { try $0.execute(sql: "drop table \(table)") }
            await #expect(throws: ClassroomError.self) { try await store.health() }
        }
    }

    @Test("health fails when the file is gone")
    func health() async throws {
        try await withTemporaryDirectory { directory in
            let store = try SQLiteStore(path: "\(directory)/test.sqlite", configuration: .patient, logger: .silent)
            try await store.health()
            try FileManager.default.removeItem(atPath: "\(directory)/test.sqlite")
            await #expect(throws: ClassroomError.self) { try await store.health() }
            await store.close()
        }
    }
}
