public import Classroom
import Foundation
import GRDB
public import Logging

/// A SQLite file in WAL mode with `synchronous = FULL`: a write whose completion has run survives a crash of the process and of the machine.
///
/// Other processes may read and write the same file meanwhile. All writes go through one group-committing thread; reads have connections
/// of their own and never wait for a write.
public final class SQLiteStore: ClassroomStore {
    private let path: String
    let pool: DatabasePool
    private let committer: GroupCommitter
    private let checkpoints: LogCheckpoints
    private let logger: Logger
    let defaultSettings: SessionSettings

    /// Opens the file or creates it, in a directory that exists.
    public init(path: String, configuration: StoreConfiguration = .init(), logger: Logger) throws(StoreError) {
        self.path = path
        self.logger = logger
        defaultSettings = configuration.defaultSettings
        let pool = try Self.openPool(path: path, configuration: configuration)
        let checkpoints = LogCheckpoints(pool: pool, path: path, configuration: configuration, logger: logger)
        self.pool = pool
        self.checkpoints = checkpoints
        committer = GroupCommitter(configuration: configuration, name: "dunlin-sqlite") {
            SQLiteWriter(pool: pool, checkpoints: checkpoints, logger: logger)
        }
        checkpoints.start()
    }

    deinit { committer.stop() }

    public var statistics: CommitStatistics { committer.statistics }

    /// Checks that the file is still there with all its tables, that it can be read, and that it can be written: a transaction that changes
    /// nothing would also succeed on a full disk.
    public func health() async throws {
        guard FileManager.default.fileExists(atPath: path) else {
            throw ClassroomError(.unavailable, "The database file is gone")
        }
        let tables = try await read { db in
            try String.fetchSet(db.cachedStatement(sql: "select name from sqlite_master where type = 'table'"))
        }
        guard let missing = SQLiteSchema.tables.first(where: { !tables.contains($0) }) else { return try await perform(.probe) }
        throw ClassroomError(.unavailable, "The database's table \(missing) is gone")
    }

    /// Afterwards the database file alone holds all data.
    public func close() async {
        await committer.close()
        checkpoints.finish()
        do {
            try pool.close()
        } catch {
            logger.warning("the database did not close cleanly", metadata: ["error": "\(type(of: error))"])
        }
    }

    public func perform(_ write: StoreWrite, completion: @escaping @Sendable (Result<StoreWrite.Outcome, ClassroomError>) -> Void) {
        committer.enqueue(write, completion: completion)
    }

    // MARK: - For the extensions

    /// Reads a snapshot of the database on a reading connection.
    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await pool.read(body)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw SQLiteFailure.refusal(error, logger: logger)
        }
    }
}
