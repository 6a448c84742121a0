public import SocketIOClusterCore

/// Which of Node's adapters the other servers use. All servers of a cluster use the same one, with the same settings.
public enum RedisAdapterKind: Sendable, Hashable {
    /// `createAdapter` of `@socket.io/redis-adapter`.
    ///
    /// - Parameter key: the prefix of the channels' names.
    case classic(key: String = "socket.io")
    /// `createShardedAdapter` of `@socket.io/redis-adapter`: sharded channels, Redis 7 or newer.
    ///
    /// - Parameters:
    ///   - prefix: the prefix of the channels' names.
    ///   - mode: which rooms have their own channel. In the dynamic modes a server that has just put a socket into a room may miss what
    ///     others send to that room until it listens to the channel, as in Node.
    case sharded(prefix: String = "socket.io", mode: ShardedChannels.Mode = .dynamic)
    /// `createAdapter` of `@socket.io/redis-streams-adapter`: events are kept in a stream. So a server that was cut off reads what it
    /// missed, all sockets of all Swift servers see all events in one order, and a client can resume its session on any server.
    case streams(RedisStreamSettings = RedisStreamSettings())
}

/// Options of the streams adapter, as Node's servers have them.
public struct RedisStreamSettings: Sendable, Hashable {
    public var streamName = "socket.io"
    public var channelPrefix = "socket.io"
    /// The approximate number of events that are kept, for all namespaces together.
    public var maximumLength = 10_000
    public var sessionKeyPrefix = "sio:session:"
    /// The maximum number of entries per read.
    public var readCount = 100
    /// How long a read waits for entries.
    public var blockTime: Duration = .seconds(5)
    /// The maximum number of missed events, and of their bytes, that a returning client gets. A client that missed more begins anew.
    public var maximumMissedEvents = 10_000
    public var maximumMissedBytes = 1 << 24

    public init() {}
}

/// Settings and bounds of one namespace's adapter.
public struct RedisAdapterConfiguration: Sendable, Hashable {
    public var kind: RedisAdapterKind
    /// How long other servers may take to answer, unless a call sets its own time-out.
    public var requestTimeout: Duration = .seconds(5)
    /// The maximum number of this server's requests that wait for others. A further one fails.
    public var maximumPendingRequests = 1_024
    /// The maximum bytes of all answers to one request. Beyond it the request fails.
    public var maximumAnswerBytes = 64 << 20
    /// The maximum number of other servers' requests under way. A further one is not answered.
    public var maximumRequestsInWork = 256
    /// The maximum number of other servers' broadcasts whose clients may still answer. A further one is not delivered.
    public var maximumAcknowledgedBroadcasts = 1_024
    /// Limits of other servers' messages.
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
        /// Too many requests wait.
        public static let tooManyRequests = Code(kind: .tooManyRequests)
        /// The answers exceed the limit.
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
    /// Messages that could not be read, or were beyond the limits.
    public var refused = 0
    /// Requests to other servers that wait now.
    public var pendingRequests = 0
    /// The round trip of the latest measured message to Redis. Nil if none was measured yet.
    public var lag: Duration?
}
