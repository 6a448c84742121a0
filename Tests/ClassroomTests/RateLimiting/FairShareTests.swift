import Classroom
import Testing

@Suite("Fair shares")
struct FairShareTests {
    @Test("a share is limited, and what is given back can be taken again")
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

    @Test("the total is limited, and a holder without a share is forgotten")
    func capacity() {
        var share = FairShare<Int>(capacity: 4)
        for key in 0..<4 { #expect(share.take(for: key) == nil) }
        #expect(share.take(for: 4) == .capacity)
        for key in 0..<4 { share.give(for: key) }
        #expect(share.total == 0)
        #expect(share.keys == 0)
        #expect(share.take(4, for: 5) == nil)
    }

    @Test("the largest holder is refused first, so that others find room")
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

    @Test("failed guesses are limited per socket and per address")
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

    @Test("a secret that was right from an address passes even if the address has used up its guesses")
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

    @Test("right secrets are remembered up to a limit, and a new one replaces the oldest")
    func memory() {
        var limiter = limiter
        for guess in ["1", "2", "3"] { limiter.succeeded(guess, address: "a") }
        for number in 0..<5 { limiter.failed("x\(number)", socketID: nil, address: "a", at: 0) }
        #expect(limiter.wait("1", socketID: nil, address: "a", at: 0) != nil)
        #expect(limiter.wait("3", socketID: nil, address: "a", at: 0) == nil)
    }
}
