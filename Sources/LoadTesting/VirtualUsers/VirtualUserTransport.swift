public import NIOCore
public import JSONCore
public import SocketIOCore

/// An action of a ``VirtualUser``. The owner of the user's connections performs it, and hands back each ``VirtualUserInput``. Neither side
/// calls the other.
public enum VirtualUserAction: Sendable, Equatable {
    /// Opens the connection. Answered by ``VirtualUserInput/connected(namespace:_:)``, ``VirtualUserInput/connectFailed(namespace:reason:)`` or
    /// ``VirtualUserInput/refused(namespace:message:)``.
    case connect(ConnectionRequest)
    /// Sends CONNECT for a namespace over the open connection. Answered like ``connect(_:)``.
    case join(namespace: String, auth: JSONSlice?)
    /// Sends an EVENT packet. `arguments` are JSON values with commas between them, empty if there are none. With an `acknowledgement` the
    /// server's answer is handed back with this number.
    case emit(namespace: String, event: String, arguments: ByteBuffer, acknowledgement: UInt64?)
    /// Sends a WebSocket text message.
    case send(ByteBuffer)
    /// Sends an HTTP request. Answered by ``VirtualUserInput/response(id:_:)`` or ``VirtualUserInput/requestFailed(id:reason:)``.
    case request(id: Int, HTTPRequestValue)
    case log(String)
    /// Closes all connections. No input may follow.
    case close
}

public enum VirtualUserInput: Sendable {
    /// The first input.
    case start
    /// The namespace is joined; for WebSocket the connection is open and the namespace empty.
    case connected(namespace: String, ConnectTimings)
    case connectFailed(namespace: String, reason: String)
    /// The server refused the namespace (CONNECT_ERROR).
    case refused(namespace: String, message: String)
    /// The connection, or the namespace, was closed by the other side or by the network.
    case disconnected(reason: String)
    /// An event that the server pushed.
    case event(namespace: String, Arguments)
    /// The answer to the emit with this number.
    case acknowledgement(id: UInt64, Arguments)
    /// A WebSocket message.
    case message(ByteBuffer)
    case response(id: Int, HTTPResponseValue)
    case requestFailed(id: Int, reason: String)
    /// ``VirtualUser/deadline`` has passed. Before that, the input has no effect.
    case timer
    /// The run is stopped: the user ends where it is and counts as completed.
    case stop
}

public struct ConnectionRequest: Sendable, Equatable {
    public var engine: ScriptEngine
    /// The target, without Socket.IO's path and query.
    public var url: String
    public var path: String
    public var transports: [SocketIOSettings.Transport]
    public var query: [HTTPField]
    public var headers: [HTTPField]
    public var subprotocols: [String]
    /// The namespace that is joined first.
    public var namespace: String
    public var auth: JSONSlice?
    public var timeout: Duration
    public var verifiesCertificates: Bool
}

/// Durations of the phases of a connection. Nil for phases that did not take place.
public struct ConnectTimings: Sendable, Equatable {
    public var tcp: Duration?
    public var tls: Duration?
    /// The upgrade request or the polling handshake.
    public var handshake: Duration?
    /// From CONNECT to the server's answer.
    public var namespace: Duration?

    public init(tcp: Duration? = nil, tls: Duration? = nil, handshake: Duration? = nil, namespace: Duration? = nil) {
        self.tcp = tcp
        self.tls = tls
        self.handshake = handshake
        self.namespace = namespace
    }
}

public struct HTTPField: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

public struct HTTPRequestValue: Sendable, Equatable {
    public var method: String
    /// Absolute.
    public var url: String
    public var headers: [HTTPField]
    public var body: ByteBuffer?
    public var followsRedirects: Bool
    public var timeout: Duration
    public var verifiesCertificates: Bool
}

public struct HTTPResponseValue: Sendable, Equatable {
    public var status: Int
    public var headers: [HTTPField]
    public var body: ByteBuffer

    public init(status: Int, headers: [HTTPField] = [], body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    func header(_ name: String) -> String? { self.headers.first { $0.name.lowercased() == name.lowercased() }?.value }
}
