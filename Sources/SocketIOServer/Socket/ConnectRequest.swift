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

    public init(message: String, data: JSONSlice? = nil) {
        self.message = message
        self.data = data
    }
}
