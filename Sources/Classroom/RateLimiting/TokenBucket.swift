/// A token bucket: `capacity` at once, then what flows back. Whole numbers throughout, so that n passes and n + 1 doesn't, exactly.
public struct TokenBucket: Hashable, Sendable {
    public struct Rule: Hashable, Sendable {
        public let capacity: Int
        public let refillPerSecond: Double
        /// Millionths of a token that flow back in a millisecond.
        let refill: Int64
        let full: Int64

        /// `capacity` from 1 to 1,000,000; `refillPerSecond` from a thousandth to a million. What lies beyond is brought to the next bound.
        public init(capacity: Int, refillPerSecond: Double) {
            self.capacity = min(max(capacity, 1), 1_000_000)
            self.refillPerSecond = min(max(refillPerSecond, 0.001), 1_000_000)
            refill = Int64((self.refillPerSecond * 1_000).rounded())
            full = Int64(self.capacity) * TokenBucket.token
        }
    }

    static let token: Int64 = 1_000_000

    private var level: Int64
    private var updatedAt: UnixMilliseconds

    /// A full bucket.
    public init(rule: Rule, at now: UnixMilliseconds) {
        level = rule.full
        updatedAt = now
    }

    /// Takes a token, or so many together, at most as many as the bucket holds. Nil: taken; else the milliseconds until they are there.
    public mutating func take(_ rule: Rule, count: Int = 1, at now: UnixMilliseconds) -> Int? {
        refill(rule, at: now)
        let wanted = Int64(min(max(count, 1), rule.capacity)) * TokenBucket.token
        guard level >= wanted else { return missing(rule, wanted) }
        level -= wanted
        return nil
    }

    /// Takes a token, or so many together, whether they are there or not; what is owed is at most a bucket.
    public mutating func charge(_ rule: Rule, count: Int = 1, at now: UnixMilliseconds) {
        refill(rule, at: now)
        level = max(level - Int64(min(max(count, 1), 2 * rule.capacity)) * TokenBucket.token, -rule.full)
    }

    /// Leaves so little in the bucket that a token cannot be taken before this time has passed; what is owed is at most a bucket.
    public mutating func hold(_ rule: Rule, for milliseconds: Int, at now: UnixMilliseconds) {
        refill(rule, at: now)
        let (missing, isTooLong) = Int64(milliseconds).multipliedReportingOverflow(by: rule.refill)
        level = min(level, isTooLong ? -rule.full : max(TokenBucket.token - missing, -rule.full))
    }

    /// The milliseconds until a token could be taken; nil: at once.
    public func wait(_ rule: Rule, at now: UnixMilliseconds) -> Int? {
        var copy = self
        copy.refill(rule, at: now)
        return copy.level >= TokenBucket.token ? nil : copy.missing(rule)
    }

    /// Millionths of a token in the bucket at `now`.
    func level(_ rule: Rule, at now: UnixMilliseconds) -> Int64 {
        var copy = self
        copy.refill(rule, at: now)
        return copy.level
    }

    private mutating func refill(_ rule: Rule, at now: UnixMilliseconds) {
        // A clock that was set back refills nothing.
        guard now > updatedAt else { return }
        let elapsed = now - updatedAt
        updatedAt = now
        level = elapsed >= (rule.full - level) / rule.refill + 1 ? rule.full : min(rule.full, level + elapsed * rule.refill)
    }

    private func missing(_ rule: Rule, _ wanted: Int64 = TokenBucket.token) -> Int {
        Int((wanted - level + rule.refill - 1) / rule.refill)
    }
}
