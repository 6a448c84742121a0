/// How much one user may send.
public struct MessageLimits: Hashable, Sendable {
    /// 30 messages a minute.
    public var chat: TokenBucket.Rule
    /// Nine answers at once, three a second.
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
