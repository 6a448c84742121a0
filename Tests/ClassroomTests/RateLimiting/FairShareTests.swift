import Classroom
import Testing

@Suite("Fair shares")
struct FairShareTests {
    @Test("one has as much as one may, and not one more; what is given back can be taken again")
    func perKey() {
        var share = FairShare<String>(capacity: 10, maximumPerKey: 3)
        #expect(share.take(2, for: "a") == nil)
        #expect(share.take(for: "a") == nil)
        #expect(share.take(for: "a") == .key)
        #expect(share.take(3, for: "b") == nil)
        share.give(2, for: "a")
        #expect(share.take(2, for: "a") == nil)
        #expect(share.take(for: "a") == .key)
        #expect(share.total == 6)
    }

    @Test("all together have as much as there is, and not one more; nothing is remembered of who gave all back")
    func capacity() {
        var share = FairShare<Int>(capacity: 4)
        for key in 0..<4 { #expect(share.take(for: key) == nil) }
        #expect(share.take(for: 4) == .capacity)
        for key in 0..<4 { share.give(for: key) }
        #expect(share.total == 0)
        #expect(share.keys == 0)
        #expect(share.take(4, for: 5) == nil)
    }

    @Test("who takes all they can leaves room for others, and who has most is refused first")
    func room() {
        var share = FairShare<String>(capacity: 100, leavesRoom: true)
        while share.take(for: "greedy") == nil {}
        #expect(share.amount(of: "greedy") == 50)
        while share.take(for: "second") == nil {}
        #expect(share.amount(of: "second") == 25)
        #expect(share.take(for: "modest") == nil)
        #expect(share.take(for: "greedy") == .key)
    }
}

@Suite("Guesses")
struct GuessLimiterTests {
    private var limiter: GuessLimiter {
        GuessLimiter(
            socketRule: .init(capacity: 2, refillPerSecond: 1), addressRule: .init(capacity: 3, refillPerSecond: 1), maximumKnown: 2)
    }

    @Test("a socket may guess in vain so many times, an address so many")
    func inVain() {
        var limiter = limiter
        for guess in ["1", "2"] {
            #expect(limiter.wait(guess, socketID: "s", address: "a", at: 0) == nil)
            limiter.failed(guess, socketID: "s", address: "a", at: 0)
        }
        #expect(limiter.wait("3", socketID: "s", address: "a", at: 0) == 1_000)
        #expect(limiter.wait("3", socketID: "t", address: "a", at: 0) == nil)
        limiter.failed("3", socketID: "t", address: "a", at: 0)
        #expect(limiter.wait("4", socketID: "u", address: "a", at: 0) == 1_000)
        #expect(limiter.wait("4", socketID: "u", address: "a", at: 1_000) == nil)
        #expect(limiter.wait("4", socketID: "u", address: "b", at: 0) == nil)
    }

    @Test("guesses that were looked up at once all count, up to what is owed at most")
    func atOnce() {
        var limiter = limiter
        for number in 0..<5 { limiter.failed("\(number)", socketID: nil, address: "a", at: 0) }
        #expect(limiter.wait("x", socketID: nil, address: "a", at: 0) == 3_000)
        for number in 5..<20 { limiter.failed("\(number)", socketID: nil, address: "a", at: 0) }
        #expect(limiter.wait("x", socketID: nil, address: "a", at: 0) == 4_000)
        #expect(limiter.wait("x", socketID: nil, address: "a", at: 4_000) == nil)
    }

    @Test("what was right from an address passes though others there have used up its guesses")
    func known() {
        var limiter = limiter
        limiter.succeeded("right", address: "a")
        for number in 0..<5 { limiter.failed("\(number)", socketID: nil, address: "a", at: 0) }
        #expect(limiter.wait("right", socketID: "s", address: "a", at: 0) == nil)
        #expect(limiter.wait("wrong", socketID: "s", address: "a", at: 0) != nil)
        // Not right any more: as any other.
        limiter.failed("right", socketID: nil, address: "a", at: 0)
        #expect(limiter.wait("right", socketID: "s", address: "a", at: 0) != nil)
    }

    @Test("so many right ones are remembered; the next takes the place of the oldest")
    func memory() {
        var limiter = limiter
        for guess in ["1", "2", "3"] { limiter.succeeded(guess, address: "a") }
        for number in 0..<5 { limiter.failed("x\(number)", socketID: nil, address: "a", at: 0) }
        #expect(limiter.wait("1", socketID: nil, address: "a", at: 0) != nil)
        #expect(limiter.wait("3", socketID: nil, address: "a", at: 0) == nil)
    }
}
