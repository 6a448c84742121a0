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
        try keepSize(of: quiz, in: db)
    }

    /// After the text: a trigger has dropped the sizes of the one before.
    private static func keepSize(of quiz: Quiz, in db: Database) throws {
        try db.cachedStatement(sql: "insert or replace into quiz_sizes (quiz_id, question_count, memory_bytes) values (?, ?, ?)")
            .execute(arguments: [quiz.id, quiz.questions.count, quiz.memoryBytes])
    }

    static func replace(_ written: WrittenQuiz, in db: Database) throws -> Bool {
        let quiz = written.quiz
        try db.cachedStatement(sql: "update quizzes set title = ?, questions = ? where id = ? and coalesce(created_by, '') = ?")
            .execute(arguments: [quiz.title, written.questions, quiz.id, quiz.createdBy])
        guard db.changesCount > 0 else { return false }
        try keepSize(of: quiz, in: db)
        return true
    }

    static func save(_ written: WrittenQuiz, in db: Database) throws {
        let quiz = written.quiz
        try db.cachedStatement(
            sql: """
                insert into quizzes (id, title, questions, created_by) values (?, ?, ?, ?)
                    on conflict (id) do update set title = excluded.title, questions = excluded.questions, created_by = excluded.created_by
                """
        ).execute(arguments: [quiz.id, quiz.title, written.questions, quiz.createdBy])
        try keepSize(of: quiz, in: db)
    }

    static func delete(_ id: String, in db: Database) throws -> Bool {
        try db.cachedStatement(sql: "delete from quizzes where id = ?").execute(arguments: [id])
        return db.changesCount > 0
    }
}
