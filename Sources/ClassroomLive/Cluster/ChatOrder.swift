/// Brings the messages of one room that several nodes commit into the order of their sequence, without gaps. Time is not looked at: a gap
/// that stays is filled from the store by whoever owns this.
struct ChatOrder<Message: Sendable>: Sendable {
    /// The sequence that is delivered next; nil: what the room had when the first member came is not known yet, and all wait.
    private(set) var next: Int?
    private var waiting: [Int: Message] = [:]
    private let maximumWaiting: Int

    /// - Parameter maximumWaiting: messages that may wait for one that is missing. With one more, what is missing is given up.
    init(maximumWaiting: Int) { self.maximumWaiting = maximumWaiting }

    /// Messages wait for one that is missing.
    var hasGap: Bool { next != nil && !waiting.isEmpty }
    /// What is missing before the first message that waits.
    var gap: Range<Int>? {
        guard let next, let first = waiting.keys.min() else { return nil }
        return next..<first
    }

    /// A message arrives, from any node, maybe for the second time.
    ///
    /// - Returns: what is delivered now, in its order.
    mutating func receive(_ message: Message, sequence: Int) -> [Message] {
        if let next, sequence < next { return [] }
        waiting[sequence] = message
        if waiting.count > maximumWaiting { return giveUpGap() }
        return next == nil ? [] : takeReady()
    }

    /// The store says which message was the room's last one. What waits for that and is no later is delivered too: a member that came
    /// meanwhile may not have it in its history.
    mutating func begin(after last: Int) -> [Message] {
        guard next == nil else { return [] }
        let old = waiting.keys.filter { $0 <= last }.sorted()
        let messages = old.compactMap { waiting.removeValue(forKey: $0) }
        next = last + 1
        return messages + takeReady()
    }

    /// What is missing will not come any more.
    mutating func giveUpGap() -> [Message] {
        guard let first = waiting.keys.min() else { return [] }
        next = first
        return takeReady()
    }

    private mutating func takeReady() -> [Message] {
        var ready: [Message] = []
        while let sequence = next, let message = waiting.removeValue(forKey: sequence) {
            ready.append(message)
            next = sequence + 1
        }
        return ready
    }
}
