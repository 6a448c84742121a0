public import SocketIOCore
public import WebSocketCore

/// The settings of a test's client.
public struct TestClientConfiguration: Sendable {
    public var host = "127.0.0.1"
    public var port: Int
    /// The path of Engine.IO, with its last slash.
    public var path = "/socket.io/"
    public var namespace = "/"
    /// Sent with the connect; an object, by the protocol.
    public var auth: JSONSlice?
    /// Added to the query of the upgrade request.
    public var query: [(name: String, value: String)] = []
    /// Added to the headers of the upgrade request.
    public var headers: [(name: String, value: String)] = []
    /// A client that does not answer pings is found by the server's ping time-out.
    public var answersPings = true
    /// A client that does not join sends nothing after the upgrade: for packets before the connect.
    public var joinsNamespace = true
    /// For connecting, and for each wait that names no other.
    public var timeout: Duration = .seconds(60)
    /// The limits for messages from the server.
    public var limits = WebSocketLimits(maximumMessageBytes: 64_000_000)
    /// The size of the socket's receive buffer, for tests of slow readers. None is the system's.
    public var receiveBufferBytes: Int?

    public init(port: Int) { self.port = port }
}
