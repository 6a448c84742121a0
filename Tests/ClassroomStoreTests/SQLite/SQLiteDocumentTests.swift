import Classroom
import ClassroomStore
import GRDB
import Testing

/// The statements of the source document, and rows that others write by hand.
@Suite("SQLite: rows from outside", .serialized)
struct SQLiteDocumentTests {
    private static let questions = """
        [{"id":"q1","question":"What is 2 + 2?","options":["3","4","5","6"],"correctAnswer":1},
         {"id":"q2","question":"What is the capital of France?","options":["London","Berlin","Paris","Madrid"],"correctAnswer":2}]
        """

    private func insertDocumentRows(_ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO users (id, username, email, role, permissions) VALUES
                ('user1', 'student1', 'student1@test.com', 'student', '["quiz:participate"]'),
                ('user2', 'student2', 'student2@test.com', 'student', '["quiz:participate"]'),
                ('instructor1', 'teacher1', 'teacher1@test.com', 'instructor', '["quiz:create", "quiz:manage"]')
                ON CONFLICT (id) DO NOTHING
                """)
        try db.execute(
            sql: """
                INSERT INTO quizzes (id, title, questions, created_by) VALUES
                ('quiz1', 'Integration Test Quiz', $1, 'instructor1')
                ON CONFLICT (id) DO NOTHING
                """, arguments: ["1": Self.questions])
    }

    @Test("the document's INSERTs run, twice, and their rows are read")
    func inserts() async throws {
        try await withSQLiteStore { store, other in
            for _ in 1...2 { try await other.write { try insertDocumentRows($0) } }
            #expect(try await store.user(id: "user1") == User(id: "user1", username: "student1", email: "student1@test.com"))
            let teacher = try #require(try await store.user(id: "instructor1"))
            #expect(teacher.role == .instructor && teacher.permissions == [.createQuizzes, .manageQuizzes])
            let quiz = try #require(try await store.quiz(id: "quiz1"))
            #expect(quiz.title == "Integration Test Quiz" && quiz.createdBy == "instructor1")
            #expect(quiz.questions.map(\.id) == ["q1", "q2"])
            #expect(quiz.questions.map(\.correctAnswer) == [.index(1), .index(2)])
            #expect(quiz.questions[1].options == ["London", "Berlin", "Paris", "Madrid"])
        }
    }

    @Test("the document's SELECTs see answers as soon as they are acknowledged; its DELETEs leave nothing behind")
    func selectsAndDeletes() async throws {
        try await withSQLiteStore { store, other in
            try await other.write { try insertDocumentRows($0) }
            try await store.createSession(.sample("test_session_1", joinCode: "123456"))
            for user in ["user1", "user2"] {
                #expect(try await store.save(.sample(user, session: "test_session_1")))
                #expect(try await store.submit(.sample(user, session: "test_session_1")) == .stored)
            }
            try await other.read { db in
                let rows = try Row.fetchAll(
                    db, sql: "SELECT * FROM quiz_answers WHERE session_id = $1", arguments: ["1": "test_session_1"])
                #expect(rows.map { $0["user_id"] as String } == ["user1", "user2"])
                #expect(rows.map { $0["answer"] as String } == ["1", "1"])
                #expect(rows.map { $0["correct"] as Int } == [1, 1])
                #expect(rows.map { ($0["score"] as Int) + ($0["time_bonus"] as Int) } == [125, 125])
            }
            let count = try await other.read { db in
                try Int.fetchOne(
                    db, sql: "SELECT COUNT(*) as count FROM quiz_answers WHERE session_id = $1", arguments: ["1": "test_session_1"])
            }
            #expect(count == 2)

            try await other.write { db in
                try db.execute(sql: "DELETE FROM quiz_answers WHERE session_id LIKE $1", arguments: ["1": "test_%"])
                try db.execute(sql: "DELETE FROM quiz_sessions WHERE id LIKE $1", arguments: ["1": "test_%"])
                #expect(try Int.fetchOne(db, sql: "select count(*) from quiz_participants") == 0)
            }
            #expect(try await store.session(id: "test_session_1") == nil)
            #expect(try await store.submit(.sample("user1", session: "test_session_1")) == .sessionVanished)
            #expect(try await !store.update(.sample("test_session_1")))
            try await store.createSession(.sample("test_session_1", joinCode: "123456"))
        }
    }

    @Test("deleting a session's row takes its answers along even where foreign keys are off")
    func trigger() async throws {
        try await withSQLiteStore { store, other in
            try await store.createSession(.sample())
            _ = try await store.submit(.sample())
            try await other.write { try $0.execute(sql: "DELETE FROM quiz_sessions") }
            #expect(try await other.read { try Int.fetchOne($0, sql: "select count(*) from quiz_answers") } == 0)
        }
    }

    @Test("a session written by hand with the fewest columns is one that waits, with the configured settings and a time of creation")
    func sparseSession() async throws {
        var configuration = StoreConfiguration.patient
        configuration.defaultSettings.questionDurationMs = 777
        try await withSQLiteStore(configuration: configuration) { store, other in
            try await other.write { db in
                try db.execute(
                    sql: """
                        INSERT INTO quiz_sessions (id, quiz_id, status, created_by)
                        VALUES ('test_concurrent_session', 'quiz1', 'waiting', 'instructor1')
                        """)
            }
            var session = try #require(try await store.session(id: "test_concurrent_session"))
            #expect(session.createdAt > 1_600_000_000_000)
            session.createdAt = 0
            #expect(
                session
                    == SessionRecord(
                        id: "test_concurrent_session", quizID: "quiz1", createdBy: "instructor1",
                        settings: configuration.defaultSettings))
            #expect(try await store.sessions(statuses: [.waiting]).count == 1)
        }
    }

    @Test("a session written by hand can be updated, whatever stands in its time of creation")
    func updateOfHandWritten() async throws {
        try await withSQLiteStore { store, other in
            try await other.write { db in
                try db.execute(
                    sql: """
                        INSERT INTO quiz_sessions (id, quiz_id, status, created_by, created_at) VALUES
                        ('a', 'q', 'active', 'i', datetime('now')), ('b', 'q', 'nonsense', NULL, NULL), ('c', 'q', NULL, 'i', 5)
                        """)
            }
            for id in ["a", "b", "c"] {
                var session = try #require(try await store.session(id: id))
                session.phase = "open"
                session.joinCode = "code-\(id)"
                #expect(try await store.update(session))
                #expect(try await store.session(joinCode: "code-\(id)")?.id == id)
                #expect(try await store.session(id: id)?.phase == "open")
            }
            #expect(try await store.session(id: "b")?.status == .waiting)
        }
    }

    @Test("what cannot be read stands for the default: permissions, roles, settings, questions, answers")
    func tolerance() async throws {
        try await withSQLiteStore { store, other in
            try await other.write { db in
                try db.execute(
                    sql: """
                        INSERT INTO users (id, username, role, permissions) VALUES
                        ('a', 'ann', 'instructor', NULL), ('b', 'ben', 'instructor', '{oops'), ('c', NULL, 'king', '[]'), ('d', 'dan', NULL, '[1]');
                        INSERT INTO users (id) VALUES ('e');
                        INSERT INTO quizzes (id, title, questions, created_by) VALUES ('q', NULL,
                          '[{"question":"A?","options":[1,true,"x"],"correctAnswer":"x"},7,{"id":5,"text":"B?","correctAnswer":[0,2]},{"id":""}]', NULL),
                          ('none', 'T', NULL, 'a'), ('bad', 'T', '{', 'a');
                        INSERT INTO quiz_sessions (id, quiz_id, settings) VALUES
                          ('s', 'q', '{"pace":"self","questionDurationMs":"5000","scoring":"luck","extraTimeMs":{"a":100,"b":"x"},"autoAdvance":1}');
                        INSERT INTO quiz_answers (session_id, question_id, user_id, answer) VALUES ('s', 'q1', 'a', 'plain text'), ('s', 'q2', 'a', NULL);
                        """)
            }
            let all = User.Role.instructor.defaultPermissions
            #expect(try await store.user(id: "a")?.permissions == all)
            #expect(try await store.user(id: "b")?.permissions == all)
            #expect(try await store.user(id: "c") == User(id: "c", username: "c", role: .student, permissions: []))
            #expect(try await store.user(id: "d")?.permissions == [.participate])
            #expect(try await store.user(id: "e") == User(id: "e", username: "e"))

            let quiz = try #require(try await store.quiz(id: "q"))
            #expect(quiz.title.isEmpty && quiz.createdBy.isEmpty)
            #expect(
                quiz.questions == [
                    Question(id: "q1", question: "A?", options: ["1", "true", "x"], correctAnswer: .text("x")),
                    Question(id: "5", question: "B?", options: [], correctAnswer: .list([.index(0), .index(2)])),
                    Question(id: "q4", question: "", options: [], correctAnswer: .list([])),
                ])
            #expect(try await store.quiz(id: "none")?.questions == [])
            #expect(try await store.quiz(id: "bad")?.questions == [])

            let settings = try #require(try await store.session(id: "s")).settings
            #expect(settings == SessionSettings(pace: .`self`, questionDurationMs: 5_000, extraTimeMs: ["a": 100]))
            #expect(try await store.answers(sessionID: "s").map(\.answer) == [.text("plain text"), .text("")])
        }
    }

    @Test("numbers that nobody could mean do not stop a game", arguments: ["9223372036854775807", "-9223372036854775808", "1e300"])
    func hugeNumbers(number: String) async throws {
        try await withSQLiteStore { store, other in
            try await other.write { db in
                try db.execute(
                    sql: """
                        INSERT INTO quizzes (id, title, questions, created_by) VALUES ('q', 'T', '[
                          {"id":"q1","options":["a","b"],"correctAnswer":1,"durationMs":\(number)},
                          {"id":"q2","options":["a","b"],"correctAnswer":1}]', 'i');
                        INSERT INTO quiz_sessions (id, quiz_id, status, created_by, phase, question_index, question_opened_at, question_deadline,
                            created_at, started_at, ended_at, version, settings) VALUES
                          ('s', 'q', 'active', 'i', 'open', \(number), \(number), \(number), \(number), \(number), \(number), \(number),
                            '{"questionDurationMs":\(number),"leadInMs":\(number),"autoAdvance":true,"extraTime":{"a":\(number)}}');
                        INSERT INTO quiz_participants (session_id, user_id, joined_at, question_sent_at) VALUES ('s', 'a', \(number), \(number));
                        INSERT INTO quiz_answers (session_id, question_id, user_id, answer, correct, score, time_bonus, elapsed_ms, answered_at)
                          VALUES ('s', 'q0', 'a', '1', 1, \(number), \(number), \(number), \(number)),
                            ('s', 'q3', 'a', '1', 1, \(number), \(number), \(number), \(number));
                        """)
            }
            var record = try #require(try await store.session(id: "s"))
            let quiz = try #require(try await store.quiz(id: "q"))
            for pace in [SessionSettings.Pace.live, .self] {
                record.settings.pace = pace
                var session = QuizSession(
                    record: record, quiz: quiz, participants: try await store.participants(sessionID: "s"),
                    answers: try await store.answers(sessionID: "s"))
                var now: UnixMilliseconds = 1_800_000_000_000
                for command in [
                    SessionCommand.resume, .join(userID: "a", name: "Ann", isNickname: false),
                    .answer(userID: "a", questionID: "q1", answer: .index(1), timeSpent: nil), .tick, .next(by: "i"), .close(by: "i"),
                    .end(by: "i"),
                ] {
                    let effects = (try? session.apply(command, at: now)) ?? []
                    for case .storeAnswer(let answer) in effects { _ = try session.apply(.answerCommitted(answer), at: now) }
                    now += 10_000
                }
                #expect(session.leaderboard().entries.count == 1)
                #expect(session.boardVersion != 0)
            }
        }
    }

    @Test(
        "a room goes on, or says that it cannot, whatever sequence a hand-written message has",
        arguments: [Int.max, Int.max - 1, Int.max - 2, -1, Int.min])
    func hugeSequence(sequence: Int) async throws {
        try await withSQLiteStore { store, other in
            try await other.write {
                try $0.execute(
                    sql: "INSERT INTO chat_messages (room_id, sequence, id, content) VALUES ('r1', ?, 'x', 'outside')",
                    arguments: [sequence])
            }
            for id in ["1", "3", "4", "5"] { _ = try? await store.append(.sample(id)) }
            #expect(try await store.append(.sample("2", room: "r2")).sequence == 1)
        }
    }

    @Test("users and quizzes can be deleted whatever they did before")
    func deletions() async throws {
        try await withSQLiteStore { store, other in
            try await other.write { try insertDocumentRows($0) }
            try await store.createSession(.sample())
            #expect(try await store.save(.sample("user1")))
            #expect(try await store.submit(.sample("user1")) == .stored)
            #expect(try await store.submit(.sample("a guest without a row")) == .stored)
            try await store.createToken(hash: "h", userID: "user1", expiresAt: nil, createdAt: 0)
            try await other.write { db in
                try db.execute(sql: "PRAGMA foreign_keys = ON; DELETE FROM users; DELETE FROM quizzes")
            }
            #expect(try await store.countUsers() == 0)
            #expect(try await store.answers(sessionID: "s1").count == 2)
            #expect(try await store.user(forTokenHash: "h", now: 1) == nil)
        }
    }

    @Test("messages that others delete or write do not stop a room")
    func chatFromOutside() async throws {
        try await withSQLiteStore { store, other in
            for index in 1...3 { #expect(try await store.append(.sample("\(index)")).sequence == index) }
            try await other.write { try $0.execute(sql: "DELETE FROM chat_messages") }
            #expect(try await store.append(.sample("4")).sequence == 4)
            try await other.write {
                try $0.execute(sql: "INSERT INTO chat_messages (room_id, sequence, id, content) VALUES ('r1', 5, 'x', 'from outside')")
            }
            #expect(try await store.append(.sample("6")).sequence == 6)
            #expect(try await store.recentChat(roomID: "r1", limit: 9).map(\.content) == ["4", "from outside", "6"])
        }
    }
}
