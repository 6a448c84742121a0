/// A token bucket a key, for a bounded number of keys.
///
/// When there is no room for another one, all full buckets are forgotten, which say nothing. If they are fewer than a sixteenth, so many of the
/// fullest go: those lose the least that matters, and a stream of new keys neither grows the memory nor costs a scan each.
public struct RateLimiter<Key: Hashable & Sendable>: Sendable {
    public let rule: TokenBucket.Rule
    public let maximumKeys: Int
    private var buckets: [Key: TokenBucket] = [:]
    /// How often all buckets were looked at to make room.
    private(set) var scans = 0

    public init(rule: TokenBucket.Rule, maximumKeys: Int = 100_000) {
        self.rule = rule
        self.maximumKeys = max(1, maximumKeys)
    }

    /// How many buckets are kept.
    public var count: Int { buckets.count }

    /// Takes a token of `key`, or so many together. Nil: taken; else the milliseconds until they are there.
    public mutating func take(_ key: Key, count: Int = 1, at now: UnixMilliseconds) -> Int? {
        addBucket(key, at: now)
        // The optional is never nil here.
        return buckets[key]?.take(rule, count: count, at: now) ?? nil
    }

    /// Takes a token of `key`, or so many together, whether they are there or not.
    public mutating func charge(_ key: Key, count: Int = 1, at now: UnixMilliseconds) {
        addBucket(key, at: now)
        buckets[key]?.charge(rule, count: count, at: now)
    }

    /// Lets `key` take no token before this time has passed.
    public mutating func hold(_ key: Key, for milliseconds: Int, at now: UnixMilliseconds) {
        addBucket(key, at: now)
        buckets[key]?.hold(rule, for: milliseconds, at: now)
    }

    private mutating func addBucket(_ key: Key, at now: UnixMilliseconds) {
        guard buckets[key] == nil else { return }
        if buckets.count >= maximumKeys { makeRoom(at: now) }
        buckets[key] = TokenBucket(rule: rule, at: now)
    }

    /// The milliseconds until `key` could take a token; nil: at once.
    public func wait(for key: Key, at now: UnixMilliseconds) -> Int? {
        buckets[key]?.wait(rule, at: now) ?? nil
    }

    private mutating func makeRoom(at now: UnixMilliseconds) {
        let rule = rule
        scans += 1
        buckets = buckets.filter { $0.value.level(rule, at: now) < rule.full }
        // Were less made free, a few buckets that fill up now and then would let nearly each new key cost a scan.
        let excess = buckets.count - (maximumKeys - max(1, maximumKeys / 16))
        guard excess > 0 else { return }
        let fullest = buckets.map { (key: $0.key, level: $0.value.level(rule, at: now)) }.sorted { $0.level > $1.level }
        for entry in fullest.prefix(excess) { buckets[entry.key] = nil }
    }
}
