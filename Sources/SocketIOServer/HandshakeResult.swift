/// The result of a request for a session, by polling or by WebSocket. The raw values are the labels of metrics.
public enum HandshakeResult: String, CaseIterable, Sendable {
    case accepted
    /// Refused by the origin policy or the host policy.
    case origin
    case badRequest = "bad_request"
    /// Refused by the server's `allowRequest`.
    case refused
    /// Refused because there was no place for another session.
    case overloaded
    case shuttingDown = "shutting_down"
}

/// The result of a client's attempt to join a namespace. The raw values are the labels of metrics.
public enum JoinResult: String, CaseIterable, Sendable {
    case accepted
    /// A middleware refused the client with a `ConnectError`.
    case refused
    /// A middleware failed with another error.
    case failed
    case unknownNamespace = "unknown_namespace"
    /// The client is in the maximum number of namespaces.
    case tooManyNamespaces = "too_many_namespaces"
}
