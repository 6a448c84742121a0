import Classroom

/// Commits batches of writes. Used on the writer's thread only, one batch at a time.
protocol CommitTarget: AnyObject {
    /// Carries out the writes in one transaction and returns when it is committed.
    /// - Returns: the result of each write, in order.
    /// - Throws: the error for all writes. None of the batch was confirmed.
    func commit(_ batch: [StoreWrite]) throws(ClassroomError) -> [Result<StoreWrite.Outcome, ClassroomError>]
    /// Called after the completions of a committed batch.
    func delivered()
    /// Called when the writer's thread ends: releases the target's resources.
    func finish()
}

extension CommitTarget {
    func delivered() {}
    func finish() {}
}

/// A waiting write with its completion.
struct PendingWrite: Sendable {
    let write: StoreWrite
    let completion: @Sendable (Result<StoreWrite.Outcome, ClassroomError>) -> Void
}
