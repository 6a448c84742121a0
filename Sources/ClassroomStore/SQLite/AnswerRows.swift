import Classroom
import GRDB
import GRDBSQLite

/// Rows of `quiz_answers`.
enum AnswerRows {
    private static let insertion = """
        insert into quiz_answers
            (session_id, question_id, user_id, answer, correct, score, time_bonus, elapsed_ms, time_spent, answered_at)
            select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 where \(SessionRows.passes(id: "?1", createdAt: "?11", epoch: "?12"))
            on conflict (session_id, question_id, user_id) do nothing
        """

    /// The unique key decides within the transaction: the first answer is stored, and a second one finds it.
    static func insert(_ answer: AnswerRecord, _ fence: SessionFence, in db: Database) throws -> AnswerOutcome {
        let statement = try HotStatement(insertion, in: db)
        statement.bind(1, answer.sessionID)
        statement.bind(2, answer.questionID)
        statement.bind(3, answer.userID)
        statement.bind(4, AnswerText.text(answer.answer))
        statement.bind(5, answer.correct ? 1 : 0)
        statement.bind(6, answer.score)
        statement.bind(7, answer.timeBonus)
        statement.bind(8, answer.elapsedMs)
        statement.bind(9, answer.timeSpent)
        statement.bind(10, answer.answeredAt)
        statement.bind(11, fence.createdAt)
        statement.bind(12, fence.epoch.map { Int64($0) })
        switch statement.run() {
        case SQLITE_DONE where db.changesCount > 0: return .stored
        case SQLITE_DONE:
            guard try SessionRows.passes(fence, answer.sessionID, in: db) else { return .sessionVanished }
            return .duplicate(try existing(answer, in: db))
        case let code: throw SQLiteFailure.statementError(code, in: db)
        }
    }

    static func all(sessionID: String, in db: Database) throws -> [AnswerRecord] {
        let statement = try db.cachedStatement(
            sql: "select * from quiz_answers where session_id = ? order by answered_at, question_id, user_id")
        let rows = try Row.fetchCursor(statement, arguments: [sessionID])
        var answers: [AnswerRecord] = []
        while let row = try rows.next() { answers.append(answer(row)) }
        return answers
    }

    private static func existing(_ answer: AnswerRecord, in db: Database) throws -> AnswerRecord {
        let statement = try db.cachedStatement(
            sql: "select * from quiz_answers where session_id = ? and question_id = ? and user_id = ?")
        let row = try Row.fetchOne(statement, arguments: [answer.sessionID, answer.questionID, answer.userID])
        guard let row else { throw ClassroomError.storeFailed }
        return self.answer(row)
    }

    private static func answer(_ row: Row) -> AnswerRecord {
        AnswerRecord(
            sessionID: row.text("session_id") ?? "", questionID: row.text("question_id") ?? "", userID: row.text("user_id") ?? "",
            answer: AnswerText.answer(row.text("answer") ?? ""), correct: row.flag("correct"), score: row.int("score") ?? 0,
            timeBonus: row.int("time_bonus") ?? 0, elapsedMs: row.int("elapsed_ms") ?? 0, timeSpent: row.real("time_spent"),
            answeredAt: row.integer("answered_at") ?? 0)
    }
}
