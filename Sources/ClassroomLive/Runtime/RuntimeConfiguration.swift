public import Classroom

/// Times and limits of the classroom's real-time part. Every queue and every count that a client can drive has its limit here.
public struct RuntimeConfiguration: Sendable {
    /// Settings of a session that its own settings leave out.
    public var sessionDefaults = SessionSettings()
    /// The lead-in between `quiz:started` and the first question.
    public var leadInMs: Int {
        get { sessionDefaults.leadInMs }
        set { sessionDefaults.leadInMs = newValue }
    }
    /// How long a question is open.
    public var questionDurationMs: Int {
        get { sessionDefaults.questionDurationMs }
        set { sessionDefaults.questionDurationMs = newValue }
    }

    /// Bytes of requests that wait or are under way, each counted with a kilobyte more than its payload: per socket, per user over all
    /// sockets, and in total. Nobody may hold more than is still free, so the largest holder is refused first.
    public var maximumWaitingBytesPerSocket = 1 << 20
    public var maximumWaitingBytesPerUser = 8 << 20
    public var maximumWaitingBytes = 64 << 20
    /// Requests of one socket that wait for a sign-in or a commit, or are under way. One more is refused as `unavailable`.
    public var maximumQueuedRequests = 256
    /// Sockets of one user at a time.
    public var maximumSocketsPerUser = 10_000
    /// Sessions in memory: those that are active, and those that were looked up lately.
    public var maximumLoadedSessions = 1_000
    /// Sessions in memory that belong to one owner.
    public var maximumLoadedSessionsPerOwner = 250
    /// Memory of the quizzes that those sessions play, and of those of one owner among them.
    public var maximumPlayedQuizBytes = 256 << 20
    public var maximumPlayedQuizBytesPerOwner = 64 << 20
    /// Effects of one session that wait for the database. Beyond it, requests to the session are refused.
    public var maximumWaitingEffects = 100_000
    /// Bounds of one session, players included.
    public var sessionLimits = SessionLimits()
    /// Sessions that one socket plays, observes or hosts at a time.
    public var maximumSessionsPerSocket = 32
    /// Chat rooms that one socket is a member of.
    public var maximumChatRoomsPerSocket = 32
    /// Chat rooms with members.
    public var maximumChatRooms = 10_000
    /// Different chat rooms of one user over all sockets; all guests together have a twentieth of all rooms.
    public var maximumChatRoomsPerUser = 100
    /// Messages in `chat:joined`.
    public var chatHistoryLimit = 50
    /// Messages of a room that this server missed while it could not reach the others, and that it reads from the store.
    public var maximumHealedMessages = 10_000
    /// Members listed in `chat:joined`.
    public var maximumListedMembers = 500

    /// Answers of one user, over all sockets.
    public var answerRate = TokenBucket.Rule(capacity: 9, refillPerSecond: 3)
    /// Chat messages of one user, over all sockets.
    public var chatRate = TokenBucket.Rule(capacity: 30, refillPerSecond: 0.5)
    /// Joins of one socket, and of one user over all sockets; as much again for `quiz:observe`. The second limit is high: a load test joins
    /// with one token from hundreds of sockets.
    public var joinRateOfSocket = TokenBucket.Rule(capacity: 40, refillPerSecond: 2)
    public var joinRate = TokenBucket.Rule(capacity: 1_000, refillPerSecond: 500)
    /// `chat:join` of one socket, whose answer holds the history; of one user as many as joins, where each further so many bytes of the
    /// answer count as one more.
    public var chatJoinRateOfSocket = TokenBucket.Rule(capacity: 100, refillPerSecond: 5)
    public var chatJoinBytes = 16_384
    /// `auth` requests of one socket.
    public var signInRateOfSocket = TokenBucket.Rule(capacity: 20, refillPerSecond: 1)
    /// Sessions that one user creates.
    public var creationRate = TokenBucket.Rule(capacity: 60, refillPerSecond: 2)
    /// Any other request of one socket, and of one user over all sockets.
    public var requestRateOfSocket = TokenBucket.Rule(capacity: 1_000, refillPerSecond: 200)
    public var requestRate = TokenBucket.Rule(capacity: 5_000, refillPerSecond: 2_000)
    /// Requests of one user to the HTTP API.
    public var apiRate = TokenBucket.Rule(capacity: 100, refillPerSecond: 20)
    /// Tokens that one socket tried in vain, and that all sockets of one address did.
    public var failedSignInRate = TokenBucket.Rule(capacity: 10, refillPerSecond: 0.2)
    public var failedSignInRateOfAddress = TokenBucket.Rule(capacity: 300, refillPerSecond: 5)
    /// Tokens of 40 bytes and more that an address tried in vain. The limit is high, since nobody can guess them.
    public var failedLongTokenRateOfAddress = TokenBucket.Rule(capacity: 1_000, refillPerSecond: 100)
    /// New guests of one address. The limit is generous, since a lecture hall may share one address.
    public var guestRateOfAddress = TokenBucket.Rule(capacity: 2_000, refillPerSecond: 50)
    /// Chat messages of one guest: a sixth of what all guests have together in a room.
    public var guestChatRateOfGuest = TokenBucket.Rule(capacity: 5, refillPerSecond: 0.5)
    /// Chat messages of all guests together: in one room, and on the server.
    public var guestChatRateOfRoom = TokenBucket.Rule(capacity: 30, refillPerSecond: 3)
    public var guestChatRate = TokenBucket.Rule(capacity: 300, refillPerSecond: 60)
    /// Join codes that one socket looked up in vain.
    public var failedLookupRate = TokenBucket.Rule(capacity: 10, refillPerSecond: 0.2)
    /// Join codes that all sockets of one address looked up in vain. The limit is generous, since a whole school may share one address.
    public var failedLookupRateOfAddress = TokenBucket.Rule(capacity: 200, refillPerSecond: 5)

    /// Reports that wait, are being made or are being sent: per user, and in total. They are made one at a time.
    public var maximumReportsPerUser = 8
    public var maximumReports = 64

    /// Quizzes that are being received, read or stored through the HTTP API, of a megabyte at most each: of one user, and of all.
    public var maximumQuizzesInHandPerUser = 8
    public var maximumQuizzesInHand = 64

    /// How long a token that was revoked or has expired may still serve the sockets that it signed in.
    public var tokenCheckIntervalMs = 5_000

    /// How often `dashboard:metrics` goes out unless the subscriber asks otherwise.
    public var dashboardIntervalMs = 1_000
    /// The longest interval that a subscriber may ask for.
    public var maximumDashboardIntervalMs = 60_000
    public var maximumDashboardSubscribers = 4_000
    /// The limit for one user, over all sockets; all guests together have a twentieth of the total.
    public var maximumDashboardsPerUser = 1_000
    /// Samples that wait for the database's count of sessions. Further samples are skipped.
    public var maximumDashboardSamplesUnderWay = 16

    /// How long a lease lasts without a renewal, if several servers share the database. After its owner's death another server takes a
    /// session over within this time and one renewal interval.
    public var leaseDurationMs = 3_000
    public var leaseRenewalMs = 1_000
    /// Bounds of what is on its way between servers.
    public var forwarding = ForwardingLimits()
    /// How long a request about a session of another server may take. The time of a takeover is included.
    public var forwardTimeoutMs = 5_000
    /// How often a server tells another how many of its clients sit in that one's sessions, and how long it may be silent before its clients
    /// count as away.
    public var nodeBeatMs = 1_000
    public var nodeSilenceMs = 5_000
    /// The minimum interval between two `quiz:progress` events of a session.
    public var progressIntervalMs = 105
    /// The minimum interval between two whole boards that the HTTP API makes of a running session with more players than a
    /// `quiz:leaderboard` has entries.
    public var wholeBoardIntervalMs = 100
    /// A session without connections and timers leaves memory after this time.
    public var idleSessionMs = 30_000
    /// The wait before a session that could not be stored is stored again.
    public var storeRetryMs = 1_000
    /// How long a guest's token lets them rejoin.
    public var guestTokenLifetimeMs: Int64 = 24 * 60 * 60 * 1_000
    /// How often expired guests and tokens are deleted.
    public var expiryIntervalMs: Int64 = 10 * 60 * 1_000
    /// How long `drain` waits for requests under way.
    public var drainTimeoutMs: Int64 = 25_000

    public init() {}
}
