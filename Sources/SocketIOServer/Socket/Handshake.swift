import EngineIOCore
import NIOCore
public import NIOHTTP1
public import SocketIOCore

/// A client's data from when it connected. `auth` comes with the namespace's CONNECT packet, the rest with the first HTTP request.
///
/// A server keeps one for each connection, and most are read rarely. So a request for a WebSocket stays in its received bytes, and
/// ``query`` and ``headers`` parse them each time. Read them once and keep what you need.
public struct Handshake: Sendable {
    let request: Request
    private var givenAuth: GivenAuth?

    /// The object that the client gave as `auth`.
    public internal(set) var auth: JSONSlice? {
        get { givenAuth?.value }
        set { givenAuth = newValue.map(GivenAuth.init) }
    }

    public var query: [String: String] {
        switch request.form {
        case .read(let query, _): query
        case .bytes(let bytes): Handshake.head(bytes).map { QueryString.parameters(QueryString.split($0.uri).query) } ?? [:]
        }
    }

    public var headers: HTTPHeaders {
        switch request.form {
        case .read(_, let headers): headers
        case .bytes(let bytes): Handshake.head(bytes)?.headers ?? [:]
        }
    }

    /// The peer's address, without the port.
    public var address: String { request.address }
    /// Whether the connection is encrypted.
    public var secure: Bool { request.secure }

    public init(
        query: [String: String] = [:], headers: HTTPHeaders = [:], address: String = "", secure: Bool = false, auth: JSONSlice? = nil
    ) {
        request = Request(form: .read(query: query, headers), address: address, secure: secure)
        givenAuth = auth.map(GivenAuth.init)
    }

    init(_ request: Request) { self.request = request }

    /// - Parameter bytes: a request that ``PlainRequest`` has read.
    init(bytes: ByteBuffer, address: String, secure: Bool) {
        request = Request(form: .bytes(bytes), address: address, secure: secure)
    }

    /// The first header of that name, in any case.
    public func header(_ name: String) -> String? { headers.first(name: name) }

    /// The bytes that it counts towards the limit of all handshakes; 0 if it is small.
    func countedBytes(auth: Int, _ configuration: SocketIOConfiguration) -> Int {
        let bytes =
            switch request.form {
            case .read(let query, let headers):
                query.reduce(headers.memoryBytes + auth) { $0 + 96 + $1.key.utf8.count + $1.value.utf8.count }
            case .bytes(let bytes): bytes.readableBytes + auth
            }
        return bytes > configuration.smallHandshakeBytes ? bytes : 0
    }

    /// Allocated only for clients that give an `auth`: each socket has a handshake, and most clients give none.
    private final class GivenAuth: Sendable {
        let value: JSONSlice

        init(_ value: JSONSlice) { self.value = value }
    }

    /// Shared by a session and its sockets.
    final class Request: Sendable {
        let form: Form
        let address: String
        let secure: Bool

        init(form: Form, address: String, secure: Bool) {
            self.form = form
            self.address = address
            self.secure = secure
        }
    }

    enum Form {
        case read(query: [String: String], HTTPHeaders)
        case bytes(ByteBuffer)
    }

    private static func head(_ bytes: ByteBuffer) -> HTTPRequestHead? {
        guard case .upgrade(let head, _) = bytes.withUnsafeReadableBytes(PlainRequest.read) else { return nil }
        return head
    }
}
