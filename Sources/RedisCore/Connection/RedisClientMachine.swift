import DequeModule
public import NIOCore

/// A client of one Redis server, without a socket and without a clock: what is queued, what is in flight, which subscriptions are wanted,
/// and when to connect again.
///
/// Every input returns what has to be done. Times count from any origin, the same for all inputs of one machine.
public struct RedisClientMachine: Sendable {
    /// Names a request to whoever submitted it.
    public typealias RequestID = UInt64

    /// What the owner of the socket has to do, in this order.
    public enum Action: Sendable, Hashable {
        /// Begin a connection, and tell with ``RedisClientMachine/connected(at:)`` or ``RedisClientMachine/disconnected(_:at:random:)``.
        case connect
        /// Close the connection, or stop the one that is being made, and tell ``RedisClientMachine/disconnected(_:at:random:)`` with this error.
        case disconnect(RedisError)
        /// Close the connection for good.
        case close
        /// There are bytes for ``RedisClientMachine/takeOutgoing()``.
        case flush
        case fail(RequestID, RedisError)
        case notify(RedisSubscription, RedisSubscriptionEvent)
    }

    /// What a received value means.
    public enum Received: Sendable, Hashable {
        /// One reply of a request; a transaction or another batch has several.
        case reply(RequestID, RESPValue, isLast: Bool)
        case message(RedisSubscription, channel: String, payload: ByteBuffer)
        /// Nothing for anybody: the reply of a request that was given up, or of the client's own.
        case nothing
        case actions([Action])
    }

    enum Phase: Sendable, Hashable {
        case idle
        case connecting(deadline: Duration)
        /// Connected; so many replies of the greeting are missing.
        case greeting(missing: Int, deadline: Duration)
        case ready
        case waiting(until: Duration)
        case closed
    }

    public let configuration: RedisConfiguration
    var phase = Phase.idle
    /// Tries since the last connection that was ready.
    var attempt = 0
    var lastFailure: RedisError?
    var connections: UInt64 = 0

    var queue: Deque<Request> = []
    var queuedCommands = 0
    var queuedBytes = 0
    var inFlight: Deque<Flight> = []
    var commandsInFlight = 0
    var bytesInFlight = 0
    /// No request's deadline is earlier. It may be that of a request that is done.
    var earliestDeadline: Duration?

    var subscriptions: [RedisSubscription: SubscriptionState] = [:]
    var lastSerial: UInt64 = 0
    /// Bytes of greetings, pings and subscriptions, which go before the queue.
    var control = ByteBuffer()
    var controlFlights: [Flight] = []
    var lastHeard = Duration.zero

    public init(configuration: RedisConfiguration) {
        self.configuration = configuration
    }

    /// One or more commands that go out together and whose replies belong together.
    struct Request: Sendable, Hashable {
        let id: RequestID
        let commands: [RedisCommand]
        let byteCount: Int
        let deadline: Duration
    }

    /// Something that was sent and for which Redis owes replies.
    struct Flight: Sendable, Hashable {
        enum Kind: Sendable, Hashable {
            case request(RequestID, isAbandoned: Bool)
            case greeting
            case ping
            /// Confirmed by a push each; an error comes as a reply.
            case subscribe([RedisSubscription], serial: UInt64)
            case unsubscribe([RedisSubscription])
        }

        var kind: Kind
        /// Replies or confirmations that are missing.
        var missing: Int
        var byteCount = 0
        var deadline: Duration?
    }

    struct SubscriptionState: Sendable, Hashable {
        /// The SUBSCRIBE that was sent last: only its confirmation establishes, because an UNSUBSCRIBE may lie between it and earlier ones.
        var serial: UInt64 = 0
        var isEstablished = false
    }

    // MARK: The connection's life

    /// Begins to connect.
    public mutating func start(at now: Duration) -> [Action] {
        guard phase == .idle else { return [] }
        return connect(at: now)
    }

    mutating func connect(at now: Duration) -> [Action] {
        phase = .connecting(deadline: now + configuration.timeouts.connect)
        return [.connect]
    }

    /// The connection stands, TLS included.
    public mutating func connected(at now: Duration) -> [Action] {
        guard case .connecting(let deadline) = phase else { return [.close] }
        lastHeard = now
        let greeting = self.greeting
        for command in greeting {
            control.writeRESP(command)
            controlFlights.append(Flight(kind: .greeting, missing: 1, deadline: deadline))
        }
        phase = .greeting(missing: greeting.count, deadline: deadline)
        return [.flush]
    }

    /// The PING finds a server that still loads its data: it greets, but answers nothing else.
    private var greeting: [RedisCommand] {
        var hello: [RedisArgument] = [3]
        if let credentials = configuration.credentials { hello += ["AUTH", .text(credentials.user), .text(credentials.password)] }
        if let name = configuration.clientName { hello += ["SETNAME", .text(name)] }
        var commands = [RedisCommand("HELLO", arguments: hello)]
        if configuration.database != 0 { commands.append(RedisCommand("SELECT", .integer(Int64(configuration.database)))) }
        return commands + [RedisCommand("PING")]
    }

    /// The connection ended, or could not be made.
    ///
    /// - Parameter random: in 0..<1, drawn for each call.
    public mutating func disconnected(_ error: RedisError, at now: Duration, random: Double) -> [Action] {
        switch phase {
        case .idle, .waiting, .closed: return []
        case .connecting, .greeting, .ready: break
        }
        let delay = configuration.backoff.delay(attempt: attempt, random: random)
        attempt += 1
        phase = .waiting(until: now + delay)
        return loseConnection(error)
    }

    private mutating func loseConnection(_ error: RedisError) -> [Action] {
        var actions: [Action] = []
        lastFailure = error
        for flight in inFlight {
            guard case .request(let id, isAbandoned: false) = flight.kind else { continue }
            actions.append(.fail(id, error.afterSending(true)))
        }
        inFlight.removeAll()
        commandsInFlight = 0
        bytesInFlight = 0
        control.clear()
        controlFlights = []
        for (subscription, state) in subscriptions {
            if state.isEstablished { actions.append(.notify(subscription, .interrupted(error))) }
            subscriptions[subscription] = SubscriptionState()
        }
        return actions
    }

    /// Ends the client: what waits and what is in flight fails, and nothing more is accepted.
    public mutating func close() -> [Action] {
        guard phase != .closed else { return [] }
        let error = RedisError(.closed)
        var actions = loseConnection(error)
        actions += queue.map { .fail($0.id, error) }
        queue.removeAll()
        queuedCommands = 0
        queuedBytes = 0
        earliestDeadline = nil
        subscriptions.removeAll()
        phase = .closed
        return actions + [.close]
    }

    // MARK: What it looks like

    /// A view for health checks and metrics.
    public var status: RedisClientStatus {
        let state: RedisClientStatus.State =
            switch phase {
            case .idle: .idle
            case .connecting, .greeting: .connecting
            case .ready: .ready
            case .waiting: .waiting
            case .closed: .closed
            }
        return RedisClientStatus(
            state: state, lastFailure: phase == .ready ? nil : lastFailure, connections: connections,
            queuedCommands: queuedCommands, queuedBytes: queuedBytes, commandsInFlight: commandsInFlight,
            subscriptions: subscriptions.count)
    }
}

/// How a client is doing.
public struct RedisClientStatus: Sendable, Hashable {
    public enum State: Sendable, Hashable {
        /// Not started.
        case idle
        case connecting
        case ready
        /// Between two tries to connect.
        case waiting
        case closed
    }

    public let state: State
    /// Why it is not ready.
    public let lastFailure: RedisError?
    /// Connections that were ready, since the start.
    public let connections: UInt64
    public let queuedCommands: Int
    public let queuedBytes: Int
    public let commandsInFlight: Int
    public let subscriptions: Int
}
