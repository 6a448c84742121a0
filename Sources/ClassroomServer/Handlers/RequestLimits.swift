import Classroom
import NIOConcurrencyHelpers

/// The rate limits of requests, a user's over all sockets. Thread-safe.
final class RequestLimits: Sendable {
    enum Kind { case answer, chat }

    private struct State {
        var answers: RateLimiter<String>
        var chat: RateLimiter<String>
        var lookupsBySocket: RateLimiter<String>
        var lookupsByAddress: RateLimiter<String>
    }

    private let state: NIOLockedValueBox<State>

    init(_ configuration: RuntimeConfiguration) {
        state = NIOLockedValueBox(
            State(
                answers: RateLimiter(rule: configuration.answerRate), chat: RateLimiter(rule: configuration.chatRate),
                lookupsBySocket: RateLimiter(rule: configuration.failedLookupRate),
                lookupsByAddress: RateLimiter(rule: configuration.failedLookupRateOfAddress, maximumKeys: 10_000)))
    }

    /// Charges a request to its user; the refusal, if there is one.
    func take(_ kind: Kind, userID: String, at now: UnixMilliseconds) -> ClassroomError? {
        let wait = state.withLockedValue { state in
            switch kind {
            case .answer: state.answers.take(userID, at: now)
            case .chat: state.chat.take(userID, at: now)
            }
        }
        return wait.map { Self.refusal(kind == .answer ? "Too many answers" : "Too many messages", $0) }
    }

    /// Whether this client has looked up too many join codes in vain. Ask before each look-up.
    func lookupRefusal(socketID: String, address: String, at now: UnixMilliseconds) -> ClassroomError? {
        let wait = state.withLockedValue { state in
            [state.lookupsBySocket.wait(for: socketID, at: now), state.lookupsByAddress.wait(for: address, at: now)]
                .compactMap { $0 }.max()
        }
        return wait.map { Self.refusal("Too many wrong join codes", $0) }
    }

    /// Charges a look-up that found nothing.
    func lookupFailed(socketID: String, address: String, at now: UnixMilliseconds) {
        state.withLockedValue { state in
            _ = state.lookupsBySocket.take(socketID, at: now)
            _ = state.lookupsByAddress.take(address, at: now)
        }
    }

    private static func refusal(_ what: String, _ retryAfterMs: Int) -> ClassroomError {
        ClassroomError(.rateLimited, "\(what): rate limit exceeded", retryAfterMs: retryAfterMs)
    }
}
