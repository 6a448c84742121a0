import Classroom
import GRDB
import GRDBSQLite
import Logging
import NIOConcurrencyHelpers

/// Performs batches on the pool's writing connection.
///
/// Each write fails or succeeds by itself: one with several statements in a savepoint; one with a single statement needs none, as SQLite
/// undoes a failed statement. A failure that ends the whole transaction (disk full, input or output error) fails every write of the batch.
final class SQLiteWriter: CommitTarget {
    private enum Outcome {
        case answer(AnswerOutcome)
        case message(ChatMessage)
        case done(@Sendable () -> Void)
        case failed(ClassroomError)
    }

    private let pool: DatabasePool
    private let checkpoints: LogCheckpoints
    private let logger: Logger
    /// Taken out for the time of a transaction: only the writer's thread uses them.
    private let sequences = NIOLockedValueBox<ChatSequences?>(ChatSequences())

    init(pool: DatabasePool, checkpoints: LogCheckpoints, logger: Logger) {
        self.pool = pool
        self.checkpoints = checkpoints
        self.logger = logger
    }

    func commit(_ batch: [SQLiteWrite]) -> CommittedBatch {
        var sequences = self.sequences.withLockedValue { kept in
            defer { kept = nil }
            return kept ?? ChatSequences()
        }
        defer { self.sequences.withLockedValue { $0 = sequences } }
        do {
            let outcomes = try pool.writeWithoutTransaction { db in try perform(batch, in: db, sequences: &sequences) }
            return CommittedBatch(isCommitted: true) { [checkpoints] in
                for (write, outcome) in zip(batch, outcomes) { Self.deliver(outcome, to: write) }
                checkpoints.committed()
            }
        } catch {
            sequences.forgetAll()
            let refusal = SQLiteFailure.refusal(error, logger: logger)
            return CommittedBatch(isCommitted: false) {
                for write in batch { write.fail(refusal) }
            }
        }
    }

    private func perform(_ batch: [SQLiteWrite], in db: Database, sequences: inout ChatSequences) throws -> [Outcome] {
        do {
            try db.beginTransaction(.immediate)
            var outcomes: [Outcome] = []
            outcomes.reserveCapacity(batch.count)
            for write in batch {
                do {
                    outcomes.append(try perform(write, in: db, sequences: &sequences))
                } catch {
                    guard db.isInsideTransaction else { throw error }
                    outcomes.append(.failed(SQLiteFailure.refusal(error, logger: logger)))
                }
            }
            try db.commit()
            return outcomes
        } catch {
            if db.isInsideTransaction { try db.rollback() }
            throw error
        }
    }

    private func perform(_ write: SQLiteWrite, in db: Database, sequences: inout ChatSequences) throws -> Outcome {
        switch write {
        case .answer(let answer, let sessionCreatedAt, _):
            return .answer(try AnswerRows.insert(answer, sessionCreatedAt, in: db))
        case .message(let message, _):
            return .message(try ChatRows.insert(message, in: db, sequences: &sequences))
        case .transaction(let transaction):
            var context = db
            var finish: @Sendable () -> Void = {}
            try db.inSavepoint {
                finish = try transaction.perform(&context)
                return .commit
            }
            return .done(finish)
        }
    }

    private static func deliver(_ outcome: Outcome, to write: SQLiteWrite) {
        switch (outcome, write) {
        case (.answer(let outcome), .answer(_, _, let completion)):
            completion(.success(outcome))
        case (.message(let stored), .message(_, let completion)):
            completion(.success(stored))
        case (.done(let finish), .transaction):
            finish()
        case (.failed(let error), _):
            write.fail(error)
        case (.answer, _), (.message, _), (.done, _):
            assertionFailure("an outcome belongs to the write that it came from")
            write.fail(.storeFailed)
        }
    }
}
