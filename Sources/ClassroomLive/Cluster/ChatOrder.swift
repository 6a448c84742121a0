/// Brings the messages of one room that several nodes commit into the order of their sequence, without gaps. It reads no clock: the owner
/// fills a gap that stays from the store.
struct ChatOrder<Message: Sendable>: Sendable {
    /// The sequence that is delivered next. Nil until it is known which messages the room had when its first member came; all messages wait
    /// until then.
    private(set) var next: Int?
    private var waiting: [Int: Message] = [:]
    private let maximumWaiting: Int
    /// Another node may say anything: what a room never comes to is no sequence, and the next one is always a number.
    static var sequences: ClosedRange<Int> { 1...(1 << 53) }

    /// - Parameter maximumWaiting: messages that may wait for a missing one. One more, and the missing one is given up.
    init(maximumWaiting: Int) { self.maximumWaiting = maximumWaiting }

    /// Messages wait for one that is missing.
    var hasGap: Bool { next != nil && !waiting.isEmpty }
    /// The missing sequences before the first message that waits.
    var gap: Range<Int>? {
        guard let next, let first = waiting.keys.min() else { return nil }
        return next..<first
    }

    /// A message arrives, from any node, maybe for the second time.
    ///
    /// - Returns: the messages to deliver now, in order.
    mutating func receive(_ message: Message, sequence: Int) -> [Message] {
        guard Self.sequences.contains(sequence) else { return [] }
        if let next, sequence < next { return [] }
        waiting[sequence] = message
        if waiting.count > maximumWaiting { return giveUpGap() }
        return next == nil ? [] : takeReady()
    }

    /// Sets the room's last message, as the store knows it. Waiting messages up to that one are delivered too: a member that came meanwhile
    /// may not have them in its history.
    mutating func begin(after last: Int) -> [Message] {
        guard next == nil else { return [] }
        let old = waiting.keys.filter { $0 <= last }.sorted()
        let messages = old.compactMap { waiting.removeValue(forKey: $0) }
        next = min(max(0, last), Self.sequences.upperBound) + 1
        return messages + takeReady()
    }

    /// Gives up the missing messages.
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
