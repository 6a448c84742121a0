public import Classroom

/// Limits and times of a store.
public struct StoreConfiguration: Sendable {
    /// Writes that may wait for the writer; the next one is refused. 10,000 take a few megabytes and about a second to commit.
    public var maximumQueuedWrites = 10_000
    /// Bytes of the writes that wait, each with a kilobyte beside its content.
    public var maximumQueuedBytes = 64 << 20
    /// Writes that share one transaction at most.
    public var maximumBatchedWrites = 1_000
    /// While writes come in bursts, transactions begin at most this often; a lone write begins at once.
    public var commitWindow: Duration = .milliseconds(2)
    /// How long a transaction waits for another process that has the database locked. A write can wait for the transaction before its own
    /// too: it is told within twice this time.
    public var busyTimeout: Duration = .seconds(2)
    /// How often what was committed goes from the write-ahead log into the database file, if anything was: SQLite by itself may leave all of it
    /// beside the file.
    public var checkpointInterval: Duration = .seconds(5)
    /// The size of the write-ahead log in bytes beyond which that happens at once.
    public var maximumLogBytes = 16 << 20
    /// What holds in a session whose row says nothing about it, such as one that somebody wrote by hand.
    public var defaultSettings = SessionSettings()

    public init() {}
}
