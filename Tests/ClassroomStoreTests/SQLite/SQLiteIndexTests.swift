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
}
