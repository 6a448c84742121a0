import Classroom
import GRDB

/// Rows of `quizzes`.
enum QuizRows {
    static func create(_ written: WrittenQuiz, in db: Database) throws {
        let quiz = written.quiz
        try db.cachedStatement(
            sql: "insert into quizzes (id, title, questions, created_by) values (?, ?, ?, ?) on conflict (id) do nothing"
        ).execute(arguments: [quiz.id, quiz.title, written.questions, quiz.createdBy])
        guard db.changesCount > 0 else { throw ClassroomError.quizExists }
    }

    static func replace(_ written: WrittenQuiz, in db: Database) throws -> Bool {
        let quiz = written.quiz
        try db.cachedStatement(sql: "update quizzes set title = ?, questions = ? where id = ? and coalesce(created_by, '') = ?")
            .execute(arguments: [quiz.title, written.questions, quiz.id, quiz.createdBy])
        return db.changesCount > 0
    }

    static func save(_ written: WrittenQuiz, in db: Database) throws {
        let quiz = written.quiz
        try db.cachedStatement(
            sql: """
                insert into quizzes (id, title, questions, created_by) values (?, ?, ?, ?)
                    on conflict (id) do update set title = excluded.title, questions = excluded.questions, created_by = excluded.created_by
                """
        ).execute(arguments: [quiz.id, quiz.title, written.questions, quiz.createdBy])
    }

    static func delete(_ id: String, in db: Database) throws -> Bool {
        try db.cachedStatement(sql: "delete from quizzes where id = ?").execute(arguments: [id])
        return db.changesCount > 0
    }
}
