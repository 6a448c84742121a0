public import Classroom

/// Limits and times of a store.
public struct StoreConfiguration: Sendable {
    /// Writes that may wait for the writer; the next one is refused. 10,000 take a few megabytes and about a second to commit.
    public var maximumQueuedWrites = 10_000
    /// Bytes of the writes that wait, each counted with a kilobyte more than its content.
    public var maximumQueuedBytes = 64 << 20
    /// The maximum number of writes in one transaction.
    public var maximumBatchedWrites = 1_000
    /// While writes come in bursts, transactions begin at most this often; a lone write begins at once.
    public var commitWindow: Duration = .milliseconds(2)
    /// How long a write may wait for its transaction to begin. Together with ``busyTimeout`` it bounds the time until a write's completion
    /// runs.
    public var maximumWriteWait: Duration = .milliseconds(2_500)
    /// How long a transaction may take: it waits for another process that has the file locked, or for a database server that does not answer.
    public var busyTimeout: Duration = .seconds(2)
    /// Limits of the connections to a database server. A file has none.
    public var pool = PoolConfiguration()
    /// How often committed data moves from the write-ahead log into the database file. SQLite by itself may leave all of it in the log.
    public var checkpointInterval: Duration = .seconds(5)
    /// The size of the write-ahead log, in bytes, beyond which that happens at once.
    public var maximumLogBytes = 16 << 20
    /// Settings for sessions whose rows do not contain them, such as rows that were written by hand.
    public var defaultSettings = SessionSettings()

    public init() {}
}

/// Limits and times of the connections to a database server.
public struct PoolConfiguration: Sendable {
    /// Connections for reads. Another one is for writes.
    public var readers = 4
    /// Reads that may wait for a connection; the next one is refused.
    public var maximumQueuedReads = 2_000
    /// How long a read may take, its wait for a connection included.
    public var readTimeout: Duration = .seconds(2)
    /// How long opening a connection may take.
    public var connectTimeout: Duration = .seconds(2)
    /// The wait before connecting again after a failure. It doubles up to the longest; a random part of it is used each time.
    public var firstReconnectDelay: Duration = .milliseconds(20)
    public var longestReconnectDelay: Duration = .milliseconds(500)
    /// How long the tables may take to be created or changed when a server starts.
    public var migrationTimeout: Duration = .seconds(60)

    public init() {}
}
