public import EngineIOCore
public import NIOHTTP1
public import SocketIOCore
public import WebSocketCore

/// Limits, times and policies of a server. Where the reference has a default, it is the default here.
public struct SocketIOConfiguration: Sendable {
    /// Engine.IO's path, with or without the last slash.
    public var path = "/socket.io/"
    public var transports: Set<EngineTransport> = [.polling, .websocket]
    /// Whether polling sessions may move to a WebSocket.
    public var allowUpgrades = true
    public var pingInterval: Duration = .seconds(25)
    public var pingTimeout: Duration = .seconds(20)
    /// A connection that joins no namespace within this time is closed.
    public var connectTimeout: Duration = .seconds(45)
    /// A WebSocket that asked to take over from polling must finish within this time.
    public var upgradeTimeout: Duration = .seconds(10)
    /// How long a closed polling session waits for the GET that fetches its last packets.
    public var pollingCloseTimeout: Duration = .seconds(30)
    /// The total time that a WebSocket message in fragments may take; twice that at most, since it is checked at intervals of it.
    /// The same for the attachments of a binary packet.
    public var messageTimeout: Duration = .seconds(30)
    /// The total time from the opening of a TCP connection, or from when its last response has gone out, to the end of the next request. It
    /// closes connections with slow heads or bodies, and idle kept-alive connections.
    public var requestTimeout: Duration = .seconds(9)
    /// A client that takes neither 64 KiB nor all of its waiting bytes within this time is closed, over HTTP and over a WebSocket.
    /// Meanwhile none of its further requests is read. A polling client must fetch some of its waiting packets.
    public var responseStallTimeout: Duration = .seconds(30)
    /// The largest message of a client, in bytes: a polling body or a WebSocket message.
    public var maximumHTTPBufferBytes = 1_000_000
    /// Compresses WebSocket messages for clients that offer it (RFC 7692). If nil, as in the reference, nothing is compressed.
    public var perMessageDeflate: PerMessageDeflateOptions?
    /// Compresses the answers to polling GETs for clients that accept it, as the reference does. If nil, they are sent as they are.
    public var httpCompression: HTTPCompressionOptions? = HTTPCompressionOptions()
    /// The maximum memory, in bytes, of compression contexts that outlive a message. With further connections the server agrees to compress
    /// each message on its own, which needs no context.
    public var maximumDeflateContextBytes = 1 << 27
    /// The same of the clients of one address.
    public var maximumDeflateContextBytesPerAddress = 1 << 25
    /// How many bytes of an oversized body, or behind a connection's last answer, are read and dropped so that the client can read that
    /// answer. Beyond it the connection is closed.
    public var maximumDrainedBytes = 16_000_000
    /// How many bytes behind a request for an upgrade are kept until the upgrade is decided. One more closes the connection.
    public var maximumUndecodedBytes = 1 << 20
    /// The maximum number of parts of requests (a head, a piece of a body, an end) that wait behind a request that is being answered. One
    /// more closes the connection. Reading pauses meanwhile, but at the end of a client's stream the kernel delivers all it has.
    public var maximumWaitingRequestParts = 10_000
    /// The maximum memory of such parts, in bytes. More closes the connection.
    public var maximumWaitingRequestBytes = 4 << 20
    /// The maximum number of bytes that wait for one client; a single packet may exceed it if nothing else waits. Beyond it volatile events
    /// are dropped, and a client that still falls behind is closed.
    public var maximumQueuedBytes = 1 << 20
    /// The maximum memory, in bytes, of what waits on one event loop for all clients who do not read. Queues of less than a sixteenth of
    /// ``maximumQueuedBytes`` and packets that several clients get do not count. Beyond it the clients with the longest queues are closed.
    public var maximumUnreadBytesPerLoop = 128 << 20
    /// The maximum number of TCP connections. Further ones are closed at once.
    public var maximumConnections = 16_384
    /// The maximum number of sessions, which may exceed the connections: a polling session has none between two requests. A further
    /// handshake gets 503.
    public var maximumSessions = 65_536
    /// The maximum number of polling sessions that one TCP connection has opened and whose clients have joined no namespace. A further
    /// handshake gets 503.
    public var maximumUnconfirmedSessions = 32
    /// The maximum number of such sessions per event loop. A further handshake ends the oldest.
    public var maximumUnconfirmedSessionsPerLoop = 4_096
    /// The maximum number of polling sessions of one address. A further handshake gets 503. Behind a proxy all clients have the proxy's
    /// address.
    public var maximumPollingSessionsPerAddress = 16_384
    /// The maximum number of packets in the body of a POST. One more closes the session.
    public var maximumPacketsPerPayload = 10_000
    /// The maximum number of a socket's events that wait for an asynchronous handler or are in concurrent ones. One more closes the
    /// connection.
    public var maximumHeldEvents = 256
    /// The maximum memory of such events, with the objects around them. A single event may exceed it if nothing else waits. More closes the
    /// connection.
    public var maximumHeldBytes = 1 << 20
    /// The maximum number of namespaces per connection, including those whose middleware is deciding. A further CONNECT is refused.
    public var maximumNamespacesPerConnection = 64
    /// The maximum number of namespaces that are made for clients, see ``SocketIO/of(where:)``. A further one replaces one without clients;
    /// if there is none, its client is refused.
    public var maximumMadeNamespaces = 4_096
    /// Whether a namespace that was made for clients ends with its last one.
    public var cleanupEmptyChildNamespaces = false
    /// The maximum number of rooms per socket. Further joins are ignored and logged.
    public var maximumRoomsPerSocket = 1_024
    /// The maximum memory of a socket's rooms: their names, and 224 bytes for each. Further joins are ignored and logged.
    public var maximumRoomBytesPerSocket = 1 << 18
    /// The longest name of a room, in bytes of UTF-8: clients choose names, and the server keeps them. A join of a longer one is ignored
    /// and logged. A longer name, of more than 64 bytes, addresses nobody.
    public var maximumRoomNameBytes = 256
    /// The maximum number of acknowledgements that one socket owes. Further emits fail at once.
    public var maximumPendingAcknowledgements = 1_024
    /// The maximum bytes of the `auth` with which a client joins a namespace. It is kept for the socket's life. A larger one closes the
    /// connection.
    public var maximumAuthBytes = 1 << 16
    /// The maximum memory of handshakes, in bytes: clients' first requests and their `auth`. Those of at most `smallHandshakeBytes` do not
    /// count. A further request gets 503, and a further `auth` closes the connection.
    public var maximumHandshakeBytes = 1 << 27
    /// The same of the clients of one address.
    public var maximumHandshakeBytesPerAddress = 1 << 25
    /// Enough for a browser's request and its token.
    public var smallHandshakeBytes = 4_096
    /// The maximum memory, in bytes, of the bodies of requests that are being read or answered. Those of at most `smallBodyBytes` do not
    /// count. A further one is refused with 503, or its connection is closed if a route reads it.
    public var maximumBodyBytes = 1 << 27
    /// The same of the clients of one address.
    public var maximumBodyBytesPerAddress = 1 << 25
    /// Enough for most events.
    public var smallBodyBytes = 4_096
    /// How long one connection's packets, a loop's mail or its writes may hold the loop before it serves its other connections. A handler
    /// is never interrupted.
    public var maximumTurn: Duration = .milliseconds(1)
    /// The maximum number of broadcasts and calls of other threads that wait for one loop. While more wait, no loop takes packets from its
    /// clients.
    public var maximumMailboxItems = 4_096
    /// The most bytes of them together, with the same consequence.
    public var maximumMailboxBytes = 1 << 24
    /// The maximum number of waiting broadcasts and calls that one client's packets caused, counted once per loop. While more wait, no
    /// packets are taken from this client; nor while any wait and a mailbox is over half of its limit. Sends of asynchronous handlers and
    /// middlewares count too, also through actors that they call. Sends of other tasks and threads count for no client.
    public var maximumMailItemsPerConnection = 256
    /// The most bytes of them together, with the same consequence.
    public var maximumMailBytesPerConnection = 1 << 20
    /// How long asynchronous handlers and middlewares may go on when the server ends, before their tasks are cancelled.
    public var handlerGracePeriod: Duration = .seconds(5)
    /// How long they may take to end after that. The server does not wait any longer.
    public var handlerCancellationTimeout: Duration = .seconds(5)
    /// Limits of packets: attachments, nesting.
    public var packetLimits = SocketIOLimits()
    /// What browsers of other origins may do. If nil, no CORS headers are sent.
    public var cors: CORSPolicy?
    /// Which origins may talk to the server at all.
    public var originPolicy: OriginPolicy = .any
    /// The names by which clients may call the server. If nil, any name, as in the reference.
    public var hostPolicy: HostPolicy?
    /// Makes the adapter of each namespace. The default joins no other servers.
    public var adapter: AdapterFactory = { $0 }
    /// Connection state recovery: what namespaces keep for clients that come back. If nil, they keep nothing, and every client begins anew.
    ///
    /// With it each event without an acknowledgement that is not volatile carries one more argument, its offset.
    public var recovery: RecoveryLimits?
    /// Whether the middlewares are skipped for a client that resumes its session.
    public var recoverySkipsMiddlewares = true
    /// Called for every HTTP request at ``path`` and below it, for handshakes and for later requests of a session, in this order and before any
    /// other decision.
    public var httpMiddlewares: [HTTPMiddleware] = []
    /// Called for each handshake (never for a later request of a session). An error refuses it.
    public var allowRequest: HandshakeCheck?
    /// Whether this project's browser client is served below ``path``: `socket.io.js` and `socket.io.esm.js`, each also as `.min.js`.
    public var servesClient = true
    /// The cookie that a polling handshake sets, so that a load balancer finds the server of a session. If nil, no cookie is set.
    public var cookie: SessionCookie?
    /// The proxies that are trusted to report a client's address and whether its connection is encrypted.
    public var trustedProxies = TrustedProxies()

    public init() {}
}

/// Checks an HTTP request on the connection's loop, without waiting. If it throws, the request is refused: an ``EngineRequestError`` is the answer
/// itself, any other error becomes 400 "Bad request", as in the reference.
public typealias HTTPMiddleware = @Sendable (IncomingHTTPRequest) throws -> Void

/// An HTTP request as an ``HTTPMiddleware`` sees it.
public struct IncomingHTTPRequest: Sendable {
    public let method: HTTPMethod
    /// Path and query, as the client sent them.
    public let target: String
    public let headers: HTTPHeaders
    /// The client's address, without the port. A trusted proxy reports it.
    public let address: String
    /// Whether the client's connection is encrypted.
    public let secure: Bool
}

/// Decides about handshakes. An error refuses the client with its status, code and message; nil lets it in.
public enum HandshakeCheck: Sendable {
    /// A check that does not wait. It runs on the connection's loop.
    case immediate(@Sendable (Handshake) -> EngineRequestError?)
    /// A check that may wait. It runs in a task while the request waits.
    case asynchronous(@Sendable (Handshake) async -> EngineRequestError?)
}
