import Classroom
import GRDB
import Logging

/// Turns SQLite's errors into those of the store. The cause is logged; it never holds content of a row.
enum SQLiteFailure {
    /// Errors that repeating the request cannot fix: our own mistakes.
    private static let mistakes: [ResultCode] = [.SQLITE_ERROR, .SQLITE_MISUSE, .SQLITE_RANGE, .SQLITE_MISMATCH, .SQLITE_CONSTRAINT]

    /// The store's own error as it is, or the error for one of the database.
    static func refusal(_ error: any Error, logger: Logger) -> ClassroomError {
        if let refusal = error as? ClassroomError { return refusal }
        guard let error = error as? DatabaseError else {
            logger.error("the database failed", metadata: ["error": "\(type(of: error))"])
            return .storeFailed
        }
        logger.error(
            "the database failed",
            metadata: ["code": "\(error.extendedResultCode)", "reason": "\(error.message ?? "")"])
        if error.resultCode == .SQLITE_TOOBIG { return ClassroomError(.invalid, "The text is too long") }
        return mistakes.contains(error.resultCode) ? ClassroomError(.internalError, "Internal error") : .storeFailed
    }

    /// The error of a statement that ran through ``HotStatement``.
    static func statementError(_ code: Int32, in db: Database) -> DatabaseError {
        DatabaseError(resultCode: ResultCode(rawValue: code), message: db.lastErrorMessage)
    }
}
