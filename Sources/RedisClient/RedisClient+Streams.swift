public import RedisCore

/// The events of a subscriber, as an asynchronous sequence.
///
/// It holds a limited number of events. A task that reads more slowly than messages arrive gets ``RedisError/Code/slowSubscriber`` rather
/// than growing memory or silent gaps.
public struct RedisSubscriptionEvents: AsyncSequence, Sendable {
    let stream: AsyncThrowingStream<RedisSubscriptionEvent, any Error>

    public struct AsyncIterator: AsyncIteratorProtocol {
        var iterator: AsyncThrowingStream<RedisSubscriptionEvent, any Error>.AsyncIterator

        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> RedisSubscriptionEvent? {
            try await iterator.next(isolation: actor)
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(iterator: stream.makeAsyncIterator()) }
}

extension RedisClient {
    /// Listens as long as `body` runs.
    ///
    /// - Parameter maximumBufferedEvents: how many events may wait for `body`.
    public func withSubscription<Value>(
        to subscription: RedisSubscription, maximumBufferedEvents: Int = 1_024,
        _ body: (RedisSubscriptionEvents) async throws -> Value
    ) async throws -> Value {
        let (stream, continuation) = AsyncThrowingStream.makeStream(
            of: RedisSubscriptionEvent.self, throwing: (any Error).self, bufferingPolicy: .bufferingOldest(maximumBufferedEvents))
        let subscriber = subscribe(to: subscription) { event in
            if case .failed(let error) = event { return continuation.finish(throwing: error) }
            if case .dropped = continuation.yield(event) { continuation.finish(throwing: RedisError(.slowSubscriber)) }
        }
        defer { cancel(subscriber) }
        return try await body(RedisSubscriptionEvents(stream: stream))
    }
}
