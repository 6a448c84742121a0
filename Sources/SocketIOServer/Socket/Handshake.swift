public import NIOHTTP1
public import SocketIOCore

/// What a client said when it connected. `auth` comes with the namespace's CONNECT packet, the rest with the first HTTP request.
public struct Handshake: Sendable {
    /// The object that the client gave as `auth`.
    public internal(set) var auth: JSONSlice?
    public let query: [String: String]
    public let headers: HTTPHeaders
    /// The peer's address, without the port.
    public let address: String
    /// Whether the connection is encrypted.
    public let secure: Bool

    public init(
        query: [String: String] = [:], headers: HTTPHeaders = [:], address: String = "", secure: Bool = false, auth: JSONSlice? = nil
    ) {
        self.query = query
        self.headers = headers
        self.address = address
        self.secure = secure
        self.auth = auth
    }

    /// The first header of that name, in any case.
    public func header(_ name: String) -> String? { headers.first(name: name) }
}
