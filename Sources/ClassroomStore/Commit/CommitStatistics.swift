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
    /// How many commits had at most 1, 2, 4, … writes, and more than the bound before.
    private var batches = [Int](repeating: 0, count: 11)
    /// Time spent in transactions, the sync to the disk included.
    public var committing: Duration = .zero
    /// Writes waiting now.
    public var queued = 0

    public init() {}

    /// Upper bounds of the number of writes that share a commit, with how many commits had at most that many. Those that had more are among
    /// ``commits`` only.
    public var batchSizes: [(upperBound: Int, cumulativeCount: Int)] {
        var total = 0
        return batches.indices.map { index in
            total += batches[index]
            return (1 << index, total)
        }
    }

    mutating func record(writes count: Int, isCommitted: Bool, took: Duration) {
        committing += took
        guard isCommitted else {
            failedCommits += 1
            return
        }
        commits += 1
        writes += count
        largestBatch = max(largestBatch, count)
        let bucket = count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount
        if batches.indices.contains(bucket) { batches[bucket] += 1 }
    }
}
