import Classroom

/// What a write must be able to do before it is committed: be refused.
protocol QueuedWrite: Sendable {
    /// What it takes in memory while it waits, about.
    var byteCount: Int { get }
    /// Runs the write's completion with this error.
    func fail(_ error: ClassroomError)
}

/// Where batches go. The writer's thread calls it, one batch at a time.
protocol CommitTarget: Sendable {
    associatedtype Write: QueuedWrite

    /// Performs the writes in one transaction. Runs no completion.
    func commit(_ batch: [Write]) -> CommittedBatch
}

/// A transaction that is over.
struct CommittedBatch {
    /// False: none of the writes was made.
    var isCommitted: Bool
    /// Runs the completions, in the order of the writes, each exactly once.
    var deliver: () -> Void
}
