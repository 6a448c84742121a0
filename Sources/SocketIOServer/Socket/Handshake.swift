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

    /// What it counts of the memory that handshakes may take together: nothing if it is small.
    func countedBytes(auth: Int, _ configuration: SocketIOConfiguration) -> Int {
        let bytes = query.reduce(headers.memoryBytes + auth) { $0 + 96 + $1.key.utf8.count + $1.value.utf8.count }
        return bytes > configuration.smallHandshakeBytes ? bytes : 0
    }

    /// The first header of that name, in any case.
    public func header(_ name: String) -> String? { headers.first(name: name) }
}
