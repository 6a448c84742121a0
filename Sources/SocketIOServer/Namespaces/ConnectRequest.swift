import Logging
public import SocketIOCore

/// A client that asks to join a namespace, as a middleware sees it.
public struct ConnectRequest: Sendable {
    public internal(set) var handshake: Handshake
    public let namespace: String
    /// Becomes the socket's ``ServerSocket/data``: what the middleware found out, a user for instance.
    public var data: (any Sendable)?

    init(handshake: Handshake, namespace: String) {
        self.handshake = handshake
        self.namespace = namespace
    }
}

/// Thrown by a middleware: the client gets CONNECT_ERROR with this message and data.
public struct ConnectError: Error, Sendable {
    public var message: String
    public var data: JSONSlice?
    /// The middleware broke, which is no decision.
    let isFailure: Bool

    public init(message: String, data: JSONSlice? = nil) { self.init(message: message, data: data, isFailure: false) }

    private init(message: String, data: JSONSlice? = nil, isFailure: Bool) {
        self.message = message
        self.data = data
        self.isFailure = isFailure
    }

    static let middlewareFailed = ConnectError(message: "Internal server error", isFailure: true)
    static let invalidNamespace = ConnectError(message: "Invalid namespace")
    static let tooManyNamespaces = ConnectError(message: "Too many namespaces")

    /// What a client is told of an error that a middleware threw; only a ``ConnectError`` is meant for it.
    init(_ error: any Error, _ logger: Logger) {
        guard let refusal = error as? ConnectError else {
            logger.error("a connection middleware failed", metadata: ["error": "\(error)"])
            self = .middlewareFailed
            return
        }
        self = refusal
    }
}
