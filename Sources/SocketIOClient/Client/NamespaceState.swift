import SocketIOCore

/// One namespace of a client, on its loop: handlers, waiting events, and calls that wait for answers.
struct NamespaceState {
    typealias Completion = @Sendable (Result<Arguments?, SocketIOClientError>) -> Void
    typealias Reader = AsyncThrowingStream<IncomingEvent, any Error>.Continuation

    struct Buffered {
        var event: OutgoingEvent
        /// Nil if no acknowledgement is wanted.
        var call: Call?
    }

    struct Call {
        var timeout: Duration?
        var completion: Completion
    }

    /// An event that is sent again until it is acknowledged.
    struct Retried {
        var event: OutgoingEvent
        var tries = 0
        /// The current attempt.
        var id: UInt64?
        var completion: Completion
    }

    /// Whether the application wants it joined, now and after reconnects.
    var isWanted: Bool { ended == nil }
    /// Why it is not joined any more. The application may join it again.
    var ended: SocketIOClientError?
    /// Whether the auth has been requested; the join follows.
    var isAuthenticating = false
    var isRecovered = false
    var handlers: [String: [@Sendable (IncomingEvent) -> Void]] = [:]
    var readers: [(id: UInt64, name: String?, continuation: Reader)] = []
    var joinWaiters: [(Result<String, SocketIOClientError>) -> Void] = []
    private(set) var buffered: [Buffered] = []
    private var bufferedBytes = 0
    var calls: [UInt64: Completion] = [:]
    private(set) var retried: [Retried] = []

    // MARK: Waiting for the join

    /// False: there is no room.
    mutating func buffer(_ event: OutgoingEvent, _ call: Call?, _ limits: SocketIOClientConfiguration.Limits) -> Bool {
        guard hasRoom(for: event, limits) else { return false }
        bufferedBytes += event.byteCount
        buffered.append(Buffered(event: event, call: call))
        return true
    }

    mutating func takeBuffered() -> [Buffered] {
        defer { buffered = [] }
        bufferedBytes -= buffered.reduce(0) { $0 + $1.event.byteCount }
        return buffered
    }

    private func hasRoom(for event: OutgoingEvent, _ limits: SocketIOClientConfiguration.Limits) -> Bool {
        buffered.count + retried.count < limits.maximumBufferedEvents
            && bufferedBytes + event.byteCount <= limits.maximumBufferedBytes
    }

    // MARK: Retries

    /// False: there is no room.
    mutating func enqueue(
        _ event: OutgoingEvent, _ limits: SocketIOClientConfiguration.Limits, _ completion: @escaping Completion
    ) -> Bool {
        guard hasRoom(for: event, limits) else { return false }
        bufferedBytes += event.byteCount
        retried.append(Retried(event: event, completion: completion))
        return true
    }

    /// The event whose turn it is, unless a try is under way.
    var nextTry: OutgoingEvent? { retried.first.flatMap { $0.id == nil ? $0.event : nil } }

    mutating func tryBegan(_ id: UInt64) {
        guard !retried.isEmpty else { return }
        retried[0].id = id
        retried[0].tries += 1
    }

    /// Ends a failed attempt. Returns the completion if it was the last one.
    mutating func tryFailed(_ id: UInt64, maximumRetries: Int) -> Completion? {
        guard retried.first?.id == id else { return nil }
        retried[0].id = nil
        return retried[0].tries > maximumRetries ? removeFirstRetried() : nil
    }

    mutating func trySucceeded(_ id: UInt64) -> Completion? { retried.first?.id == id ? removeFirstRetried() : nil }

    private mutating func removeFirstRetried() -> Completion {
        let first = retried.removeFirst()
        bufferedBytes -= first.event.byteCount
        return first.completion
    }

    /// The connection was lost. The current attempt is repeated without being counted, as the server may not have seen it.
    mutating func connectionEnded() {
        guard !retried.isEmpty, retried[0].id != nil else { return }
        retried[0].id = nil
        retried[0].tries -= 1
    }

    /// Removes and returns all calls that wait for an answer, which the caller fails.
    mutating func takeCompletions() -> [Completion] {
        let all = buffered.compactMap { $0.call?.completion } + retried.map(\.completion) + calls.values
        buffered = []
        retried = []
        calls = [:]
        bufferedBytes = 0
        return all
    }
}
