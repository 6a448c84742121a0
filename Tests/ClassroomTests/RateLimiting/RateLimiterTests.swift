import Testing

@testable import Classroom

@Suite("Token buckets")
struct TokenBucketTests {
    @Test("n tokens at once, not n + 1, and one back at its millisecond")
    func exact() {
        let rule = TokenBucket.Rule(capacity: 3, refillPerSecond: 2)
        var bucket = TokenBucket(rule: rule, at: 0)
        for _ in 0..<3 { #expect(bucket.take(rule, at: 0) == nil) }
        #expect(bucket.take(rule, at: 0) == 500)
        #expect(bucket.take(rule, at: 499) == 1)
        #expect(bucket.wait(rule, at: 500) == nil)
        #expect(bucket.take(rule, at: 500) == nil)
        #expect(bucket.take(rule, at: 500) == 500)
    }

    @Test("several tokens are taken together or not at all, and never more than the bucket holds")
    func several() {
        let rule = TokenBucket.Rule(capacity: 3, refillPerSecond: 2)
        var bucket = TokenBucket(rule: rule, at: 0)
        #expect(bucket.take(rule, count: 2, at: 0) == nil)
        #expect(bucket.take(rule, count: 2, at: 0) == 500)
        #expect(bucket.take(rule, at: 0) == nil)
        #expect(bucket.take(rule, count: .max, at: 0) == 1_500)
        #expect(bucket.take(rule, count: .max, at: 1_500) == nil)
        #expect(bucket.take(rule, at: 1_500) == 500)
    }

    @Test("a bucket that is held gives no token before its time, and owes a bucket at most")
    func held() {
        let rule = TokenBucket.Rule(capacity: 3, refillPerSecond: 2)
        var bucket = TokenBucket(rule: rule, at: 0)
        bucket.hold(rule, for: 700, at: 0)
        #expect(bucket.wait(rule, at: 0) == 700)
        bucket.hold(rule, for: 100, at: 0)
        #expect(bucket.take(rule, at: 699) == 1)
        #expect(bucket.take(rule, at: 700) == nil)
        bucket.hold(rule, for: .max, at: 700)
        #expect(bucket.wait(rule, at: 700) == 2_000)
    }

    @Test("several tokens are charged whether they are there or not, and a bucket at most is owed")
    func charged() {
        let rule = TokenBucket.Rule(capacity: 3, refillPerSecond: 2)
        var bucket = TokenBucket(rule: rule, at: 0)
        bucket.charge(rule, count: 5, at: 0)
        #expect(bucket.wait(rule, at: 0) == 1_500)
        bucket.charge(rule, count: .max, at: 0)
        #expect(bucket.wait(rule, at: 0) == 2_000)
    }

    @Test("guesses from an address wait while it is held; what was right from there passes")
    func heldGuesses() {
        let rule = TokenBucket.Rule(capacity: 3, refillPerSecond: 2)
        var limiter = GuessLimiter(socketRule: rule, addressRule: rule)
        limiter.succeeded("right", address: "a")
        limiter.hold("a", for: 700, at: 0)
        #expect(limiter.wait("wrong", socketID: nil, address: "a", at: 0) == 700)
        #expect(limiter.wait("right", socketID: nil, address: "a", at: 0) == nil)
        #expect(limiter.wait("wrong", socketID: nil, address: "b", at: 0) == nil)
        #expect(limiter.wait("wrong", socketID: nil, address: "a", at: 700) == nil)
    }

    @Test("it never holds more than its capacity")
    func capacity() {
        let rule = TokenBucket.Rule(capacity: 2, refillPerSecond: 1_000)
        var bucket = TokenBucket(rule: rule, at: 0)
        #expect(bucket.take(rule, at: 1_000_000_000_000) == nil)
        #expect(bucket.take(rule, at: 1_000_000_000_000) == nil)
        #expect(bucket.take(rule, at: 1_000_000_000_000) == 1)
    }

    @Test("a clock that is set back refills nothing and takes nothing away")
    func backwards() {
        let rule = TokenBucket.Rule(capacity: 1, refillPerSecond: 1)
        var bucket = TokenBucket(rule: rule, at: 10_000)
        #expect(bucket.take(rule, at: 10_000) == nil)
        #expect(bucket.take(rule, at: 5_000) == 1_000)
        #expect(bucket.take(rule, at: 11_000) == nil)
    }

    @Test("over a long time the rate is kept", arguments: [0.5, 3, 7.25])
    func rate(_ perSecond: Double) {
        let rule = TokenBucket.Rule(capacity: 5, refillPerSecond: perSecond)
        var bucket = TokenBucket(rule: rule, at: 0)
        var taken = 0
        for now in Int64(0)...100_000 where bucket.take(rule, at: now) == nil { taken += 1 }
        #expect(taken == 5 + Int(perSecond * 100))
    }

    @Test("senseless rules are brought into bounds")
    func bounds() {
        let rule = TokenBucket.Rule(capacity: 0, refillPerSecond: 0)
        #expect(rule.capacity == 1)
        #expect(rule.refillPerSecond == 0.001)
    }
}

@Suite("Rate limiter")
struct RateLimiterTests {
    private let rule = TokenBucket.Rule(capacity: 2, refillPerSecond: 1)

    @Test("every key has its own bucket")
    func keys() {
        var limiter = RateLimiter<String>(rule: rule)
        #expect(limiter.take("a", at: 0) == nil)
        #expect(limiter.take("a", at: 0) == nil)
        #expect(limiter.take("a", at: 0) == 1_000)
        #expect(limiter.wait(for: "a", at: 0) == 1_000)
        #expect(limiter.wait(for: "b", at: 0) == nil)
        #expect(limiter.count == 1)
        #expect(limiter.take("b", at: 0) == nil)
    }

    @Test("n keys are kept; for one more the full buckets go first")
    func eviction() {
        var limiter = RateLimiter<Int>(rule: rule, maximumKeys: 3)
        #expect(limiter.take(1, at: 0) == nil)
        #expect(limiter.take(2, at: 5_000) == nil)
        #expect(limiter.take(2, at: 5_000) == nil)
        #expect(limiter.take(3, at: 5_000) == nil)
        #expect(limiter.count == 3)
        // Bucket 1 has long been full again.
        #expect(limiter.take(4, at: 5_000) == nil)
        #expect(limiter.count == 3)
        #expect(limiter.take(2, at: 5_000) == 1_000)
    }

    @Test("if none is full the fullest goes, and the emptiest stays")
    func fullest() {
        var limiter = RateLimiter<Int>(rule: rule, maximumKeys: 2)
        _ = limiter.take(1, at: 0)
        _ = limiter.take(1, at: 0)
        _ = limiter.take(2, at: 0)
        #expect(limiter.take(3, at: 0) == nil)
        #expect(limiter.count == 2)
        #expect(limiter.take(1, at: 0) == 1_000)
    }

    @Test("any number of new keys leaves the memory as it is")
    func bounded() {
        var limiter = RateLimiter<Int>(rule: rule, maximumKeys: 100)
        for key in 0..<10_000 { #expect(limiter.take(key, at: 0) == nil) }
        #expect(limiter.count <= 100)
        #expect(limiter.scans <= 10_000 / 6)
    }

    @Test("a sixteenth is made free at once, also when few buckets are full: new keys do not cost a scan each")
    func scans() {
        var limiter = RateLimiter<Int>(rule: rule, maximumKeys: 1_600)
        // A bucket is full again after a second: one at each of these times, while new keys come.
        for key in 0..<1_600 { #expect(limiter.take(key, at: Int64(key)) == nil) }
        for key in 1_600..<3_200 {
            #expect(limiter.take(key, at: Int64(key - 600)) == nil)
            #expect(limiter.count <= 1_600)
        }
        #expect(limiter.scans <= 16)
    }
}
