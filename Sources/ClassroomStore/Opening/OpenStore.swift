public import Logging

/// Opens the database that the URL names (`sqlite:PATH`, `postgres://…`, `memory:`) and creates or completes its tables.
/// - Throws: a ``StoreError`` that says what is wrong, fit for standard error.
public func openStore(
    url: String, configuration: StoreConfiguration = .init(), logger: Logger
) async throws(StoreError) -> any ClassroomStore {
    switch try DatabaseLocation(url: url) {
    case .memory: return MemoryStore(configuration: configuration)
    case .sqlite(let path): return try SQLiteStore(path: path, configuration: configuration, logger: logger)
    case .postgres(let url): return try await PostgresStore(url: url, configuration: configuration, logger: logger)
    }
}
