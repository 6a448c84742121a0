import Classroom
import ClassroomStore
import Logging

/// Deletes expired tokens, and guests whose last token has expired, at intervals. Their answers and their names in the sessions that they
/// played stay. Thread-safe.
final class ExpiryWatch: Sendable {
    /// Rows per transaction: few, so that other writes do not wait long.
    private static let batch = 1_000

    private let rounds: RepeatedWork

    init(store: any ClassroomStore, clock: any ClassroomClock, intervalMs: Int64, logger: Logger) {
        rounds = RepeatedWork(every: intervalMs, by: clock) { rounds in
            do {
                // Batch by batch until nothing expired is left, or until the server stops.
                while try await store.deleteExpired(now: clock.now, limit: Self.batch) > 0, !rounds.isStopped {}
            } catch {
                // A failure is left to the next round.
                logger.warning("what has expired could not be deleted", metadata: ["error.type": "\(type(of: error))"])
            }
        }
    }

    func start() { rounds.start() }

    func stop() { rounds.stop() }
}
