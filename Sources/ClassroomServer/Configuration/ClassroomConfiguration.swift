public import ClassroomHTTP
public import ClassroomLive
public import ClassroomStore
public import SocketIOServer

/// Everything that a classroom server can be told. The defaults are those of `dunlin serve`.
public struct ClassroomConfiguration: Sendable {
    public var hostname = "127.0.0.1"
    /// 0 lets the system choose a free one.
    public var port = 3001
    /// `sqlite:PATH`, `postgres://USER:PASSWORD@HOST:PORT/NAME` with the parameters of libpq, or `memory:`.
    public var database = "sqlite:dunlin.sqlite"
    /// `redis://HOST:PORT/DB`, or `rediss://` for TLS: joins this server with all others that name the same database of the same Redis.
    public var redis: String?
    /// A JSON file from opaque token to user, see ``TokensFile``.
    public var tokensFile: String?
    /// JSON Web Tokens are accepted when this is set.
    public var jwt: JWTConfiguration?
    /// HTTPS when this is set.
    public var tls: TLSFiles?
    /// Origins besides the server's own whose pages may talk to it, such as `https://school.example`.
    public var allowedOrigins: Set<String> = []
    /// Where people find the classroom, such as `https://school.example`, if that is not where it listens. Printed links, the join box and its QR
    /// code name it, and pages that come from there are the server's own.
    public var publicURL: String?
    /// Addresses and networks of the proxies in front of the server, such as `127.0.0.1` or `10.0.0.0/8`: they say whose request they pass on.
    /// Without them all clients behind a proxy have one address, and share what each address may do.
    public var trustedProxies: [String] = []
    /// Quizzes, users and sessions to try things out with.
    public var isDemo = false
    /// From `quiz:started` to the first question, where a session's settings say nothing.
    public var questionLeadInMs = 1_000
    /// How long a question is open, where a session's settings say nothing.
    public var questionDurationMs = 30_000

    /// How long `/readyz` fails, at least, before a drain closes the port and the sockets.
    public var drainNotice: Duration = .milliseconds(250)
    /// Over what time a drain then closes the sockets.
    public var drainSpread = DrainSpread()
    /// The largest body of an HTTP request; a larger one gets 413.
    public var maximumBodyBytes = 1_000_000
    public var quizLimits = QuizLimits()
    public var store = StoreConfiguration()
    /// Limits and times of the connections. The origin policy and the CORS headers follow from ``allowedOrigins``.
    public var socketIO = SocketIOConfiguration()

    public init() {}

    /// The defaults, changed: `ClassroomConfiguration { $0.port = 8080 }`.
    public init(_ change: (inout ClassroomConfiguration) -> Void) {
        change(&self)
    }
}

/// The time over which a server that ends closes its sockets. All at once, their clients would come to the other servers all at once.
public struct DrainSpread: Hashable, Sendable {
    /// For each socket.
    public var timePerSocket: Duration = .milliseconds(1)
    /// For all of them at most.
    public var longestTime: Duration = .seconds(5)

    public init() {}

    func time(forSockets count: Int) -> Duration { min(longestTime, timePerSocket * max(0, count)) }
}
