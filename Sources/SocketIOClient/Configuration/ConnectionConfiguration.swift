public import EngineIOCore
public import NIOCore
public import SocketIOCore
public import WebSocketCore

#if TLS
public import NIOSSL
#endif

/// How one connection to a server is made, and what either end may make it hold.
public struct ConnectionConfiguration: Sendable {
    public var url: ServerURL
    /// Where Engine.IO answers, with its last slash.
    public var path = "/socket.io/"
    public var transports = EngineClientSession.Transports.pollingThenUpgrade
    /// Added to the query of each request. Both parts are percent-encoded.
    public var query: [(name: String, value: String)] = []
    /// Added to the fields of each request.
    public var headers: [(name: String, value: String)] = []
    /// Offered with the WebSocket's handshake.
    public var subprotocols: [String] = []
    /// Offers the server to compress WebSocket messages (RFC 7692). nil: no offer is made. The reference makes one, of which a client in a browser
    /// knows nothing; it costs up to 300 KiB of memory a connection if the server takes it.
    public var perMessageDeflate: PerMessageDeflateOptions?
    /// For the TCP connection, the handshake and the open packet, together.
    public var timeout: Duration = .seconds(20)
    #if TLS
    /// For a server's URL that begins with `https` or `wss`.
    public var tls = TLSConfiguration.makeClientConfiguration()
    #endif
    /// Connect to this address instead of looking up the URL's host.
    public var address: SocketAddress?
    /// The local end of the connections: beyond some 28,000 of them one address has no more ports.
    public var localAddress: SocketAddress?
    public var limits = ConnectionLimits()

    public init(url: ServerURL) { self.url = url }

    /// - Throws: ``SocketIOClientError/invalidURL(_:)``.
    public init(_ url: String) throws(SocketIOClientError) { self.url = try ServerURL(url) }

    /// Path and query of a request.
    func target(_ transport: EngineTransport, sid: String?) -> String {
        var target = "\(self.path)?EIO=4&transport=\(transport.rawValue)"
        if let sid { target += "&sid=\(Self.percentEncoded(sid))" }
        for (name, value) in self.query { target += "&\(Self.percentEncoded(name))=\(Self.percentEncoded(value))" }
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
    /// A message of the server; a larger one ends the connection.
    public var maximumMessageBytes = 10_000_000
    /// Frames that such a message may be split into.
    public var maximumFragments = 1_024
    /// The body of an answer to a poll, which may hold many packets.
    public var maximumPollingBytes = 16_000_000
    /// Packets of one POST. python-engineio drops a larger payload without a word, and 16 is its limit.
    public var maximumPacketsPerRequest = 16
    /// Bytes that wait for a server which does not read. Beyond it events are refused.
    public var maximumQueuedBytes = 4_000_000
    public var session = SocketIOClientSession.Limits()

    public init() {}

    var webSocket: WebSocketLimits {
        WebSocketLimits(maximumMessageBytes: self.maximumMessageBytes, maximumFragments: self.maximumFragments)
    }
}

/// Why a client's call or its connection failed. Safe to log but for the texts that a server sent.
public enum SocketIOClientError: Error, Sendable {
    case invalidURL(String)
    /// No connection; holds the reason of the system or of TLS.
    case connectFailed(String)
    /// The server refused the handshake. The body is cut to 16 KiB.
    case handshakeRefused(status: Int, body: String)
    /// The server did what the protocols do not allow.
    case protocolViolation(String)
    /// The connection was not open in time.
    case connectTimeout
    /// The server refused the namespace with CONNECT_ERROR.
    case joinRefused(message: String, data: JSONSlice?)
    /// The connection, or the namespace, ended before the answer came.
    case disconnected
    /// The acknowledgement did not come in time, retries included.
    case acknowledgementTimeout
    /// The namespace is not joined, and the event was not to wait for it.
    case notConnected
    /// A queue is full; names it.
    case overflow(String)
    /// The client was closed.
    case closed
}
