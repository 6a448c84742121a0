/// Counts since the start, summed over all event loops. They never decrease; gauges are differences of them.
public struct SocketIOStatistics: Sendable, Hashable {
    public var connectionsOpened = 0
    public var connectionsClosed = 0
    public var socketsOpened = 0
    public var socketsClosed = 0
    /// Events that reached a socket.
    public var eventsReceived = 0
    /// Packets queued for clients; a broadcast counts once per member.
    public var packetsSent = 0
    /// Clients closed because they did not read.
    public var slowClientCloses = 0
    /// Connections closed because of a malformed packet or frame.
    public var protocolErrors = 0
    /// Polling sessions that moved to a WebSocket.
    public var upgrades = 0
    /// Volatile events that were dropped because the client had fallen behind.
    public var volatileDropped = 0
    /// The longest time since the start that each event loop was held, for example by a handler. Measured ten times per second while there
    /// are connections. In the order in which the loops got their first connection.
    public var longestStalls: [Duration] = []
    /// Requests for a session, with an entry for every result.
    public var handshakes = Dictionary(uniqueKeysWithValues: HandshakeResult.allCases.map { ($0, 0) })
    /// Attempts to join a namespace, with an entry for every result.
    public var joins = Dictionary(uniqueKeysWithValues: JoinResult.allCases.map { ($0, 0) })

    public var connections: Int { connectionsOpened - connectionsClosed }
    public var sockets: Int { socketsOpened - socketsClosed }

    mutating func add(_ counters: ShardCounters) {
        connectionsOpened += counters.connectionsOpened.read()
        connectionsClosed += counters.connectionsClosed.read()
        socketsOpened += counters.socketsOpened.read()
        socketsClosed += counters.socketsClosed.read()
        eventsReceived += counters.eventsReceived.read()
        packetsSent += counters.packetsSent.read()
        slowClientCloses += counters.slowClientCloses.read()
        protocolErrors += counters.protocolErrors.read()
        upgrades += counters.upgrades.read()
        volatileDropped += counters.volatileDropped.read()
        longestStalls.append(.nanoseconds(counters.longestStallNanoseconds.read()))
        counters.handshakes.add(to: &handshakes)
        counters.joins.add(to: &joins)
    }
}

/// What a server has in use. When a test has ended, nothing may be.
package struct ServerOccupancy: Sendable, Hashable {
    /// TCP connections.
    package var connections: Int
    /// Acknowledgements that clients owe. Each has a time-out.
    package var acknowledgements: Int
    /// Asynchronous handlers, middlewares and other work under way.
    package var handlers: Int
}
