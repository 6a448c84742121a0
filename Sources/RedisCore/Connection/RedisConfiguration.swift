/// How to reach Redis, and the bounds of one client.
public struct RedisConfiguration: Sendable, Hashable {
    public var host: String
    public var port: Int
    /// The database that is selected after the greeting.
    public var database: Int
    public var credentials: RedisCredentials?
    /// nil: without TLS.
    public var tls: RedisTLS?
    /// What `CLIENT LIST` shows; without spaces.
    public var clientName: String?
    public var limits: RedisClientLimits
    public var timeouts: RedisTimeouts
    public var backoff: RedisBackoff

    public init(
        host: String = "127.0.0.1", port: Int = 6379, database: Int = 0, credentials: RedisCredentials? = nil, tls: RedisTLS? = nil,
        clientName: String? = nil, limits: RedisClientLimits = RedisClientLimits(), timeouts: RedisTimeouts = RedisTimeouts(),
        backoff: RedisBackoff = RedisBackoff()
    ) {
        self.host = host
        self.port = port
        self.database = database
        self.credentials = credentials
        self.tls = tls
        self.clientName = clientName
        self.limits = limits
        self.timeouts = timeouts
        self.backoff = backoff
    }
}

/// A user of Redis's access control lists, or the one password of older set-ups. No description of it shows the password.
public struct RedisCredentials: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    /// `default` if Redis knows only a password.
    public let user: String
    public let password: String

    public init(user: String = "default", password: String) {
        self.user = user
        self.password = password
    }

    public var description: String { "\(user):***" }
    public var customMirror: Mirror { Mirror(self, children: ["user": user, "password": "***"]) }
}

/// TLS towards Redis. The certificate's name has to be the host's.
public struct RedisTLS: Sendable, Hashable {
    /// A PEM file with the authorities that are trusted; nil: the system's.
    public var authoritiesFile: String?
    /// PEM files of the client's own certificate and key, where Redis asks for one.
    public var certificateFile: String?
    public var keyFile: String?

    public init(authoritiesFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil) {
        self.authoritiesFile = authoritiesFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}

/// Bounds of one client. What exceeds them is refused with ``RedisError/Code/queueFull`` or
/// ``RedisError/Code/tooManySubscriptions``.
public struct RedisClientLimits: Sendable, Hashable {
    /// Commands that wait to be sent, and their bytes. They wait while Redis is away, or while enough others are in flight.
    public var maximumQueuedCommands: Int
    public var maximumQueuedBytes: Int
    /// Commands that were sent and are not answered, and their bytes; one command may exceed the bytes if it is alone.
    public var maximumCommandsInFlight: Int
    public var maximumBytesInFlight: Int
    public var maximumSubscriptions: Int
    /// Of replies and messages.
    public var values: RESPLimits

    public init(
        maximumQueuedCommands: Int = 10_000, maximumQueuedBytes: Int = 16 << 20, maximumCommandsInFlight: Int = 4_096,
        maximumBytesInFlight: Int = 16 << 20, maximumSubscriptions: Int = 100_000, values: RESPLimits = RESPLimits()
    ) {
        self.maximumQueuedCommands = maximumQueuedCommands
        self.maximumQueuedBytes = maximumQueuedBytes
        self.maximumCommandsInFlight = maximumCommandsInFlight
        self.maximumBytesInFlight = maximumBytesInFlight
        self.maximumSubscriptions = maximumSubscriptions
        self.values = values
    }
}

/// Times of one client.
public struct RedisTimeouts: Sendable, Hashable {
    /// From the first try of a connection until Redis has greeted.
    public var connect: Duration
    /// From a command's submission until its reply, the time in the queue included. A command may bring its own.
    public var command: Duration
    /// So long a connection may be silent before it is asked with a PING, and so long the answer may take: a half-open connection is found
    /// after both.
    public var silence: Duration
    public var ping: Duration

    public init(
        connect: Duration = .seconds(3), command: Duration = .seconds(5), silence: Duration = .seconds(1), ping: Duration = .seconds(2)
    ) {
        self.connect = connect
        self.command = command
        self.silence = silence
        self.ping = ping
    }
}

/// Times between tries to connect: they double up to a maximum, and each is drawn from its upper half, so that clients that lost one
/// server do not come back together.
public struct RedisBackoff: Sendable, Hashable {
    public var initial: Duration
    public var maximum: Duration

    public init(initial: Duration = .milliseconds(50), maximum: Duration = .seconds(2)) {
        self.initial = initial
        self.maximum = maximum
    }

    /// - Parameters:
    ///   - attempt: from 0.
    ///   - random: in 0..<1.
    public func delay(attempt: Int, random: Double) -> Duration {
        let doubled = initial * (1 << min(attempt, 20))
        return min(doubled, maximum) * (0.5 + 0.5 * min(max(random, 0), 1))
    }
}
