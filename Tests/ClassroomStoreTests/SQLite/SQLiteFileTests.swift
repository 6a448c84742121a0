import Classroom
import ClassroomStore
import Foundation
import GRDB
import Testing

/// The database as a file that people copy.
@Suite("The file is the database")
struct SQLiteFileTests {
    private func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber).intValue
    }

    private func logBytes(_ path: String) -> Int {
        ((try? FileManager.default.attributesOfItem(atPath: path + "-wal"))?[.size] as? NSNumber)?.intValue ?? 0
    }

    /// The users in a copy of the file alone, without its companions.
    private func usersInCopy(of path: String) throws -> Int {
        let copy = path + ".copy"
        try? FileManager.default.removeItem(atPath: copy)
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        return try DatabaseQueue(path: copy).read { try Int.fetchOne($0, sql: "select count(*) from users") ?? 0 }
    }

    @Test("after closing the file holds everything, also while another program has it open")
    func closed() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/test.sqlite"
            let store = try SQLiteStore(path: path, configuration: .patient, logger: .silent)
            try await store.save(User(id: "ann", username: "Ann"))
            let other = try outsider(path)
            #expect(try await other.read { try Int.fetchOne($0, sql: "select count(*) from users") } == 1)
            await store.close()
            #expect(logBytes(path) == 0)
            #expect(try usersInCopy(of: path) == 1)
            try other.close()
        }
    }

    @Test("while it runs, what was committed goes into the file after a while")
    func interval() async throws {
        var configuration = StoreConfiguration.patient
        configuration.checkpointInterval = .milliseconds(20)
        try await withTemporaryDirectory { [configuration] directory in
            let path = "\(directory)/test.sqlite"
            let log = LogLines()
            let store = try SQLiteStore(path: path, configuration: configuration, logger: log.logger)
            try await store.save(User(id: "ann", username: "Ann"))
            while logBytes(path) > 0 { await log.wait(for: "moved into the database") }
            #expect(try usersInCopy(of: path) == 1)
            await store.close()
        }
    }

    @Test("the log does not grow without end")
    func growth() async throws {
        var configuration = StoreConfiguration.patient
        configuration.checkpointInterval = .seconds(3_600)
        configuration.maximumLogBytes = 100_000
        try await withTemporaryDirectory { [configuration] directory in
            let path = "\(directory)/test.sqlite"
            let store = try SQLiteStore(path: path, configuration: configuration, logger: .silent)
            var largest = 0
            for number in 0..<200 {
                try await store.save(User(id: "user\(number)", username: String(repeating: "x", count: 4_000)))
                largest = max(largest, logBytes(path))
            }
            // 64 commits between two looks, of a few pages each.
            #expect(largest > 100_000 && largest < 3_000_000)
            await store.close()
        }
    }

    @Test("a new file is its owner's alone, and so is what stands beside it; one that was there keeps its mode")
    func privateFile() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/test.sqlite"
            let store = try SQLiteStore(path: path, configuration: .patient, logger: .silent)
            for suffix in ["", "-wal", "-shm"] { #expect(try mode(path + suffix) == 0o600, "\(suffix)") }
            await store.close()
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
            await (try SQLiteStore(path: path, configuration: .patient, logger: .silent)).close()
            #expect(try mode(path) == 0o640)
        }
    }

    @Test("a copy of a database that is in use is one file with all that was committed, its owner's alone")
    func backup() async throws {
        try await withTemporaryDirectory { directory in
            let (path, copy) = ("\(directory)/test.sqlite", "\(directory)/copy.sqlite")
            let store = try SQLiteStore(path: path, configuration: .patient, logger: .silent)
            try await store.save(User(id: "ann", username: "Ann"))
            try DatabaseBackup.make(of: "sqlite:\(path)", to: copy)
            try await store.save(User(id: "ben", username: "Ben"))
            #expect(try mode(copy) == 0o600)
            #expect(!FileManager.default.fileExists(atPath: copy + "-wal"))
            let opened = try SQLiteStore(path: copy, configuration: .patient, logger: .silent)
            #expect(try await opened.user(id: "ann")?.username == "Ann")
            #expect(try await opened.user(id: "ben") == nil)
            await opened.close()
            await store.close()
        }
    }

    @Test("what cannot be copied, or not there, is said, and nothing is left behind or overwritten")
    func noBackup() async throws {
        try await withTemporaryDirectory { directory in
            let (path, text, copy) = ("\(directory)/test.sqlite", "\(directory)/text", "\(directory)/copy.sqlite")
            await (try SQLiteStore(path: path, configuration: .patient, logger: .silent)).close()
            try Data("this is no database, but it is long enough to be taken for one".utf8).write(to: URL(fileURLWithPath: text))
            func kind(_ url: String, _ to: String) -> StoreError.Kind? {
                do { try DatabaseBackup.make(of: url, to: to) } catch { return error.kind }
                return nil
            }
            #expect(kind("sqlite:\(path)", text) == .unwritable)
            #expect(kind("sqlite:\(path)", "\(directory)/missing/copy") == .unwritable)
            #expect(kind("sqlite:\(directory)/missing", copy) == .unopenable)
            #expect(kind("sqlite:\(text)", copy) == .unopenable)
            #expect(kind("memory:", copy) == .invalidURL)
            #expect(kind("postgres://h/n", copy) == .unsupported)
            #expect(!FileManager.default.fileExists(atPath: copy) && !FileManager.default.fileExists(atPath: "\(directory)/missing"))
        }
    }

    @Test("a database of the first version is brought up to date with what it holds")
    func migration() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/test.sqlite"
            let old = try outsider(path)
            try await old.write { db in
                try db.execute(sql: Self.firstVersion)
                try db.execute(
                    sql: """
                        insert into quizzes values ('quiz1', 'France', '[{"id":"q1","question":"Capital?","correctAnswer":"Paris"}]', 'ann');
                        insert into quiz_sessions (id, quiz_id, status) values ('played', 'quiz1', 'ended'), ('waits', 'quiz1', 'waiting');
                        insert into quiz_sessions (id, quiz_id, status, created_by) values ('anns', 'quiz1', 'ended', 'ann'), ('bobs', 'quiz1', 'ended', 'bob');
                        insert into chat_messages (room_id, sequence, id, user_id, client_id) values ('r', 1, 'a', 'u', 'c'), ('r', 2, 'b', 'u', 'c');
                        """)
            }
            try old.close()
            let store = try SQLiteStore(path: path, configuration: .patient, logger: .silent)
            #expect(try await store.playedQuiz(sessionID: "played")?.title == "France")
            #expect(try await store.playedQuiz(sessionID: "waits") == nil)
            #expect(try await store.playedQuiz(sessionID: "anns")?.title == "France")
            #expect(try await store.playedQuiz(sessionID: "bobs") == nil, "somebody else's quiz has taken the id of his")
            #expect(try await store.recentChat(roomID: "r", limit: 9).count == 2)
            #expect(try await store.session(id: "waits")?.isLocked == false)
            #expect(try await store.session(id: "waits")?.epoch == 0)
            let lease = try await store.acquireLease(.init(sessionID: "waits", owner: "a", duration: .seconds(60)))
            guard case .granted(let granted) = lease else { return #expect(Bool(false), "\(lease)") }
            #expect(granted.epoch == 1)
            await store.close()
        }
    }

    @Test("a quiz that is edited or deleted by SQL leaves what was played")
    func editedBySQL() async throws {
        try await withSQLiteStore { store, outsider in
            try await outsider.write { db in
                try db.execute(
                    sql: """
                        insert into quizzes (id, title, questions, created_by) values ('quiz1', 'France', '[{"question":"Capital?"}]', 'ann');
                        insert into quiz_sessions (id, quiz_id, status) values ('s1', 'quiz1', 'ended'), ('s2', 'quiz1', 'waiting');
                        update quizzes set title = 'Italy', questions = '[]' where id = 'quiz1';
                        """)
            }
            #expect(try await store.playedQuiz(sessionID: "s1")?.title == "France")
            #expect(try await store.playedQuiz(sessionID: "s1")?.questions.map(\.question) == ["Capital?"])
            try await outsider.write {
                try $0.execute(sql: "update quiz_sessions set status = 'active' where id = 's2'; delete from quizzes")
            }
            #expect(try await store.sessionTitles(["s1", "s2"]) == ["s1": "France", "s2": "Italy"])
            try await outsider.write { try $0.execute(sql: "delete from quiz_sessions") }
            #expect(try await outsider.read { try Int.fetchOne($0, sql: "select count(*) from played_quizzes") } == 0)
        }
    }

    /// The tables as the first version made them, as far as they matter here.
    private static let firstVersion = """
        create table users (id text not null primary key, username text, email text, role text default 'student', permissions text);
        create table tokens (hash text not null primary key, user_id text not null, expires_at integer, created_at integer) without rowid;
        create table quizzes (id text not null primary key, title text default '', questions text default '[]', created_by text default '');
        create table quiz_sessions (
            id text not null primary key, quiz_id text, status text default 'waiting', join_code text, created_by text default '', settings text,
            phase text, question_index integer default -1, question_opened_at integer, question_deadline integer,
            created_at integer default 1, started_at integer, ended_at integer, version integer default 0
        );
        create table quiz_participants (
            session_id text not null references quiz_sessions (id) on delete cascade on update cascade, user_id text not null,
            username text default '', joined_at integer default 0, kicked integer default 0, has_left integer default 0,
            question_sent_at integer, primary key (session_id, user_id)
        ) without rowid;
        create table chat_messages (
            room_id text not null, sequence integer not null, id text not null, user_id text default '', username text default '',
            content text default '', type text default 'text', sent_at integer default 0, client_id text, primary key (room_id, sequence)
        ) without rowid;
        create table quiz_answers (session_id text, question_id text, user_id text);
        create trigger quiz_sessions_deleted after delete on quiz_sessions begin
            delete from quiz_answers where session_id = old.id;
            delete from quiz_participants where session_id = old.id;
        end;
        PRAGMA user_version = 1;
        """
}
