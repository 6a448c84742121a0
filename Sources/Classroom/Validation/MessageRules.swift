/// How much one user may send.
public struct MessageLimits: Hashable, Sendable {
    /// 30 messages per minute.
    public var chat: TokenBucket.Rule
    /// Nine answers at once, three per second.
    public var answers: TokenBucket.Rule
    /// Users (or, before a sign-in, addresses) of whom a bucket is kept, each for chat and for answers.
    public var maximumBuckets: Int

    public init(
        chat: TokenBucket.Rule = .init(capacity: 30, refillPerSecond: 0.5),
        answers: TokenBucket.Rule = .init(capacity: 9, refillPerSecond: 3), maximumBuckets: Int = 100_000
    ) {
        self.chat = chat
        self.answers = answers
        self.maximumBuckets = maximumBuckets
    }
}

/// The rules for what clients send: shape and size by `check`, frequency by the buckets. Time is a parameter.
///
/// The classroom's server uses only `check`. Its rates, with those of guests, sockets and addresses, are in `RequestLimits` of `ClassroomLive`.
public struct MessageRules: Sendable {
    /// A kind of request with a limit of its own.
    public enum Bucket: Sendable, CaseIterable {
        case chat, answers

        /// The bucket that an event draws on.
        public init?(event: String) {
            switch event {
            case "chat:message": self = .chat
            case "quiz:answer": self = .answers
            default: return nil
            }
        }
    }

    public let limits: MessageLimits
    private var chat: RateLimiter<String>
    private var answers: RateLimiter<String>

    public init(limits: MessageLimits = .init()) {
        self.limits = limits
        chat = RateLimiter(rule: limits.chat, maximumKeys: limits.maximumBuckets)
        answers = RateLimiter(rule: limits.answers, maximumKeys: limits.maximumBuckets)
    }

    /// Frequency first: a message that is refused for its shape has cost a token as well.
    public mutating func validate(
        _ event: String, _ payload: Payload, userID: String?, address: String, at now: UnixMilliseconds
    ) -> ValidationResult {
        if let bucket = Bucket(event: event), let refusal = refusal(bucket, userID: userID, address: address, at: now) {
            return .refused(refusal)
        }
        return MessageRules.check(event, payload)
    }

    /// Takes a token of the user's, or of the address's when nobody signed in. Nil: taken.
    public mutating func refusal(
        _ bucket: Bucket, userID: String?, address: String, at now: UnixMilliseconds
    ) -> ClassroomError? {
        guard let wait = take(bucket, userID: userID, address: address, at: now) else { return nil }
        let message =
            switch bucket {
            case .chat: "Chat rate limit exceeded: wait before you write again"
            case .answers: "Answer rate limit exceeded: wait before you answer again"
            }
        return ClassroomError(.rateLimited, message, retryAfterMs: wait)
    }

    /// Nil: taken; else the milliseconds until there is a token again.
    public mutating func take(_ bucket: Bucket, userID: String?, address: String, at now: UnixMilliseconds) -> Int? {
        // The prefixes keep a user id that looks like an address out of that address's bucket.
        let key = userID.flatMap { $0.isEmpty ? nil : "u" + $0 } ?? "a" + address
        return switch bucket {
        case .chat: chat.take(key, at: now)
        case .answers: answers.take(key, at: now)
        }
    }

    /// Every event that a client may send, in the order of their names.
    package static var events: [String] { MessageSchema.events }

    /// The fields that the rules for an event read; everything else in its payload is ignored. Nil for an event that is none of this server's.
    public static func fieldNames(of event: String) -> [String]? {
        MessageSchema.fields(of: event).map { $0.map(\.name) + [MessageSchema.latencyStamp] }
    }

    /// How many levels of arrays and objects the rules look into, in the fields where it is any.
    public static func levels(of event: String) -> [String: Int] {
        (MessageSchema.fields(of: event) ?? []).reduce(into: [:]) { levels, field in
            switch field.rule {
            case .names, .answer: levels[field.name] = 1
            case .settings: levels[field.name] = 2
            default: break
            }
        }
    }

    /// Shape and size alone, without a rate limit.
    public static func check(_ event: String, _ payload: Payload) -> ValidationResult {
        do throws(ClassroomError) {
            return ValidationResult(isValid: true, data: try MessageSchema.read(event, payload))
        } catch {
            return .refused(error)
        }
    }
}
