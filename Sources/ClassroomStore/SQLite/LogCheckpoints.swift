import Dispatch
import Foundation
import GRDB
import Logging
import NIOConcurrencyHelpers

/// Moves committed data from the write-ahead log into the database file: at intervals, when the log grows, and at the end.
///
/// Operators copy the database file alone. Without this, all data may be in `…-wal`, and the copy would be an empty classroom.
final class LogCheckpoints: Sendable {
    private struct State {
        var commits = 0
        var moved = 0
        var isFinished = false
    }

    /// Commits between two checks of the log's size, each of which is a system call.
    private static let commitsPerLook = 64

    private let pool: DatabasePool
    private let logPath: String
    private let interval: Duration
    private let maximumLogBytes: Int
    private let busyTimeoutMs: Int
    private let logger: Logger
    private let state = NIOLockedValueBox(State())
    private let queue = DispatchQueue(label: "dunlin-checkpoints")

    init(pool: DatabasePool, path: String, configuration: StoreConfiguration, logger: Logger) {
        self.pool = pool
        logPath = path + "-wal"
        interval = configuration.checkpointInterval
        maximumLogBytes = configuration.maximumLogBytes
        busyTimeoutMs = Int(configuration.busyTimeout / .milliseconds(1))
        self.logger = logger
    }

    /// Starts the checks at intervals. They end with this object, or with ``finish()``.
    func start() {
        queue.asyncAfter(deadline: .now() + .milliseconds(max(10, Int(interval / .milliseconds(1))))) { [weak self] in
            guard let self, self.moveIfNeeded() else { return }
            self.start()
        }
    }

    /// Called after each committed batch, on the writer's thread.
    func committed() {
        let isTimeToLook = state.withLockedValue { state in
            state.commits += 1
            return state.commits % Self.commitsPerLook == 0
        }
        if isTimeToLook, logBytes > maximumLogBytes { move() }
    }

    /// The last checkpoint. It waits for readers; writes have ended.
    func finish() {
        // Waits for a checkpoint under way: the database may be closed after this.
        queue.sync {
            let isFirst = state.withLockedValue { state in
                defer { state.isFinished = true }
                return !state.isFinished
            }
            if isFirst { move(waitMs: busyTimeoutMs) }
        }
    }

    /// Returns false once the checks have ended.
    private func moveIfNeeded() -> Bool {
        let (isFinished, hasCommits) = state.withLockedValue { ($0.isFinished, $0.commits != $0.moved) }
        guard !isFinished else { return false }
        if hasCommits || logBytes > maximumLogBytes { move() }
        return true
    }

    /// - Parameter waitMs: how long to wait for readers that still need the log. 0 while commits may queue behind it; the next attempt
    ///   moves the rest then.
    private func move(waitMs: Int = 0) {
        let commits = state.withLockedValue { $0.commits }
        do {
            try pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA busy_timeout = \(waitMs)")
                defer { try? db.execute(sql: "PRAGMA busy_timeout = \(busyTimeoutMs)") }
                try db.checkpoint(.truncate)
            }
            state.withLockedValue { $0.moved = commits }
            logger.debug("the write-ahead log was moved into the database")
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY || error.resultCode == .SQLITE_LOCKED {
            logger.debug("the write-ahead log is in use, its end stays")
        } catch {
            logger.warning("the write-ahead log could not be moved into the database", metadata: ["error": "\(type(of: error))"])
        }
    }

    private var logBytes: Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: logPath)
        return (attributes?[.size] as? NSNumber)?.intValue ?? 0
    }
}
