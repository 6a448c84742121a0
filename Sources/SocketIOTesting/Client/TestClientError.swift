public import SocketIOCore

/// Why a test's client did not get what it waited for.
public enum TestClientError: Error, Sendable {
    /// It did not come in time. Holds what was waited for.
    case timeout(String)
    /// The server answered the upgrade with something else than 101.
    case upgradeRefused(status: Int, body: String)
    /// The server refused the connect with CONNECT_ERROR.
    case connectRefused(message: String, data: JSONSlice?)
    /// The connection ended.
    case closed(TestClientClosure)
    /// The server sent `41`: the namespace was left, the connection may live.
    case disconnected
    /// The server sent what no server may send. Holds what that was.
    case protocolViolation(String)
    /// More arrived than a mailbox holds. Holds its name.
    case overflow(String)
}

/// How a connection ended.
public struct TestClientClosure: Sendable, Hashable {
    /// The code of the server's close frame. Without one it is `nil`, and ``hasCloseFrame`` tells whether there was a frame at all.
    public var code: UInt16?
    public var reason: String
    /// Whether the server sent a close frame before it closed.
    public var hasCloseFrame: Bool

    public init(code: UInt16? = nil, reason: String = "", hasCloseFrame: Bool = false) {
        self.code = code
        self.reason = reason
        self.hasCloseFrame = hasCloseFrame
    }
}
