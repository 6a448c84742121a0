import GRDB
import GRDBSQLite

/// A prepared statement that runs per message: bound and stepped through SQLite's own functions, without boxing the values.
///
/// It must not outlive the database access in which it was made. The connection's cache keeps the statement itself.
struct HotStatement {
    private let statement: Statement

    init(_ sql: String, in db: Database) throws {
        statement = try db.cachedStatement(sql: sql)
    }

    /// - Parameter index: from 1, as in SQLite.
    func bind(_ index: Int32, _ text: String) {
        // As a C string argument: never a null pointer, so that the empty text does not become NULL.
        _ = sqlite3_bind_text(statement.sqliteStatement, index, text, Int32(text.utf8.count), Self.copied)
    }

    func bind(_ index: Int32, _ text: String?) {
        if let text { bind(index, text) } else { bindNull(index) }
    }

    func bind(_ index: Int32, _ integer: Int64) { sqlite3_bind_int64(statement.sqliteStatement, index, integer) }

    func bind(_ index: Int32, _ integer: Int64?) {
        if let integer { bind(index, integer) } else { bindNull(index) }
    }

    func bind(_ index: Int32, _ integer: Int) { sqlite3_bind_int64(statement.sqliteStatement, index, Int64(integer)) }

    func bind(_ index: Int32, _ real: Double?) {
        if let real { sqlite3_bind_double(statement.sqliteStatement, index, real) } else { bindNull(index) }
    }

    private func bindNull(_ index: Int32) { sqlite3_bind_null(statement.sqliteStatement, index) }

    /// Runs a statement without results. Returns the extended result code: `SQLITE_DONE`, or the error of this statement.
    func run() -> Int32 {
        let code = sqlite3_step(statement.sqliteStatement)
        sqlite3_reset(statement.sqliteStatement)
        return code
    }

    /// `SQLITE_TRANSIENT`, a cast in C that is not imported: SQLite copies the bytes before the binding returns.
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}
