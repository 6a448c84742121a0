public import Classroom

/// Times and limits of the classroom's real-time part. Every queue and every count that a client can drive has its limit here.
public struct RuntimeConfiguration: Sendable {
    /// What a session is played by when its settings do not say otherwise.
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

    /// Requests of one socket that wait behind a sign-in or a commit, those under way included; one more is refused as `unavailable`.
    public var maximumQueuedRequests = 256
    /// Sessions in memory: those that are being played, and those that somebody looks at.
    public var maximumLoadedSessions = 1_000
    /// Bounds of one session, players included.
    public var sessionLimits = SessionLimits()
    /// Sessions that one socket plays, observes or hosts at a time.
    public var maximumSessionsPerSocket = 32
    /// Chat rooms that one socket is a member of.
    public var maximumChatRoomsPerSocket = 32
    /// Chat rooms with members.
    public var maximumChatRooms = 10_000
    /// Messages in `chat:joined`.
    public var chatHistoryLimit = 50
    /// Members listed in `chat:joined`.
    public var maximumListedMembers = 500

    /// Answers of one user, over all sockets.
    public var answerRate = TokenBucket.Rule(capacity: 9, refillPerSecond: 3)
    /// Chat messages of one user, over all sockets.
    public var chatRate = TokenBucket.Rule(capacity: 30, refillPerSecond: 0.5)
    /// Join codes that one socket looked up in vain.
    public var failedLookupRate = TokenBucket.Rule(capacity: 10, refillPerSecond: 0.2)
    /// Join codes that all sockets of one address looked up in vain. Generous: a whole school sits behind one address.
    public var failedLookupRateOfAddress = TokenBucket.Rule(capacity: 200, refillPerSecond: 5)

    /// How long a token that was revoked or has expired may still serve the sockets that it signed in.
    public var tokenCheckIntervalMs = 5_000

    /// How often `dashboard:metrics` goes out unless the subscriber asks otherwise.
    public var dashboardIntervalMs = 1_000
    /// The longest interval that a subscriber may ask for.
    public var maximumDashboardIntervalMs = 60_000
    public var maximumDashboardSubscribers = 1_000
    /// Samples that wait for the database to count the sessions; further ones are left out.
    public var maximumDashboardSamplesUnderWay = 16

    /// The least time between two `quiz:progress` of a session.
    public var progressIntervalMs = 105
    /// A session that nobody is connected to and that waits for nothing leaves memory after this time.
    public var idleSessionMs = 30_000
    /// The wait before a session that could not be stored is stored again.
    public var storeRetryMs = 1_000
    /// How long a guest's token lets them rejoin.
    public var guestTokenLifetimeMs: Int64 = 24 * 60 * 60 * 1_000
    /// How long `drain` waits for requests in hand.
    public var drainTimeoutMs: Int64 = 25_000

    public init() {}
}
