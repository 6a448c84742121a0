import CPostgres
import Classroom
import Logging

/// Why a statement or connection of PostgreSQL failed. It holds no content of rows; the server's message is for the log only.
struct PostgresFailure: Error {
    enum Kind: Equatable {
        /// There is no connection, or it broke. Statements that were sent may or may not have been carried out.
        case disconnected
        /// The time was up. The connection is not used again.
        case timedOut
        /// The server refused a statement, with this SQLSTATE.
        case refused(String)
        /// An earlier statement of the same transaction failed.
        case skipped
    }

    let kind: Kind
    let message: String

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// Whether the connection is unusable now.
    var endsConnection: Bool {
        switch kind {
        case .disconnected, .timedOut: true
        // Class 08: connection exception; 57P: the server shuts down or has crashed; 25P03: a transaction was idle for too long.
        case .refused(let state): state.hasPrefix("08") || state.hasPrefix("57P") || state == "25P03"
        case .skipped: false
        }
    }

    /// Whether the same may succeed at once: after a deadlock or a conflict with another transaction, or on another connection.
    var isWorthAnotherTry: Bool {
        if case .refused(let state) = kind, state.hasPrefix("40") { return true }
        return endsConnection && kind != .timedOut
    }

    /// Whether the statement itself is at fault, and not its neighbours in the transaction: wrong data (class 22), a constraint (23), a
    /// program limit (54), or a mistake in our SQL (42).
    var isStatementsOwn: Bool {
        guard case .refused(let state) = kind else { return false }
        return ["22", "23", "42", "54"].contains { state.hasPrefix($0) }
    }

    var isUniqueViolation: Bool { kind == .refused("23505") }

    /// The error for the caller. The cause is logged.
    func refusal(logger: Logger) -> ClassroomError {
        let state: String
        switch kind {
        case .refused(let sqlState): state = sqlState
        case .disconnected: state = "disconnected"
        case .timedOut: state = "timed out"
        case .skipped: state = "skipped"
        }
        logger.error("the database failed", metadata: ["code": "\(state)", "reason": "\(message)"])
        if state.hasPrefix("54") { return ClassroomError(.invalid, "The text is too long") }
        return isStatementsOwn ? ClassroomError(.internalError, "Internal error") : .storeFailed
    }

    /// The first line of what libpq says.
    static func message(_ text: UnsafePointer<CChar>?) -> String {
        guard let text else { return "" }
        return String(cString: text).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    }
}
