public import Classroom
import GRDB

extension SQLiteStore {
    public func quiz(id: String) async throws -> Quiz? {
        try await read { db in
            try Row.fetchOne(db.cachedStatement(sql: "select * from quizzes where id = ?"), arguments: [id]).map(Self.quiz)
        }
    }

    public func quizOwner(id: String) async throws -> String? {
        try await read { db in
            try Row.fetchOne(db.cachedStatement(sql: "select created_by from quizzes where id = ?"), arguments: [id])
                .map { $0.text("created_by") ?? "" }
        }
    }

    public func quizMemoryBytes(id: String) async throws -> Int? {
        try await read { db in
            try Row.fetchOne(db.cachedStatement(sql: "select memory_bytes from quiz_sizes where quiz_id = ?"), arguments: [id])?
                .int("memory_bytes").map { max(0, $0) }
        }
    }

    public func quizzes(createdBy: String?) async throws -> [Quiz] { try await list(Self.texts, createdBy) { row, _ in Self.quiz(row) } }

    public func quizSummaries(createdBy: String?) async throws -> [QuizSummary] { try await list(Self.sizes, createdBy, Self.summary) }

    public func quizSummaries(owners: [String], limit: Int, offset: Int) async throws -> [QuizSummary] {
        try await read { db in
            var summaries: [QuizSummary] = []
            var skipped = offset
            for owner in owners where summaries.count < limit {
                // Skipped entries are counted in the index; their rows are not read.
                let count =
                    try Int.fetchOne(
                        db.cachedStatement(sql: "select count(*) from quizzes where coalesce(created_by, '') = ?"), arguments: [owner]) ?? 0
                if skipped < count {
                    let rows = try Row.fetchCursor(
                        db.cachedStatement(
                            sql: "\(Self.sizes) where coalesce(q.created_by, '') = ? order by q.title, q.id limit ? offset ?"),
                        arguments: [owner, limit - summaries.count, skipped])
                    while let row = try rows.next() { summaries.append(try Self.summary(row, db)) }
                }
                skipped = max(0, skipped - count)
            }
            return summaries
        }
    }

    private static func summary(_ row: Row, _ db: Database) throws -> QuizSummary {
        let id = row.text("id") ?? ""
        var count = row.int("question_count")
        if count == nil {
            let sql = "select \(SQLiteSchema.questionCount(of: "q.questions")) from quizzes q where q.id = ?"
            count = try Int.fetchOne(db.cachedStatement(sql: sql), arguments: [id])
        }
        return QuizSummary(id: id, title: row.text("title") ?? "", createdBy: row.text("created_by") ?? "", questionCount: count ?? 0)
    }

    private static let texts = "select q.* from quizzes q"

    /// Reads the index and the counts, not the texts of the questions.
    static let sizes = """
        select q.id, q.title, q.created_by, s.question_count from quizzes q left join quiz_sizes s on s.quiz_id = q.id
        """

    /// Read row by row: all texts together may be large.
    private func list<Value: Sendable>(
        _ selection: String, _ owner: String?, _ value: @escaping @Sendable (Row, Database) throws -> Value
    ) async throws -> [Value] {
        try await read { db in
            let statement = try db.cachedStatement(
                sql: "\(selection) \(owner == nil ? "" : "where coalesce(q.created_by, '') = ?") order by q.title, q.id")
            let rows = try Row.fetchCursor(statement, arguments: owner.map { [$0] } ?? [])
            var values: [Value] = []
            while let row = try rows.next() { values.append(try value(row, db)) }
            return values
        }
    }

    public func playedQuiz(sessionID: String) async throws -> Quiz? {
        try await read { db in try PlayedQuizRows.quiz(sessionID: sessionID, in: db) }
    }

    public func sessionTitles(_ sessionIDs: [String]) async throws -> [String: String] {
        try await read { db in try PlayedQuizRows.titles(sessionIDs, in: db) }
    }

    private static func quiz(_ row: Row) -> Quiz {
        Quiz(
            id: row.text("id") ?? "", title: row.text("title") ?? "", questions: QuestionsText.questions(row.text("questions")),
            createdBy: row.text("created_by") ?? "")
    }
}
