package import PrometheusMetrics

/// The state of the classroom at one moment.
public struct RuntimeSnapshot: Sendable {
    /// Distinct signed-in users who are connected.
    public var activeUsers = 0
    /// Sockets, signed in or not.
    public var connections = 0
    /// Sessions in memory that wait to be started.
    public var waitingSessions = 0
    /// Sessions in memory that are being played.
    public var activeSessions = 0
    /// Players connected to a session: one per user and session.
    public var players = 0
    /// Rooms with members.
    public var chatRooms = 0
    public var dashboardSubscribers = 0
    /// Sessions whose lease this server holds.
    public var leases = 0
    /// Sessions whose lease another server took from this one, since the start.
    public var leasesLost = 0
    /// Sessions that this server has taken up from servers that are gone.
    public var sessionsTakenUp = 0

    /// The exchange with other servers; nil: there are none.
    public var nodes: NodeStatistics?

    /// Requests that arrived, refused ones included. From here on the counts only rise.
    public var requests: UInt64 = 0
    /// Answers stored.
    public var answers: UInt64 = 0
    public var duplicateAnswers: UInt64 = 0
    /// Chat messages stored.
    public var chatMessages: UInt64 = 0
    /// Requests that ended with an error, rate limits included.
    public var errors: UInt64 = 0
    public var rateLimited: UInt64 = 0
    /// In seconds.
    package var acknowledgementLatency = BucketHistogram(buckets: .doublingSeconds).snapshot()
}
