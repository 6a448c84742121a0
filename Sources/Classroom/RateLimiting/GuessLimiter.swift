/// Slows down those who guess codes or tokens. Only guesses in vain count, by socket and by address.
///
/// A whole school sits behind one address: once it has used up its guesses in vain, what was right from there before still passes, so that
/// one who guesses does not lock out the others.
public struct GuessLimiter: Sendable {
    private var bySocket: RateLimiter<String>
    private var byAddress: RateLimiter<String>
    private let maximumKnown: Int
    /// The right guesses, as hash values of address and guess: no secret is kept.
    private var known: Set<Int> = []
    /// The same in the order of arrival, as a ring.
    private var knownInOrder: [Int] = []
    private var oldest = 0

    public init(socketRule: TokenBucket.Rule, addressRule: TokenBucket.Rule, maximumKeys: Int = 10_000, maximumKnown: Int = 50_000) {
        bySocket = RateLimiter(rule: socketRule, maximumKeys: maximumKeys)
        byAddress = RateLimiter(rule: addressRule, maximumKeys: maximumKeys)
        self.maximumKnown = max(1, maximumKnown)
    }

    /// Ask before every look-up. Nil: look it up; else the milliseconds to wait.
    ///
    /// - Parameter socketID: nil: no socket, the address alone counts.
    public func wait(_ guess: String, socketID: String?, address: String, at now: UnixMilliseconds) -> Int? {
        if known.contains(Self.hash(guess, address)) { return nil }
        let waits = [socketID.flatMap { bySocket.wait(for: $0, at: now) }, byAddress.wait(for: address, at: now)]
        return waits.compactMap { $0 }.max()
    }

    /// Tell of every look-up that found nothing. It counts even if there is nothing left: many that were asked at once have all passed
    /// `wait`, and have to be waited for.
    public mutating func failed(_ guess: String, socketID: String?, address: String, at now: UnixMilliseconds) {
        known.remove(Self.hash(guess, address))
        if let socketID { bySocket.charge(socketID, at: now) }
        byAddress.charge(address, at: now)
    }

    /// Other servers count too: together an address has used up its guesses for this long.
    public mutating func hold(_ address: String, for milliseconds: Int, at now: UnixMilliseconds) {
        byAddress.hold(address, for: milliseconds, at: now)
    }

    /// Tell of every look-up that found something.
    public mutating func succeeded(_ guess: String, address: String) {
        let hash = Self.hash(guess, address)
        guard known.insert(hash).inserted else { return }
        if knownInOrder.count < maximumKnown {
            knownInOrder.append(hash)
        } else {
            known.remove(knownInOrder[oldest])
            knownInOrder[oldest] = hash
            oldest = (oldest + 1) % maximumKnown
        }
    }

    private static func hash(_ guess: String, _ address: String) -> Int {
        var hasher = Hasher()
        hasher.combine(address)
        // Its bytes: hashing a string normalises it, which takes quadratic time where one letter has many marks.
        var guess = guess
        guess.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        return hasher.finalize()
    }
}
