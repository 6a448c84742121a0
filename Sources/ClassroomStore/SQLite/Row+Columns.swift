import GRDB

/// Columns of rows that anybody may have written: a value of an unexpected type is an absent one, never a crash.
extension Row {
    func text(_ column: String) -> String? { String.fromDatabaseValue(self[column]) }

    func integer(_ column: String) -> Int64? { Int64.fromDatabaseValue(self[column]) }

    func int(_ column: String) -> Int? { Int.fromDatabaseValue(self[column]) }

    func real(_ column: String) -> Double? { Double.fromDatabaseValue(self[column]) }

    func flag(_ column: String) -> Bool { (int(column) ?? 0) != 0 }
}
