internal import Synchronization

/// Checks, sanitises and rate-limits what clients send, as a convenience over `MessageRules`: it reads the time itself and may be used from
/// any thread.
public final class MessageValidator: Sendable {
    private let rules: Mutex<MessageRules>
    private let now: @Sendable () -> UnixMilliseconds

    public convenience init(limits: MessageLimits = .init()) {
        let start = ContinuousClock.now
        self.init(limits: limits) {
            let elapsed = start.duration(to: ContinuousClock.now).components
            return elapsed.seconds * 1_000 + elapsed.attoseconds / 1_000_000_000_000_000
        }
    }

    /// `now` may count from any moment; only its differences matter.
    public init(limits: MessageLimits = .init(), now: @escaping @Sendable () -> UnixMilliseconds) {
        rules = Mutex(MessageRules(limits: limits))
        self.now = now
    }

    /// `userID` empty or nil: nobody signed in, the address counts.
    public func validateMessage(_ event: String, _ payload: Payload, _ userID: String?, _ address: String) -> ValidationResult {
        let bucket = MessageRules.Bucket(event: event)
        let time = now()
        // The check itself needs no lock: only the buckets are shared.
        let refusal = bucket.flatMap { bucket in
            rules.withLock { $0.refusal(bucket, userID: userID, address: address, at: time) }
        }
        if let refusal { return .refused(refusal) }
        return MessageRules.check(event, payload)
    }
}
