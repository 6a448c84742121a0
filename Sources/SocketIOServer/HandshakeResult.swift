/// What became of a request for a session, by polling or by WebSocket. The raw values are those of metrics.
public enum HandshakeResult: String, CaseIterable, Sendable {
    case accepted
    /// By the origin policy, or the host policy.
    case origin
    case badRequest = "bad_request"
    /// By the server's own `allowRequest`.
    case refused
    /// There was no place for one more session.
    case overloaded
    case shuttingDown = "shutting_down"
}

/// What became of a client's try to join a namespace. The raw values are those of metrics.
public enum JoinResult: String, CaseIterable, Sendable {
    case accepted
    /// A middleware said no, with a `ConnectError`.
    case refused
    /// A middleware broke.
    case failed
    case unknownNamespace = "unknown_namespace"
    /// The client is in as many namespaces as it may be.
    case tooManyNamespaces = "too_many_namespaces"
}
