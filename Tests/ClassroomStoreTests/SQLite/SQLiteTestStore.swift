import ClassroomStore
import GRDB

/// Runs the body with an empty SQLite store and a connection to the same file such as other programs have: without foreign keys.
func withSQLiteStore(
    configuration: StoreConfiguration = .patient, _ body: (SQLiteStore, DatabaseQueue) async throws -> Void
) async throws {
    try await withTemporaryDirectory { directory in
        let path = "\(directory)/test.sqlite"
        let store = try SQLiteStore(path: path, configuration: configuration, logger: .silent)
        do {
            try await body(store, try outsider(path))
            await store.close()
        } catch {
            await store.close()
            throw error
        }
    }
}

/// Another program's connection.
func outsider(_ path: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    configuration.busyMode = .timeout(5)
    configuration.allowsUnsafeTransactions = true
    return try DatabaseQueue(path: path, configuration: configuration)
}
