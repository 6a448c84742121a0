import Classroom
import GRDB

/// Rows of `played_quizzes`: each session's own copy of its quiz.
enum PlayedQuizRows {
    /// Returns false if the session's row is gone, or belongs to another incarnation.
    static func keep(_ written: WrittenQuiz, _ sessionID: String, _ fence: SessionFence, in db: Database) throws -> Bool {
        let quiz = written.quiz
        try db.cachedStatement(
            sql: """
                insert into played_quizzes (session_id, session_created_at, title, questions, created_by)
                    select id, created_at, ?3, ?4, ?5 from quiz_sessions
                        where id = ?1 and \(SessionRows.passes(id: "?1", createdAt: "?2", epoch: "?6"))
                    on conflict (session_id) do update set session_created_at = excluded.session_created_at, title = excluded.title,
                        questions = excluded.questions, created_by = excluded.created_by
                """
        ).execute(arguments: [sessionID, fence.createdAt, quiz.title, written.questions, quiz.createdBy, fence.epoch])
        return try db.changesCount > 0 || SessionRows.passes(fence, sessionID, in: db)
    }

    static func quiz(sessionID: String, in db: Database) throws -> Quiz? {
        let statement = try db.cachedStatement(
            sql: """
                select s.quiz_id, p.title, p.questions, p.created_by from quiz_sessions s
                    join played_quizzes p on p.session_id = s.id and p.session_created_at is s.created_at
                    where s.id = ? and s.status <> 'waiting'
                """)
        return try Row.fetchOne(statement, arguments: [sessionID]).map { row in
            Quiz(
                id: row.text("quiz_id") ?? "", title: row.text("title") ?? "", questions: QuestionsText.questions(row.text("questions")),
                createdBy: row.text("created_by") ?? "")
        }
    }

    static func titles(_ sessionIDs: [String], in db: Database) throws -> [String: String] {
        // One parameter for all ids: SQLite limits the number of parameters.
        let statement = try db.cachedStatement(
            sql: """
                select s.id, coalesce(p.title, q.title) as title from quiz_sessions s
                    left join played_quizzes p
                        on p.session_id = s.id and p.session_created_at is s.created_at and s.status <> 'waiting'
                    left join quizzes q on q.id = s.quiz_id and \(SQLiteSchema.isOwn(owner: "q.created_by"))
                    where s.id in (select value from json_each(?))
                """)
        var titles: [String: String] = [:]
        for row in try Row.fetchAll(statement, arguments: [JSONText.text(sessionIDs)]) {
            if let id = row.text("id"), let title = row.text("title") { titles[id] = title }
        }
        return titles
    }
}
