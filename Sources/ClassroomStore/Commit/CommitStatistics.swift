/// What the writer has done since the store was opened. All counts but ``queued`` never decrease.
public struct CommitStatistics: Hashable, Sendable {
    /// Transactions that were committed.
    public var commits = 0
    /// Writes that were in a committed transaction.
    public var writes = 0
    /// Transactions that failed as a whole.
    public var failedCommits = 0
    /// Writes refused because the queue was full or the store closed.
    public var refusedWrites = 0
    /// The largest number of writes in one transaction.
    public var largestBatch = 0
    /// How many commits had at most 1, 2, 4, … writes, and more than the previous bound.
    private var batches = [Int](repeating: 0, count: 11)
    /// Time spent in transactions, the sync to the disk included.
    public var committing: Duration = .zero
    /// Writes that wait now.
    public var queued = 0

    public init() {}

    /// A histogram of the writes per commit: upper bounds, and the number of commits up to each bound. Larger commits are counted in
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
