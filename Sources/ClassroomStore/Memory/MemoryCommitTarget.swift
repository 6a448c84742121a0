import Classroom
import NIOConcurrencyHelpers

/// Applies batches to the tables: each write whole or not at all, as a savepoint would.
final class MemoryCommitTarget: CommitTarget {
    private let tables = NIOLockedValueBox(MemoryTables())

    func read<Value: Sendable>(_ body: (MemoryTables) -> Value) -> Value { tables.withLockedValue { body($0) } }

    func commit(_ batch: [PendingTransaction<MemoryTables>]) -> CommittedBatch {
        let outcomes = tables.withLockedValue { tables in
            batch.map { write in Result { try write.perform(&tables) } }
        }
        return CommittedBatch(isCommitted: true) {
            for (write, outcome) in zip(batch, outcomes) {
                switch outcome {
                case .success(let finish): finish()
                case .failure(let error): write.fail(error as? ClassroomError ?? .storeFailed)
                }
            }
        }
    }
}
