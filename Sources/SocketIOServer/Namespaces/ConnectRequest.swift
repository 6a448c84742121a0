import Logging
public import SocketIOCore

/// A client's request to join a namespace, as a middleware sees it.
public struct ConnectRequest: Sendable {
    public internal(set) var handshake: Handshake
    public let namespace: String
    /// Becomes the socket's ``ServerSocket/data``. A middleware may store its findings here, for example the user.
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
    /// The middleware failed without a decision.
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

    /// The client's error for an error of a middleware. Only a ``ConnectError`` is passed on.
    init(_ error: any Error, _ logger: Logger) {
        guard let refusal = error as? ConnectError else {
            logger.error("a connection middleware failed", metadata: ["error": "\(error)"])
            self = .middlewareFailed
            return
        }
        self = refusal
    }
}
