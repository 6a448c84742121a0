import Classroom
import ClassroomStore
import GRDB
import Testing

@testable import ClassroomStore

@Suite("What is looked up often is found by an index")
struct SQLiteIndexTests {
    @Test(
        "no look-up reads every session, token or user",
        arguments: [
            "select * from quiz_sessions where (status is not 'ended' and (status = 'active')) order by created_at desc, id limit -1",
            "select * from quiz_sessions where coalesce(created_by, '') = 'ann' order by created_at desc, id limit 100",
            "select exists (select 1 from quiz_sessions where quiz_id = 'q' and ((status is not 'ended' and (status = 'active'))))",
            "select * from quizzes where coalesce(created_by, '') = 'ann' order by title, id",
            "select s.status from quiz_sessions s left join quiz_participants p on p.session_id = s.id and p.user_id = 'u' where s.id = 's'",
            "select hash from tokens where expires_at <= 1 limit 10",
            "select id from users where role = 'guest' and not exists (select 1 from tokens where user_id = users.id) limit 10",
        ])
    func plans(sql: String) async throws {
        try await withSQLiteStore { _, outsider in
            let plan = try await outsider.read { db in
                try Row.fetchAll(db, sql: "explain query plan \(sql)").map { $0["detail"] as String? ?? "" }
            }
            #expect(!plan.isEmpty)
            for step in plan where step != "SCAN CONSTANT ROW" {
                #expect(
                    !step.hasPrefix("SCAN") || step.contains("INDEX quiz_sessions_live") || step.contains("INDEX users_guests"), "\(plan)")
            }
        }
    }

    @Test("a list of quizzes reads the index and the counts, never the texts of the questions")
    func quizList() async throws {
        try await withSQLiteStore { store, outsider in
            let plan = try await outsider.read { db in
                try Row.fetchAll(
                    db,
                    sql: """
                        explain query plan \(SQLiteStore.sizes) where coalesce(q.created_by, '') = 'ann' order by q.title, q.id limit 100
                        """
                ).map { $0["detail"] as String? ?? "" }
            }
            #expect(
                plan.count == 2 && plan[0].contains("q USING COVERING INDEX quizzes_owner") && plan[1].contains("PRIMARY KEY"), "\(plan)")
        }
    }

    @Test(
        "a list of sessions finds its page by the owners' index, and reads no other row's settings",
        arguments: [nil, [.ended], [.active, .waiting]] as [Set<SessionStatus>?])
    func sessionList(statuses: Set<SessionStatus>?) async throws {
        try await withSQLiteStore { _, outsider in
            let plan = try await outsider.read { db in
                let sql = SessionRows.summaries(statuses: statuses, owners: 2)
                let steps = try Row.fetchAll(db, sql: "explain query plan \(sql)", arguments: ["ann", "", 101, 10_000])
                return steps.map { $0["detail"] as String? ?? "" }
            }
            #expect(plan.count { $0.hasPrefix("SEARCH quiz_sessions") && $0.contains("INDEX quiz_sessions_owner") } == 2, "\(plan)")
            #expect(plan.count { $0.hasPrefix("SEARCH s ") } == 1, "\(plan)")
            #expect(plan.allSatisfy { !$0.hasPrefix("SCAN") || $0 == "SCAN p" }, "\(plan)")
        }
    }

    @Test("the count of a quiz follows its text, whoever writes it")
    func quizCount() async throws {
        try await withSQLiteStore { store, outsider in
            func counts() async throws -> [String: Int] {
                let summaries = try await store.quizSummaries(owners: ["ann"], limit: 100, offset: 0)
                return Dictionary(uniqueKeysWithValues: summaries.map { ($0.id, $0.questionCount) })
            }
            try await outsider.write {
                try $0.execute(
                    sql: """
                        insert into quizzes (id, questions, created_by) values
                            ('two', '[{"question":"a"},{"question":"b"}]', 'ann'), ('mixed', '[{"question":"a"},7,[]]', 'ann'),
                            ('object', '{"a":{}}', 'ann'), ('broken', '[{', 'ann'), ('none', null, 'ann')
                        """)
            }
            #expect(try await counts() == ["two": 2, "mixed": 1, "object": 0, "broken": 0, "none": 0])
            try await outsider.write {
                try $0.execute(
                    sql: "update quizzes set questions = '[{}]' where id = 'two'; update quizzes set id = 'one' where id = 'two'")
                try $0.execute(sql: "delete from quizzes where id = 'object'")
            }
            #expect(try await counts() == ["one": 1, "mixed": 1, "broken": 0, "none": 0])
            for (id, count) in try await counts() { #expect(try await store.quiz(id: id)?.questions.count == count) }
            // The server's own are counted when they are written.
            var own = Quiz(
                id: "own", title: "", questions: [Question(id: "x", question: "?", options: [], correctAnswer: .index(0))], createdBy: "ann"
            )
            try await store.save(own)
            func kept() async throws -> Int? {
                try await outsider.read { try Int.fetchOne($0, sql: "select question_count from quiz_sizes where quiz_id = 'own'") }
            }
            #expect(try await kept() == 1)
            own.questions = []
            try await store.save(own)
            #expect(try await kept() == 0)
            #expect(try await store.quizMemoryBytes(id: "own") == own.memoryBytes)
            try await outsider.write { try $0.execute(sql: "update quizzes set questions = '[{}, {}]' where id = 'own'") }
            #expect(try await kept() == nil)
            #expect(try await store.quizMemoryBytes(id: "own") == nil)
            #expect(try await counts()["own"] == 2)
        }
    }
}
