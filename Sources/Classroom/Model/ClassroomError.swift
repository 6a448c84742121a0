/// A refusal as the sender sees it: `{code, message, event, retryAfterMs?}`.
public struct ClassroomError: Error, Hashable, Sendable {
    public enum Code: String, Sendable, CaseIterable {
        case unauthenticated, forbidden, invalid, conflict, closed, unavailable
        case notFound = "not_found"
        case rateLimited = "rate_limited"
        case internalError = "internal"
    }

    public var code: Code
    public var message: String
    /// The time until the same request may succeed, in milliseconds.
    public var retryAfterMs: Int?

    public init(_ code: Code, _ message: String, retryAfterMs: Int? = nil) {
        self.code = code
        self.message = message
        self.retryAfterMs = retryAfterMs
    }

    public static let sessionNotFound = ClassroomError(.notFound, "Session not found")
    public static let invalidToken = ClassroomError(.unauthenticated, "Invalid authentication token")
}

/// A value that holds a secret and shows none of it: neither itself, nor within another value, nor to a debugger's `dump`.
public protocol SelfRedacting: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What may be shown.
    var redactedDescription: String { get }
}

extension SelfRedacting {
    public var redactedDescription: String { "\(Self.self)(…)" }
    public var description: String { redactedDescription }
    public var debugDescription: String { redactedDescription }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
