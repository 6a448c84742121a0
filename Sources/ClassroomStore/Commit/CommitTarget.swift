import Classroom

/// Where batches of writes go. Belongs to the writer's thread, which calls it with one batch at a time.
protocol CommitTarget: AnyObject {
    /// Carries out the writes in one transaction and returns when it is committed.
    /// - Returns: what became of each write, in their order.
    /// - Throws: the refusal for all of them. Nothing of the batch was confirmed.
    func commit(_ batch: [StoreWrite]) throws(ClassroomError) -> [Result<StoreWrite.Outcome, ClassroomError>]
    /// The completions of a batch that was committed have run.
    func delivered()
    /// The writer's thread ends: gives back what belongs to it.
    func finish()
}

extension CommitTarget {
    func delivered() {}
    func finish() {}
}

/// A write that waits, and who waits for it.
struct PendingWrite: Sendable {
    let write: StoreWrite
    let completion: @Sendable (Result<StoreWrite.Outcome, ClassroomError>) -> Void
}
