public import EngineIOCore
public import SocketIOCore
public import WebSocketCore

/// Limits, times and policies of a server. The defaults are the reference's where it has one.
public struct SocketIOConfiguration: Sendable {
    /// Where Engine.IO answers; with or without the last slash.
    public var path = "/socket.io/"
    public var transports: Set<EngineTransport> = [.polling, .websocket]
    /// Whether polling sessions may move to a WebSocket.
    public var allowUpgrades = true
    public var pingInterval: Duration = .seconds(25)
    public var pingTimeout: Duration = .seconds(20)
    /// A connection that joins no namespace within this time is closed.
    public var connectTimeout: Duration = .seconds(45)
    /// A WebSocket that asked to take over from polling must have done so within this time.
    public var upgradeTimeout: Duration = .seconds(10)
    /// How long a closed polling session waits for the GET that fetches its last packets.
    public var pollingCloseTimeout: Duration = .seconds(30)
    /// The total time that a WebSocket message in fragments may take; twice that at most, since it is checked at intervals of it.
    /// The same for the attachments of a binary packet.
    public var messageTimeout: Duration = .seconds(30)
    /// The total time from the opening of a TCP connection, or from when its last response has gone out, to the end of the next request.
    /// Slow heads and slow bodies are closed by it, and idle kept-alive connections too.
    public var requestTimeout: Duration = .seconds(9)
    /// A client that takes less than 64 KiB of what waits for it within this time, and not all of it, is closed, over HTTP and over a
    /// WebSocket. Meanwhile none of its further requests is read. A client that polls has to fetch some of what waits for it.
    public var responseStallTimeout: Duration = .seconds(30)
    /// The largest message of a client, in bytes: a polling body or a WebSocket message.
    public var maximumHTTPBufferBytes = 1_000_000
    /// Compresses WebSocket messages for clients that offer it (RFC 7692). nil, as in the reference: nothing is compressed.
    public var perMessageDeflate: PerMessageDeflateOptions?
    /// The most memory of compression contexts that outlive a message, in bytes. With a further connection the server agrees to compress each
    /// message on its own, which takes none.
    public var maximumDeflateContextBytes = 1 << 27
    /// The same of the clients of one address.
    public var maximumDeflateContextBytesPerAddress = 1 << 25
    /// How much of an oversized body, or of what follows a connection's last answer, is read and dropped so that the client can read that
    /// answer; beyond it the connection is closed.
    public var maximumDrainedBytes = 16_000_000
    /// How many bytes behind a request for an upgrade are kept until it is decided; one more closes the connection.
    public var maximumUndecodedBytes = 1 << 20
    /// The most parts of requests (a head, a piece of a body, an end) that wait behind one that is being answered; one more closes the
    /// connection. Reading is held meanwhile, but at the end of a client's stream everything comes that the kernel has.
    public var maximumWaitingRequestParts = 10_000
    /// The most memory that such parts take, in bytes; more closes the connection.
    public var maximumWaitingRequestBytes = 4 << 20
    /// The most bytes that wait for one client, one packet excepted that nothing else waits with. Beyond it volatile events are dropped, and
    /// a client that still falls behind is closed.
    public var maximumQueuedBytes = 1 << 20
    /// The most TCP connections at once; further ones are closed at once.
    public var maximumConnections = 16_384
    /// The most sessions at once: one that polls holds no TCP connection between two requests. A further handshake gets 503.
    public var maximumSessions = 65_536
    /// The most polling sessions that one TCP connection may have opened and whose clients joined no namespace. A further handshake gets
    /// 503.
    public var maximumUnconfirmedSessions = 32
    /// The most such sessions of one event loop, whoever opened them. A further handshake ends the oldest.
    public var maximumUnconfirmedSessionsPerLoop = 4_096
    /// The most sessions that poll from one address. A further handshake gets 503. Behind a proxy all clients have its address.
    public var maximumPollingSessionsPerAddress = 16_384
    /// The most packets in the body of a POST. One more closes the session.
    public var maximumPacketsPerPayload = 10_000
    /// The most events of one socket that wait for an asynchronous handler, or are in concurrent ones; one more closes the connection.
    public var maximumHeldEvents = 256
    /// The most memory that such events may take together, what is kept around them included. A single event may exceed it if nothing else
    /// waits; more close the connection.
    public var maximumHeldBytes = 1 << 20
    /// The most namespaces that one connection may be in, those whose middleware is deciding included. A further CONNECT is refused.
    public var maximumNamespacesPerConnection = 64
    /// The most namespaces that are made for clients, see ``SocketIO/of(where:)``. A further one takes the place of one that nobody is in; if
    /// there is none, its client is refused.
    public var maximumMadeNamespaces = 4_096
    /// Whether a namespace that was made for clients ends with its last one.
    public var cleanupEmptyChildNamespaces = false
    /// The most rooms one socket may be in; further joins are ignored and logged.
    public var maximumRoomsPerSocket = 1_024
    /// The most bytes of one socket's rooms together: their names, and 224 bytes each for what is kept of a room; further joins are ignored
    /// and logged.
    public var maximumRoomBytesPerSocket = 1 << 18
    /// The longest name of a room, in bytes of UTF-8: clients choose them, and they are kept. A join of a longer one is ignored and logged.
    public var maximumRoomNameBytes = 256
    /// The most acknowledgements one socket may owe; further emits fail at once.
    public var maximumPendingAcknowledgements = 1_024
    /// The most bytes of the `auth` that a client gives when it joins a namespace. It is kept for the socket's life; a larger one closes
    /// the connection.
    public var maximumAuthBytes = 1 << 16
    /// The most memory of the handshakes that are kept, in bytes: what clients give with their first request, and as `auth`. Those of at most
    /// `smallHandshakeBytes` do not count and always fit. For a further one there is 503, and for its `auth` the end of the connection.
    public var maximumHandshakeBytes = 1 << 27
    /// The same of the clients of one address.
    public var maximumHandshakeBytesPerAddress = 1 << 25
    /// What a browser and its token need.
    public var smallHandshakeBytes = 4_096
    /// The most memory of the bodies of requests that are being read or answered, in bytes; those of at most `smallBodyBytes` do not count
    /// and always fit. A further one is refused with 503, or its connection is closed if a route reads it.
    public var maximumBodyBytes = 1 << 27
    /// The same of the clients of one address.
    public var maximumBodyBytesPerAddress = 1 << 25
    /// What most events need.
    public var smallBodyBytes = 4_096
    /// How long one connection's packets, a loop's mail or its writes may hold the loop before it turns to its other connections. A single
    /// handler is not interrupted.
    public var maximumTurn: Duration = .milliseconds(1)
    /// The most broadcasts and calls from other threads that wait for one loop. While more wait, no loop takes packets from its clients.
    public var maximumMailboxItems = 4_096
    /// The most bytes of them together, with the same consequence.
    public var maximumMailboxBytes = 1 << 24
    /// The most broadcasts and calls that one client's packets caused and that wait, those for several loops counted for each. While more
    /// wait, no packets are taken from this client; the same while any wait and a mailbox is over half of its limit. What asynchronous
    /// handlers and middlewares send counts too, also through actors that they call. What other tasks and threads send counts for no client.
    public var maximumMailItemsPerConnection = 256
    /// The most bytes of them together, with the same consequence.
    public var maximumMailBytesPerConnection = 1 << 20
    /// How long asynchronous handlers and middlewares may go on when the server ends, before their tasks are cancelled.
    public var handlerGracePeriod: Duration = .seconds(5)
    /// How long they may take to end after that. Whatever has not ended then is not waited for.
    public var handlerCancellationTimeout: Duration = .seconds(5)
    /// Limits of packets: attachments, nesting.
    public var packetLimits = SocketIOLimits()
    /// What browsers of other origins may do. nil: no CORS headers.
    public var cors: CORSPolicy?
    /// Which origins may talk to the server at all.
    public var originPolicy: OriginPolicy = .any
    /// The names by which clients may call the server. nil: any, as in the reference.
    public var hostPolicy: HostPolicy?
    /// Makes the adapter of each namespace. The default joins no other servers.
    public var adapter: AdapterFactory = { $0 }
    /// Connection state recovery: what namespaces keep for clients that come back. nil: nothing, and every client begins anew.
    ///
    /// With it each event without an acknowledgement that is not volatile carries one more argument, its offset.
    public var recovery: RecoveryLimits?
    /// Whether a client that resumes its session is not asked by the middlewares again.
    public var recoverySkipsMiddlewares = true
    /// Asked for each handshake (never for a later request of a session). An error refuses it.
    public var allowRequest: HandshakeCheck?
    /// Whether the browser client of our own is served below ``path``: `socket.io.js` and `socket.io.esm.js`, each also as `.min.js`.
    public var servesClient = true
    /// The cookie that a polling handshake sets, so that a load balancer finds the server of a session. nil: none.
    public var cookie: SessionCookie?
    /// The proxies whose word counts for a client's address, and for whether its connection is encrypted.
    public var trustedProxies = TrustedProxies()

    public init() {}
}

/// Decides about handshakes. An error refuses the client with its status, code and message; nil lets it in.
public enum HandshakeCheck: Sendable {
    /// Waits for nothing: it is asked on the connection's loop.
    case immediate(@Sendable (Handshake) -> EngineRequestError?)
    /// Is asked in a task, while the request waits.
    case asynchronous(@Sendable (Handshake) async -> EngineRequestError?)
}
