/// Everything that outlives the process. All backends implement this protocol and pass the same contract suite.
///
/// **Writes** are values (``StoreWrite``) and go through one writer, in the order in which they were asked for. Writes that queue during a
/// commit share the next one (group commit); each succeeds or fails by itself. A completion runs once, after the commit, in commit order,
/// on the writer's thread: it must not block and must not wait for the store. A refusal (``StoreConfiguration/maximumQueuedWrites`` are
/// waiting, or the store is closed) is `ClassroomError(.unavailable)` and runs the completion at once, on the caller's thread.
///
/// A failure says that the write was not acknowledged, not that it was not made: a connection can break between the commit and its
/// confirmation. A caller that needs to know must read again.
///
/// **Reads** see every write whose completion has run. They throw `ClassroomError(.unavailable)`, or `CancellationError` in a cancelled task.
public protocol ClassroomStore: UserStore, TokenStore, QuizStore, SessionStore, AnswerStore, ChatStore {
    /// Whether several servers may use this store at once, so that leases must be held and renewed.
    var isShared: Bool { get }
    /// Returns when the store can be read and accepts writes; throws the reason otherwise.
    func health() async throws
    /// The database's settings under which an acknowledged commit may be lost when the machine fails. Empty if there are none.
    func unsafeSettings() async throws -> [String]
    /// Refuses new writes, and returns when the pending ones are committed. Later calls only wait.
    func close() async
    /// What the writer has done so far.
    var statistics: CommitStatistics { get }
    /// The connections to a database server. Nil if the store has none.
    var pool: PoolStatistics? { get }
}

extension ClassroomStore {
    public var isShared: Bool { false }
    public var pool: PoolStatistics? { nil }
    public func unsafeSettings() async throws -> [String] { [] }
}

/// The connections to a database server. All counts but ``connections`` and ``queuedReads`` never decrease.
public struct PoolStatistics: Hashable, Sendable {
    /// Open connections, the writer's included.
    public var connections = 0
    /// Connections opened since the start.
    public var connectionsOpened = 0
    /// Attempts to connect that failed.
    public var failedConnects = 0
    /// Connections that broke, or were given up because the server did not answer in time.
    public var lostConnections = 0
    /// Reads that wait for a connection now.
    public var queuedReads = 0
    /// Reads that were carried out.
    public var reads = 0
    /// Reads that failed because the time was up.
    public var timedOutReads = 0
    /// Reads refused because the queue was full.
    public var refusedReads = 0

    public init() {}
}
