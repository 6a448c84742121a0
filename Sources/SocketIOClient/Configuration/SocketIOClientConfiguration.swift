public import SocketIOCore

/// How a client behaves: its connection, and what happens when that is lost. The defaults are the reference's.
public struct SocketIOClientConfiguration: Sendable {
    /// What a namespace's CONNECT carries, asked for before each.
    public enum Authentication: Sendable {
        case none
        /// An object, by the protocol.
        case value(JSONSlice)
        /// Called with the namespace for each join, also after a reconnect: a token may be renewed. An error counts as a lost connection.
        case provider(@Sendable (_ namespace: String) async throws -> JSONSlice?)
    }

    public var connection: ConnectionConfiguration
    public var authentication = Authentication.none
    /// nil: a lost connection ends the client.
    public var reconnection: ReconnectionPolicy? = ReconnectionPolicy()
    /// For acknowledgements that name no other. nil: as long as the connection lives.
    public var acknowledgementTimeout: Duration?
    /// nil: an event is sent once.
    public var retries: RetryPolicy?
    public var limits = Limits()
    /// Waits before a reconnect; a test gives its own.
    public var clock: any Clock<Duration> = ContinuousClock()
    /// In 0..<1, for the spread of reconnects.
    public var random: @Sendable () -> Double = { Double.random(in: 0..<1) }

    public init(connection: ConnectionConfiguration) { self.connection = connection }

    /// - Throws: ``SocketIOClientError/invalidURL(_:)``.
    public init(_ url: String) throws(SocketIOClientError) { self.connection = try ConnectionConfiguration(url) }

    /// What one client may hold.
    public struct Limits: Sendable, Hashable {
        /// Events that wait for their namespace to be joined, per namespace.
        public var maximumBufferedEvents = 1_024
        /// Their bytes together.
        public var maximumBufferedBytes = 4_000_000
        /// Events that a sequence of ``ClientSocket/events(_:)`` holds before its reader takes them. One more ends the sequence.
        public var maximumUnreadEvents = 1_024

        public init() {}
    }

    /// Every event is delivered at least once, in order: one is under way at a time, and it is sent again until it is acknowledged.
    public struct RetryPolicy: Sendable, Hashable {
        /// After the first try.
        public var maximumRetries: Int
        /// The time that one try may take. One try does not end while the namespace is not joined.
        public var acknowledgementTimeout: Duration
        /// Appends an argument to each event, the same string for all its tries and another one for each event: a server recognises what it has
        /// had already.
        public var appendsOffset: Bool

        public init(maximumRetries: Int, acknowledgementTimeout: Duration, appendsOffset: Bool = false) {
            precondition(maximumRetries >= 0, "The first try is no retry")
            self.maximumRetries = maximumRetries
            self.acknowledgementTimeout = acknowledgementTimeout
            self.appendsOffset = appendsOffset
        }
    }
}

/// When a lost connection is tried again: `min(delay · 2ⁿ ± random · factor · that, maximum)`, as the reference does.
public struct ReconnectionPolicy: Sendable, Hashable {
    public var delay: Duration
    public var maximumDelay: Duration
    /// In 0...1: the share of the delay that is left to chance, so that a server's clients do not come back all at once.
    public var randomizationFactor: Double
    /// nil: no limit.
    public var maximumAttempts: Int?

    public init(
        delay: Duration = .seconds(1), maximumDelay: Duration = .seconds(5), randomizationFactor: Double = 0.5, maximumAttempts: Int? = nil
    ) {
        self.delay = delay
        self.maximumDelay = maximumDelay
        self.randomizationFactor = randomizationFactor
        self.maximumAttempts = maximumAttempts
    }
}

/// Counts attempts and computes their delays.
struct Backoff: Sendable, Hashable {
    let policy: ReconnectionPolicy
    private(set) var attempts = 0

    init(_ policy: ReconnectionPolicy) { self.policy = policy }

    /// The delay before the next attempt; nil: there are no more.
    ///
    /// - Parameter random: in 0..<1.
    mutating func next(random: Double) -> Duration? {
        if let maximum = self.policy.maximumAttempts, self.attempts >= maximum { return nil }
        let exponent = min(self.attempts, 30)
        self.attempts += 1
        let delay = self.policy.delay / .seconds(1) * Double(1 << exponent)
        let deviation = random * self.policy.randomizationFactor * delay
        // The second digit of the same random number decides the direction, as in the reference.
        let isEarlier = Int(random * 10) & 1 == 0
        return min(.seconds(isEarlier ? delay - deviation : delay + deviation), self.policy.maximumDelay)
    }

    /// The connection stands.
    mutating func reset() { self.attempts = 0 }
}
