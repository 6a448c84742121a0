public import SocketIOCore

/// A client that asks to join a namespace, as a middleware sees it.
public struct ConnectRequest: Sendable {
    public let handshake: Handshake
    public let namespace: String
    /// Becomes the socket's `attachment`: what the middleware found out, a user for instance.
    public var attachment: (any Sendable)?

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
}
