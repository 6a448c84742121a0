/// Why a command, a subscription or a connection failed.
///
/// Its description is safe to log: it holds no argument, no reply and no password.
public struct RedisError: Error, Sendable, Hashable, CustomStringConvertible {
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// Redis answered with an error; ``RedisError/reply`` has it.
        public static let reply = Code("error reply")
        /// No connection could be made; the queue waits for the next try.
        public static let connectionFailed = Code("connection failed")
        /// The connection ended before the reply.
        public static let connectionLost = Code("connection lost")
        /// No reply within the command's time.
        public static let timedOut = Code("timed out")
        /// So many commands, or bytes of them, wait for Redis that no more are taken.
        public static let queueFull = Code("queue full")
        /// The client was closed.
        public static let closed = Code("closed")
        /// The caller's task was cancelled.
        public static let cancelled = Code("cancelled")
        /// Redis sent bytes that are no RESP, or a reply to nothing.
        public static let protocolViolation = Code("protocol violation")
        /// The reply has another shape than the command's.
        public static let unexpectedReply = Code("unexpected reply")
        /// A password, a user or a database that Redis does not accept.
        public static let refused = Code("refused by Redis")
        /// More subscriptions than the limit.
        public static let tooManySubscriptions = Code("too many subscriptions")
        /// A subscriber did not keep up with its messages.
        public static let slowSubscriber = Code("slow subscriber")
        /// A URL that names no Redis server.
        public static let invalidURL = Code("invalid URL")
        /// A command that this client sends by itself only, such as SUBSCRIBE.
        public static let invalidCommand = Code("invalid command")

        private let name: String
        private init(_ name: String) { self.name = name }
        public var description: String { name }
    }

    public let code: Code
    /// More about it, safe to log.
    public let detail: String
    /// What Redis answered; its text may repeat arguments.
    public let reply: RESPErrorReply?
    /// Redis may have carried the command out. If it is false, sending the command again cannot do a thing twice.
    public let mayHaveBeenExecuted: Bool

    public init(_ code: Code, _ detail: String = "", reply: RESPErrorReply? = nil, mayHaveBeenExecuted: Bool = false) {
        self.code = code
        self.detail = detail
        self.reply = reply
        self.mayHaveBeenExecuted = mayHaveBeenExecuted
    }

    public init(_ reply: RESPErrorReply) {
        self.init(.reply, reply.kind, reply: reply)
    }

    public var description: String {
        detail.isEmpty ? "Redis: \(code)" : "Redis: \(code) (\(detail))"
    }

    /// The same failure of a command that had been sent.
    func afterSending(_ wasSent: Bool) -> RedisError {
        RedisError(code, detail, reply: reply, mayHaveBeenExecuted: wasSent)
    }
}
