/// Slows down those who guess join codes. Only failed look-ups count: a whole school joins from one address.
public struct FailedLookupLimiter: Sendable {
    public static let defaultRule = TokenBucket.Rule(capacity: 10, refillPerSecond: 0.2)

    private var limiter: RateLimiter<String>

    public init(rule: TokenBucket.Rule = FailedLookupLimiter.defaultRule, maximumAddresses: Int = 10_000) {
        limiter = RateLimiter(rule: rule, maximumKeys: maximumAddresses)
    }

    /// Ask before every look-up.
    public func refusal(for address: String, at now: UnixMilliseconds) -> ClassroomError? {
        guard let wait = limiter.wait(for: address, at: now) else { return nil }
        return ClassroomError(.rateLimited, "Too many wrong join codes: rate limit exceeded", retryAfterMs: wait)
    }

    /// Tell of every look-up that found nothing.
    public mutating func failed(address: String, at now: UnixMilliseconds) {
        _ = limiter.take(address, at: now)
    }
}
