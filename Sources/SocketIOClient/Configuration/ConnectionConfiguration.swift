public import EngineIOCore
public import NIOCore
public import SocketIOCore
public import WebSocketCore

#if TLS
public import NIOSSL
#endif

/// How one connection to a server is made, and its limits.
public struct ConnectionConfiguration: Sendable {
    public var url: ServerURL
    /// Engine.IO's path, with the last slash.
    public var path = "/socket.io/"
    public var transports = EngineClientSession.Transports.pollingThenUpgrade
    /// Added to the query of each request. Both parts are percent-encoded.
    public var query: [(name: String, value: String)] = []
    /// Added to the header fields of each request.
    public var headers: [(name: String, value: String)] = []
    /// Sub-protocols to offer in the WebSocket's handshake.
    public var subprotocols: [String] = []
    /// The offer to compress WebSocket messages (RFC 7692). If nil, no offer is made. The reference makes one. It costs up to 300 KiB of
    /// memory per connection if the server accepts it.
    public var perMessageDeflate: PerMessageDeflateOptions?
    /// The total time for the TCP connection, the handshake and the open packet.
    public var timeout: Duration = .seconds(20)
    /// What the end of a connection may take: what was sent before still leaves, then both ends say goodbye.
    public var closeTimeout: Duration = .seconds(5)
    #if TLS
    /// The TLS configuration for URLs that begin with `https` or `wss`.
    public var tls = TLSConfiguration.makeClientConfiguration()
    #endif
    /// Connect to this address instead of looking up the URL's host.
    public var address: SocketAddress?
    /// The local address of connections. One address has ports for some 28,000 of them.
    public var localAddress: SocketAddress?
    public var limits = ConnectionLimits()
    /// Opens the connections in place of TCP: a test's link to a server in its process.
    package var openChannel: ChannelOpener?

    /// - Parameter configure: adds the handlers, on the channel's loop, before the channel is active.
    /// - Returns: A future of `loop`.
    package typealias ChannelOpener =
        @Sendable (_ loop: any EventLoop, _ configure: @escaping @Sendable (any Channel) throws -> Void) -> EventLoopFuture<any Channel>

    public init(url: ServerURL) { self.url = url }

    /// - Throws: ``SocketIOClientError/invalidURL(_:)``.
    public init(_ url: String) throws(SocketIOClientError) { self.url = try ServerURL(url) }

    /// Path and query of a request.
    func target(_ transport: EngineTransport, sid: String?) -> String {
        var target = "\(path)?EIO=4&transport=\(transport.rawValue)"
        if let sid { target += "&sid=\(Self.percentEncoded(sid))" }
        for (name, value) in query { target += "&\(Self.percentEncoded(name))=\(Self.percentEncoded(value))" }
        if !self.url.query.isEmpty { target += "&\(self.url.query)" }
        return target
    }

    private static func percentEncoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                encoded += byte < 16 ? "%0" : "%"
                encoded += String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }
}

/// The bounds of one connection.
public struct ConnectionLimits: Sendable, Hashable {
    /// The largest message of the server. A larger one ends the connection.
    public var maximumMessageBytes = 10_000_000
    /// The maximum number of frames of a message.
    public var maximumFragments = 1_024
    /// The largest body of an answer to a poll, which may hold many packets.
    public var maximumPollingBytes = 16_000_000
    /// The maximum number of packets in a POST. python-engineio silently drops payloads with more than 16.
    public var maximumPacketsPerRequest = 16
    /// The maximum bytes that wait for a server that does not read. Beyond it events are refused.
    public var maximumQueuedBytes = 4_000_000
    public var session = SocketIOClientSession.Limits()

    public init() {}

    var webSocket: WebSocketLimits {
        WebSocketLimits(maximumMessageBytes: self.maximumMessageBytes, maximumFragments: self.maximumFragments)
    }
}

/// Why a client's call or its connection failed. Safe to log, except for texts of the server.
public enum SocketIOClientError: Error, Sendable {
    case invalidURL(String)
    /// No connection could be made. The value is the reason of the system or of TLS.
    case connectFailed(String)
    /// The server refused the handshake. The body is cut to 16 KiB.
    case handshakeRefused(status: Int, body: String)
    /// The server violated a protocol.
    case protocolViolation(String)
    /// The connection was not open in time.
    case connectTimeout
    /// The server refused the namespace with CONNECT_ERROR.
    case joinRefused(message: String, data: JSONSlice?)
    /// The connection, or the namespace, ended before the answer came.
    case disconnected
    /// The acknowledgement did not come in time, retries included.
    case acknowledgementTimeout
    /// The namespace is not joined, and the event must not wait for it.
    case notConnected
    /// A queue is full. The value names it.
    case overflow(String)
    /// The client was closed.
    case closed
}
