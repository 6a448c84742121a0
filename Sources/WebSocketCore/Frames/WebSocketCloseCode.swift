/// Why a connection is closed (RFC 6455 §7.4 and its IANA registry).
public struct WebSocketCloseCode: RawRepresentable, Sendable, Hashable {
    public var rawValue: UInt16

    @inlinable
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The purpose of the connection is fulfilled.
    public static let normal = WebSocketCloseCode(rawValue: 1000)
    /// The server goes down, or a page is left.
    public static let goingAway = WebSocketCloseCode(rawValue: 1001)
    /// The peer violated the framing rules.
    public static let protocolError = WebSocketCloseCode(rawValue: 1002)
    /// Text that is not UTF-8.
    public static let invalidPayload = WebSocketCloseCode(rawValue: 1007)
    /// The message is refused for a reason that has no code of its own.
    public static let policyViolation = WebSocketCloseCode(rawValue: 1008)
    /// A message over the limit.
    public static let messageTooBig = WebSocketCloseCode(rawValue: 1009)
    /// The service restarts: come back, spread over time.
    public static let serviceRestart = WebSocketCloseCode(rawValue: 1012)
    /// The service is overloaded: come back later.
    public static let tryAgainLater = WebSocketCloseCode(rawValue: 1013)

    /// Whether the code may stand in a close frame: 1000–1003, 1007–1014 and 3000–4999. The rest is reserved, or describes what
    /// was *not* received (1005, 1006, 1015).
    public var mayBeSent: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}

extension WebSocketCloseCode: CustomStringConvertible {
    public var description: String { String(rawValue) }
}
