import CPostgres

/// The result of one statement, as libpq keeps it. Belongs to the thread of its connection.
final class PostgresResult {
    private let pointer: OpaquePointer
    private lazy var columns: [String: Int32] = {
        var columns: [String: Int32] = [:]
        for index in 0..<PQnfields(pointer) {
            if let name = PQfname(pointer, index) { columns[String(cString: name)] = index }
        }
        return columns
    }()

    /// Takes the result over from libpq.
    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { PQclear(pointer) }

    var isSynchronization: Bool { PQresultStatus(pointer) == PGRES_PIPELINE_SYNC }

    /// The failure. Nil if the statement was carried out.
    var failure: PostgresFailure? {
        switch PQresultStatus(pointer) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY, PGRES_PIPELINE_SYNC, PGRES_NONFATAL_ERROR: return nil
        case PGRES_PIPELINE_ABORTED: return PostgresFailure(.skipped, "an earlier statement failed")
        default:
            let message = PostgresFailure.message(PQresultErrorField(pointer, Self.primaryMessage) ?? PQresultErrorMessage(pointer))
            guard let state = PQresultErrorField(pointer, Self.sqlState) else { return PostgresFailure(.disconnected, message) }
            return PostgresFailure(.refused(String(cString: state)), message)
        }
    }

    /// `PG_DIAG_SQLSTATE` and `PG_DIAG_MESSAGE_PRIMARY`: characters, which are not imported from C.
    private static let sqlState = Int32(UInt8(ascii: "C"))
    private static let primaryMessage = Int32(UInt8(ascii: "M"))

    /// How many rows the statement wrote.
    var writtenRows: Int { PQcmdTuples(pointer).flatMap { Int(String(cString: $0)) } ?? 0 }

    /// The server's command tag: `COMMIT`, or `ROLLBACK` if the transaction had failed.
    var commandTag: String { PQcmdStatus(pointer).map { String(cString: $0) } ?? "" }

    var rows: some Sequence<PostgresRow> { (0..<PQntuples(pointer)).lazy.map { PostgresRow(result: self, index: $0) } }

    var firstRow: PostgresRow? { PQntuples(pointer) > 0 ? PostgresRow(result: self, index: 0) : nil }

    fileprivate func text(_ row: Int32, _ column: String) -> String? {
        guard let index = columns[column], PQgetisnull(pointer, row, index) == 0, let value = PQgetvalue(pointer, row, index) else {
            return nil
        }
        return String(cString: value)
    }
}

/// A row that any program may have written. Numbers outside of the possible range become the nearest possible number, so that sums cannot
/// overflow.
struct PostgresRow {
    fileprivate let result: PostgresResult
    fileprivate let index: Int32

    func text(_ column: String) -> String? { result.text(index, column) }

    /// A time, or another number of up to 53 bits.
    func integer(_ column: String) -> Int64? { exact(column).map { min(max($0, -Self.largest), Self.largest) } }

    /// A number as it is. It may be compared but not added to.
    func exact(_ column: String) -> Int64? { text(column).flatMap { Int64($0) } }

    /// A count or an amount, of up to 32 bits.
    func int(_ column: String) -> Int? { exact(column).map { Int(Int32(clamping: $0)) } }

    func real(_ column: String) -> Double? { text(column).flatMap { Double($0) }.flatMap { $0.isFinite ? $0 : nil } }

    func flag(_ column: String) -> Bool { text(column) == "t" }

    private static let largest: Int64 = 1 << 53
}
