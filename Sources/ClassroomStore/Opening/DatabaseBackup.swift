import Foundation
import GRDB

/// A copy of a classroom that may be running.
public enum DatabaseBackup {
    /// Copies the SQLite database that the URL names to a new file: the copy holds all that was committed when it began, and nothing later.
    /// The server may write meanwhile. The copy is its owner's alone (0600), has no companion files, and is on the disk when this returns.
    /// - Throws: ``StoreError`` if there is no such database, if it is no database, or if the file exists or cannot be written.
    public static func make(of url: String, to path: String) throws(StoreError) {
        let source: String
        switch try DatabaseLocation(url: url) {
        case .memory: throw StoreError(.invalidURL, "a classroom in memory has nothing to copy")
        case .postgres: throw StoreError(.unsupported, "only SQLite databases can be copied; for PostgreSQL there is pg_dump")
        case .sqlite(let path): source = path
        }
        guard FileManager.default.fileExists(atPath: source) else {
            throw StoreError(.unopenable, "cannot open the database \(source): there is no such file")
        }
        // SQLite accepts an empty file as the place for a copy. Creating it here gives it the right mode from the beginning.
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let reason = errno == EEXIST ? "the file exists" : String(cString: strerror(errno))
            throw StoreError(.unwritable, "cannot write \(path): \(reason)")
        }
        defer { close(descriptor) }
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(10)
            let queue = try DatabaseQueue(path: source, configuration: configuration)
            try queue.vacuum(into: path)
            try queue.close()
            guard fsync(descriptor) == 0 else { throw StoreError(.unwritable, "cannot write \(path): \(String(cString: strerror(errno)))") }
        } catch {
            try? FileManager.default.removeItem(atPath: path)
            switch error {
            case let error as StoreError: throw error
            case let error as DatabaseError where error.resultCode == .SQLITE_FULL || error.resultCode == .SQLITE_IOERR:
                throw StoreError(.unwritable, "cannot write \(path): \(error.message ?? "\(error.resultCode)")")
            case let error as DatabaseError:
                throw StoreError(.unopenable, "cannot copy the database \(source): \(error.message ?? "\(error.resultCode)")")
            default: throw StoreError(.unopenable, "cannot copy the database \(source): \(type(of: error))")
            }
        }
    }
}
