import ClassroomStore
import Foundation
import GRDB
import Testing

@Suite("Opening a store")
struct OpeningTests {
    @Test("a URL says which database")
    func locations() throws {
        #expect(try DatabaseLocation(url: "memory:") == .memory)
        #expect(try DatabaseLocation(url: "sqlite::memory:") == .memory)
        #expect(try DatabaseLocation(url: "sqlite:dunlin.sqlite") == .sqlite(path: "dunlin.sqlite"))
        #expect(try DatabaseLocation(url: "sqlite:/var/lib/a b.sqlite") == .sqlite(path: "/var/lib/a b.sqlite"))
        #expect(try DatabaseLocation(url: "sqlite:///var/lib/x.sqlite") == .sqlite(path: "/var/lib/x.sqlite"))
        #expect(try DatabaseLocation(url: "postgres://u:p@h:1/n") == .postgres(url: "postgres://u:p@h:1/n"))
        #expect(try DatabaseLocation(url: "postgresql://h/n") == .postgres(url: "postgresql://h/n"))
        #expect(!"\(try DatabaseLocation(url: "postgres://u:secret@h/n"))".contains("secret"))
    }

    @Test(
        "what is no database URL is refused without repeating a password",
        arguments: ["", "dunlin.sqlite", "mysql://u:secret@h/n", "sqlite:", "memory:x"])
    func invalid(url: String) throws {
        let error = try #require(throws: StoreError.self) { try DatabaseLocation(url: url) }
        #expect(error.kind == .invalidURL)
        #expect(error.description.contains("not a database URL") && !error.description.contains("secret"))
    }

    @Test(
        "a password that is not percent-encoded is repeated nowhere",
        arguments: [
            "postgres://bob:p@SECRET@127.0.0.1:1/n", "postgres://bob:p/SECRET@127.0.0.1:1/n", "postgres://b@b:SECRET@127.0.0.1:1/n",
            "postgres://bob:p?SECRET@127.0.0.1:1/n", "postgres://bob:p%zzSECRET@127.0.0.1:1/n", "postgres://127.0.0.1:1/n@SECRET",
        ])
    func unescapedPassword(url: String) async throws {
        let error = try await #require(throws: StoreError.self) { _ = try await openStore(url: url, logger: .silent) }
        #expect([.invalidURL, .unopenable].contains(error.kind))
        #expect(!error.description.contains("SECRET"))
    }

    @Test("a file that cannot be opened is named, with the reason, in one line")
    func unopenable() async throws {
        try await withTemporaryDirectory { directory in
            try Data("this is no database, but it is long enough to be taken for one".utf8).write(
                to: URL(fileURLWithPath: "\(directory)/text"))
            for (path, reason) in [
                ("\(directory)/missing/x.sqlite", "no directory"), (directory, "is a directory"), ("\(directory)/text", "not a database"),
                ("\(directory)/\(String(repeating: "x", count: 300))", "name too long"),
            ] {
                let error = try await #require(throws: StoreError.self) { _ = try await openStore(url: "sqlite:\(path)", logger: .silent) }
                #expect(error.kind == .unopenable)
                #expect(error.description.contains(path) && error.description.contains(reason) && !error.description.contains("\n"))
            }
        }
    }

    @Test("tables that a newer version made are left alone")
    func newer() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/test.sqlite"
            try await outsider(path).write { try $0.execute(sql: "PRAGMA user_version = 99") }
            let error = try await #require(throws: StoreError.self) { _ = try await openStore(url: "sqlite:\(path)", logger: .silent) }
            #expect(error.kind == .unopenable && error.description.contains("newer version"))
            #expect(try await outsider(path).read { try Int.fetchOne($0, sql: "select count(*) from sqlite_master") } == 0)
        }
    }

    @Test("stores that create one file at the same time do not stand in each other's way")
    func simultaneous() async throws {
        try await withTemporaryDirectory { directory in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let store = try await openStore(url: "sqlite:\(directory)/test.sqlite", logger: .silent)
                        try await store.createSession(.sample(UUID().uuidString))
                        await store.close()
                    }
                }
                try await group.waitForAll()
            }
            let store = try await openStore(url: "sqlite:\(directory)/test.sqlite", logger: .silent)
            #expect(try await store.sessions().count == 4)
            await store.close()
        }
    }
}
