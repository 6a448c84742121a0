import Classroom
import ClassroomStore
import Testing

/// The statements of integration tests, and rows that others write by hand.
@Suite("PostgreSQL: rows from outside")
struct PostgresDocumentTests {
    private static let rows = """
        INSERT INTO users (id, username, email, role, permissions) VALUES
        ('user1', 'student1', 'student1@test.com', 'student', '["quiz:participate"]'),
        ('user2', 'student2', 'student2@test.com', 'student', '["quiz:participate"]'),
        ('instructor1', 'teacher1', 'teacher1@test.com', 'instructor', '["quiz:create", "quiz:manage"]')
        ON CONFLICT (id) DO NOTHING;
        INSERT INTO quizzes (id, title, questions, created_by) VALUES
        ('quiz1', 'Integration Test Quiz', '[{"id":"q1","question":"What is 2 + 2?","options":["3","4","5","6"],"correctAnswer":1},
            {"id":"q2","question":"What is the capital of France?","options":["London","Berlin","Paris","Madrid"],"correctAnswer":2}]',
            'instructor1')
        ON CONFLICT (id) DO NOTHING
        """

    @Test("INSERTs by hand run, twice, and their rows are read")
    func inserts() async throws {
        try await withPostgresStore { store, outsider in
            for _ in 1...2 { try await outsider.execute(Self.rows) }
            #expect(try await store.user(id: "user1") == User(id: "user1", username: "student1", email: "student1@test.com"))
            #expect(try await store.user(id: "instructor1")?.permissions == [.createQuizzes, .manageQuizzes])
            let quiz = try #require(try await store.quiz(id: "quiz1"))
            #expect(quiz.title == "Integration Test Quiz" && quiz.createdBy == "instructor1")
            #expect(quiz.questions.map(\.correctAnswer) == [.index(1), .index(2)])
            #expect(try await store.quizSummaries(createdBy: nil).map(\.questionCount) == [2])
        }
    }

    @Test("SELECTs see answers as soon as they are acknowledged; DELETEs leave nothing behind, and the id is free at once")
    func selectsAndDeletes() async throws {
        try await withPostgresStore { store, outsider in
            try await outsider.execute(Self.rows)
            try await store.createSession(.sample("test_session_1", joinCode: "123456"))
            for user in ["user1", "user2"] {
                #expect(try await store.save(.sample(user, session: "test_session_1")))
                #expect(try await store.submit(.sample(user, session: "test_session_1")) == .stored)
            }
            let seen = try await outsider.rows(
                "SELECT user_id, answer, correct, score + time_bonus AS points FROM quiz_answers WHERE session_id = $1 ORDER BY user_id",
                ["test_session_1"])
            #expect(
                seen == ["user1", "user2"].map { #"{"user_id":"\#($0)","answer":"1","correct":true,"points":125}"# })
            try await outsider.execute(
                "DELETE FROM quiz_answers WHERE session_id LIKE 'test_%'; DELETE FROM quiz_sessions WHERE id LIKE 'test_%'")
            #expect(try await outsider.rows("select user_id from quiz_participants").isEmpty)
            #expect(try await store.session(id: "test_session_1") == nil)
            #expect(try await store.submit(.sample("user1", session: "test_session_1")) == .sessionVanished)
            #expect(try await !store.update(.sample("test_session_1")))
            try await store.createSession(.sample("test_session_1", joinCode: "123456"))
        }
    }

    @Test("a session written by hand with the fewest columns is one that waits, with the configured settings and a time of creation")
    func sparseSession() async throws {
        var configuration = StoreConfiguration.patient
        configuration.defaultSettings.questionDurationMs = 777
        try await withPostgresStore(configuration: configuration) { [configuration] store, outsider in
            try await outsider.execute(
                """
                INSERT INTO quiz_sessions (id, quiz_id, status, created_by)
                VALUES ('test_concurrent_session', 'quiz1', 'waiting', 'instructor1')
                """)
            var session = try #require(try await store.session(id: "test_concurrent_session"))
            #expect(session.createdAt > 1_600_000_000_000)
            session.version = 3
            #expect(try await store.update(session))
            try await outsider.execute("update quiz_sessions set version = 2147483647 where id = '\(session.id)'")
            var late = try #require(try await store.session(id: session.id))
            late.version += 1
            #expect(try await store.update(late))
            #expect(try await store.save(.sample("a", session: session.id), fence: SessionFence(session)))
            session.createdAt = 0
            #expect(
                session
                    == SessionRecord(
                        id: "test_concurrent_session", quizID: "quiz1", createdBy: "instructor1", settings: configuration.defaultSettings,
                        version: 3))
        }
    }

    @Test("a row whose columns are null is read, and can be written")
    func nulls() async throws {
        try await withPostgresStore { store, outsider in
            try await outsider.execute(
                """
                insert into users (id, username, role) values ('u', null, null);
                insert into quizzes (id, title, questions, created_by) values ('q', null, null, null);
                insert into quiz_sessions (id, quiz_id, status, created_at, created_by, version, locked, epoch)
                    values ('s1', null, 'invented', null, null, null, null, null);
                insert into quiz_answers (session_id, question_id, user_id) values ('s1', 'q1', 'u');
                insert into chat_messages (room_id, sequence, id) values ('r1', 41, 'x')
                """)
            #expect(try await store.user(id: "u") == User(id: "u", username: "u"))
            #expect(try await store.quiz(id: "q")?.questions == [])
            #expect(try await store.quizSummaries(owners: [""], limit: 5, offset: 0).map(\.questionCount) == [0])
            for (questions, count) in [(#"[{"question":"a"},{}]"#, 2), ("[{},7,[]]", 1), (#"{"a":{}}"#, 0)] {
                try await outsider.execute("update quizzes set questions = '\(questions)' where id = 'q'")
                #expect(try await store.quizSummaries(owners: [""], limit: 5, offset: 0).map(\.questionCount) == [count])
            }
            var session = try #require(try await store.session(id: "s1"))
            #expect(session.status == .waiting && session.epoch == 0 && session.createdBy == "")
            session.version = 2
            #expect(try await store.update(session))
            #expect(try await store.submit(.sample("a"), fence: SessionFence(session)) == .stored)
            #expect(try await store.answers(sessionID: "s1").map(\.userID).contains("u"))
            #expect(try await store.append(.sample()).sequence == 42, "a message written by hand counts")
            try await outsider.execute("delete from chat_messages")
            #expect(try await store.append(.sample()).sequence == 43, "one that was deleted is not counted again")
        }
    }

    @Test("what a quiz takes in memory is known until its questions are rewritten by SQL")
    func quizMemory() async throws {
        try await withPostgresStore { store, outsider in
            let quiz = Quiz(
                id: "own", title: "T", questions: [Question(id: "x", question: "?", options: [], correctAnswer: .index(0))],
                createdBy: "ann")
            try await store.create(quiz)
            // The same once more: the memory is that of before, and so are the questions.
            for _ in 1...2 {
                #expect(try await store.quizMemoryBytes(id: "own") == quiz.memoryBytes)
                try await store.save(quiz)
            }
            try await outsider.execute("update quizzes set title = 'U' where id = 'own'")
            #expect(try await store.quizMemoryBytes(id: "own") == quiz.memoryBytes)
            try await outsider.execute(
                "update quizzes set questions = '[{}, {}]' where id = 'own'; insert into quizzes (id, questions) values ('other', '[{}]')")
            #expect(try await store.quizMemoryBytes(id: "own") == nil)
            #expect(try await store.quizMemoryBytes(id: "other") == nil)
            try await store.save(quiz)
            #expect(try await store.quizMemoryBytes(id: "own") == quiz.memoryBytes)
        }
    }

    @Test("a quiz that is edited or deleted by SQL leaves what was played")
    func editedBySQL() async throws {
        try await withPostgresStore { store, outsider in
            try await outsider.execute(
                """
                insert into quizzes (id, title, questions, created_by) values ('quiz1', 'France', '[{"question":"Capital?"}]', 'ann');
                insert into quiz_sessions (id, quiz_id, status) values ('s1', 'quiz1', 'ended'), ('s2', 'quiz1', 'waiting');
                update quizzes set title = 'Italy', questions = '[]' where id = 'quiz1'
                """)
            #expect(try await store.playedQuiz(sessionID: "s1")?.title == "France")
            #expect(try await store.playedQuiz(sessionID: "s1")?.questions.map(\.question) == ["Capital?"])
            try await outsider.execute("update quiz_sessions set status = 'active' where id = 's2'; delete from quizzes")
            #expect(try await store.sessionTitles(["s1", "s2"]) == ["s1": "France", "s2": "Italy"])
            try await outsider.execute("delete from quiz_sessions")
            #expect(try await outsider.rows("select session_id from played_quizzes").isEmpty)
        }
    }

    @Test("a text may hold everything that a client can send; U+0000, which PostgreSQL has not, becomes U+FFFD")
    func texts() async throws {
        try await withPostgresStore { store, _ in
            let text = #"a\b'"$1%{}[]\#n\#u{0}🐧e\#u{301}"#
            let stored = try await store.append(.sample(text))
            #expect(stored.content == text.replacing("\0", with: "\u{FFFD}"))
            #expect(try await store.recentChat(roomID: "r1", limit: 1) == [stored])
        }
    }
}
