public import SocketIOCore

/// An event that a test's client received.
public struct TestEvent: Sendable {
    public let name: String
    public let arguments: Arguments
    /// The acknowledgement that the server asks for: answer with ``TestClient/acknowledge(_:_:)``.
    public let id: UInt64?
}
