import Foundation
import GRDB

extension SQLiteStore {
    /// The pool with the tables in place and the durability settings in force.
    static func openPool(path: String, configuration: StoreConfiguration) throws(StoreError) -> DatabasePool {
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw StoreError(.unopenable, "cannot open the database \(path): there is no directory \(directory)")
        }
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
            throw StoreError(.unopenable, "cannot open the database \(path): it is a directory")
        }
        if let obstacle = createPrivately(path) {
            throw StoreError(.unopenable, "cannot open the database \(path): \(obstacle)")
        }
        do {
            return try waitingForOthers(configuration.busyTimeout) {
                let pool = try DatabasePool(path: path, configuration: connectionConfiguration(configuration))
                try pool.writeWithoutTransaction { db in
                    // The pool sets NORMAL, which loses the last commits when the machine stops.
                    try db.execute(sql: "PRAGMA synchronous = FULL")
                    try SQLiteSchema.migrate(db)
                }
                return pool
            }
        } catch let error as SQLiteSchema.NewerSchema {
            throw StoreError(.unopenable, "cannot open the database \(path): a newer version made it (tables of version \(error.version))")
        } catch let error as DatabaseError {
            throw StoreError(.unopenable, "cannot open the database \(path): \(error.message ?? "\(error.resultCode)")")
        } catch {
            throw StoreError(.unopenable, "cannot open the database \(path): \(error)")
        }
    }

    /// Tries again while another process has the file: SQLite does not wait where two change a new file's journal mode at once.
    private static func waitingForOthers<Value>(_ time: Duration, _ open: () throws -> Value) throws -> Value {
        let end = ContinuousClock.now + time
        while true {
            do {
                return try open()
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY && ContinuousClock.now < end {
                Thread.sleep(forTimeInterval: 0.01)
            }
        }
    }

    /// A new file is its owner's alone: it holds names, answers and hashes of tokens. SQLite gives its companions (`-wal`, `-shm`) the same mode.
    /// One that is there already keeps its mode. It is not opened: closing it would end the locks that this process has on it.
    /// - Returns: the system's reason why the file cannot be made, read or written; SQLite says only that it is unable to open it.
    private static func createPrivately(_ path: String) -> String? {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 {
            try? FileHandle(fileDescriptor: descriptor, closeOnDealloc: false).close()
            return nil
        }
        var reason = errno
        if reason == EEXIST { reason = access(path, R_OK | W_OK) == 0 ? 0 : errno }
        // A link may lead to a file that SQLite makes.
        return reason == 0 || reason == ENOENT ? nil : String(cString: strerror(reason))
    }

    private static func connectionConfiguration(_ configuration: StoreConfiguration) -> Configuration {
        var connection = Configuration()
        let busyTimeoutMs = Int(configuration.busyTimeout / .milliseconds(1))
        // Not `busyMode`, which would leave the reading connections with the pool's own ten seconds.
        connection.prepareDatabase { db in try db.execute(sql: "PRAGMA busy_timeout = \(busyTimeoutMs)") }
        connection.foreignKeysEnabled = true
        connection.maximumReaderCount = 4
        connection.label = "dunlin"
        return connection
    }
}
