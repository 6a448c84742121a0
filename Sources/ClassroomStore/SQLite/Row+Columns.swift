import GRDB

/// Columns of rows that any program may have written. A value of an unexpected type counts as absent. Numbers outside of the possible range
/// become the nearest possible number, so that sums cannot overflow.
extension Row {
    func text(_ column: String) -> String? { String.fromDatabaseValue(self[column]) }

    /// A time, or another number of up to 53 bits.
    func integer(_ column: String) -> Int64? {
        Int64.fromDatabaseValue(self[column]).map { Swift.min(Swift.max($0, -Self.largest), Self.largest) }
    }

    /// A count or an amount, of up to 32 bits.
    func int(_ column: String) -> Int? { Int.fromDatabaseValue(self[column]).map { Int(Int32(clamping: $0)) } }

    private static let largest: Int64 = 1 << 53

    func real(_ column: String) -> Double? { Double.fromDatabaseValue(self[column]) }

    func flag(_ column: String) -> Bool { (int(column) ?? 0) != 0 }
}
