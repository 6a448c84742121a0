public import SocketIOClusterCore

/// Which of Node's adapters the other servers use. All servers of a cluster use the same one, with the same settings.
public enum RedisAdapterKind: Sendable, Hashable {
    /// `createAdapter` of `@socket.io/redis-adapter`.
    ///
    /// - Parameter key: what the names of the channels begin with.
    case classic(key: String = "socket.io")
    /// `createShardedAdapter` of `@socket.io/redis-adapter`: sharded channels, Redis 7 or newer.
    ///
    /// - Parameters:
    ///   - prefix: what the names of the channels begin with.
    ///   - mode: which rooms have a channel of their own. In the dynamic modes a server that has just put a socket into a room may miss what
    ///     others send to that room until it listens to the channel, as in Node.
    case sharded(prefix: String = "socket.io", mode: ShardedChannels.Mode = .dynamic)
    /// `createAdapter` of `@socket.io/redis-streams-adapter`: events are kept in a stream, so that a server that was cut off reads what it
    /// missed, all sockets of all Swift servers see all events in one order, and a client comes back to its session on any server.
    case streams(RedisStreamSettings = RedisStreamSettings())
}

/// Options of the streams adapter, as Node's servers have them.
public struct RedisStreamSettings: Sendable, Hashable {
    public var streamName = "socket.io"
    public var channelPrefix = "socket.io"
    /// About so many events are kept, of all namespaces together.
    public var maximumLength = 10_000
    public var sessionKeyPrefix = "sio:session:"
    /// Entries that are read at once.
    public var readCount = 100
    /// How long a read waits for entries.
    public var blockTime: Duration = .seconds(5)
    /// The most events, and the most bytes of them, that a client that comes back is given; one that missed more begins anew.
    public var maximumMissedEvents = 10_000
    public var maximumMissedBytes = 1 << 24

    public init() {}
}

/// Settings and bounds of one namespace's adapter.
public struct RedisAdapterConfiguration: Sendable, Hashable {
    public var kind: RedisAdapterKind
    /// How long other servers may take to answer, if a call does not say.
    public var requestTimeout: Duration = .seconds(5)
    /// The most requests of this server that wait for others at once; a further one fails.
    public var maximumPendingRequests = 1_024
    /// The most bytes of all answers to one request; beyond them it fails.
    public var maximumAnswerBytes = 64 << 20
    /// The most requests of others that this server works on at once; a further one is not answered.
    public var maximumRequestsInWork = 256
    /// The most broadcasts of others whose clients still may answer; a further one is not delivered.
    public var maximumAcknowledgedBroadcasts = 1_024
    /// Of what arrives from others.
    public var limits = ClusterLimits()

    public init(_ kind: RedisAdapterKind = .classic()) { self.kind = kind }
}

/// Why a request to other servers failed.
public struct RedisAdapterError: Error, Sendable, Hashable, CustomStringConvertible {
    public struct Code: Sendable, Hashable {
        private enum Kind { case timedOut, tooManyRequests, answersTooLarge, closed }
        private let kind: Kind

        /// Not all servers answered in time.
        public static let timedOut = Code(kind: .timedOut)
        /// So many requests wait that no further one may begin.
        public static let tooManyRequests = Code(kind: .tooManyRequests)
        /// The answers are longer than they may be.
        public static let answersTooLarge = Code(kind: .answersTooLarge)
        /// The namespace has ended.
        public static let closed = Code(kind: .closed)
    }

    public let code: Code
    public let description: String

    static func timedOut(_ received: Int, of expected: Int) -> RedisAdapterError {
        RedisAdapterError(code: .timedOut, description: "timeout reached: only \(received) responses received out of \(expected)")
    }

    static let tooManyRequests = RedisAdapterError(code: .tooManyRequests, description: "too many requests to other servers wait")
    static let answersTooLarge = RedisAdapterError(code: .answersTooLarge, description: "the answers of other servers are too large")
    static let closed = RedisAdapterError(code: .closed, description: "the namespace has ended")
}

/// Counts of an adapter since its start.
public struct RedisAdapterStatistics: Sendable, Hashable {
    /// Messages to other servers.
    public var sent = 0
    /// Messages to other servers that did not reach Redis: it was away, or the queue was full.
    public var unsent = 0
    /// Messages of other servers for this one.
    public var received = 0
    /// What arrived and could not be read, or was more than this server takes.
    public var refused = 0
    /// Requests to other servers that wait now.
    public var pendingRequests = 0
    /// How long the latest measured message took to Redis and back; nil: none was measured yet.
    public var lag: Duration?
}
