public import SocketIOCore

/// How a client connects and what it does when the connection is lost. The defaults are the reference's.
public struct SocketIOClientConfiguration: Sendable {
    /// The auth of a namespace's CONNECT.
    public enum Authentication: Sendable {
        case none
        /// An object, by the protocol.
        case value(JSONSlice)
        /// Called with the namespace before each join, also after a reconnect, so that a token can be renewed. An error counts as a lost
        /// connection.
        case provider(@Sendable (_ namespace: String) async throws -> JSONSlice?)
    }

    public var connection: ConnectionConfiguration
    public var authentication = Authentication.none
    /// If nil, a lost connection ends the client.
    public var reconnection: ReconnectionPolicy? = ReconnectionPolicy()
    /// The default time-out of acknowledgements. If nil, they wait as long as the connection lives.
    public var acknowledgementTimeout: Duration?
    /// If nil, an event is sent once.
    public var retries: RetryPolicy?
    public var limits = Limits()
    /// Waits before a reconnect. Tests replace it.
    public var clock: any Clock<Duration> = ContinuousClock()
    /// Returns a number in 0..<1, which spreads reconnects.
    public var random: @Sendable () -> Double = { Double.random(in: 0..<1) }

    public init(connection: ConnectionConfiguration) { self.connection = connection }

    /// - Throws: ``SocketIOClientError/invalidURL(_:)``.
    public init(_ url: String) throws(SocketIOClientError) { connection = try ConnectionConfiguration(url) }

    /// Limits of one client.
    public struct Limits: Sendable, Hashable {
        /// Events that wait for a join, per namespace.
        public var maximumBufferedEvents = 1_024
        /// The total bytes of these events.
        public var maximumBufferedBytes = 4_000_000
        /// Unread events of a sequence of ``ClientSocket/events(_:)``. One more ends the sequence.
        public var maximumUnreadEvents = 1_024

        public init() {}
    }

    /// Delivers every event at least once, in order: one event is under way at a time, and is repeated until it is acknowledged.
    public struct RetryPolicy: Sendable, Hashable {
        /// After the first try.
        public var maximumRetries: Int
        /// The time-out of one attempt. An attempt does not time out while the namespace is not joined.
        public var acknowledgementTimeout: Duration
        /// Appends an argument to each event: a string that is the same for all attempts and differs between events, so that the server
        /// recognises repetitions.
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
    /// In 0...1: the random share of the delay, so that a server's clients do not all come back at once.
    public var randomizationFactor: Double
    /// If nil, there is no limit.
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

    /// The delay before the next attempt. Nil if there is none.
    ///
    /// - Parameter random: in 0..<1.
    mutating func next(random: Double) -> Duration? {
        if let maximum = policy.maximumAttempts, attempts >= maximum { return nil }
        let exponent = min(attempts, 30)
        attempts += 1
        let delay = policy.delay / .seconds(1) * Double(1 << exponent)
        let deviation = random * policy.randomizationFactor * delay
        // As in the reference, a further digit of the same random number decides the direction.
        let isEarlier = Int(random * 10) & 1 == 0
        return min(.seconds(isEarlier ? delay - deviation : delay + deviation), policy.maximumDelay)
    }

    /// The connection is established.
    mutating func reset() { attempts = 0 }
}
