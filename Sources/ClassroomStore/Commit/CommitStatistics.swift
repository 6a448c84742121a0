/// What the writer has done since the store was opened. Counts only rise, but for ``queued``.
public struct CommitStatistics: Hashable, Sendable {
    /// Transactions that were committed.
    public var commits = 0
    /// Writes that were in a committed transaction.
    public var writes = 0
    /// Transactions that failed as a whole.
    public var failedCommits = 0
    /// Writes refused because the queue was full or the store closed.
    public var refusedWrites = 0
    /// The most writes that shared one transaction.
    public var largestBatch = 0
    /// Time spent in transactions, the sync to the disk included.
    public var committing: Duration = .zero
    /// Writes waiting now.
    public var queued = 0

    public init() {}
}
