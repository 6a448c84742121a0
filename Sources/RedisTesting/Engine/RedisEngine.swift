public import NIOCore
public import RedisCore

/// Redis in memory, without a socket and without a clock: databases, channels, scripts and the connections that use them.
///
/// Every input returns what is to be sent to whom. Times are milliseconds since 1970.
public struct RedisEngine: Sendable {
    public typealias ConnectionID = UInt64

    /// Something for a connection.
    public enum Output: Sendable, Hashable {
        case send(ConnectionID, RESPValue, RESPVersion)
        case close(ConnectionID)
    }

    /// Bounds of the engine, so that a test that runs wild fails instead of filling the machine.
    public struct Limits: Sendable, Hashable {
        public var maximumConnections: Int
        /// Commands that wait behind a blocked one, or in a transaction, of one connection.
        public var maximumWaitingCommands: Int

        public init(maximumConnections: Int = 10_000, maximumWaitingCommands: Int = 10_000) {
            self.maximumConnections = maximumConnections
            self.maximumWaitingCommands = maximumWaitingCommands
        }
    }

    static let databaseCount = 16

    let limits: Limits
    /// Who may sign in, name to password; empty: everybody is in already.
    let users: [String: String]
    var databases = [Keyspace](repeating: Keyspace(), count: databaseCount)
    var connections: [ConnectionID: Connection] = [:]
    var lastConnection: ConnectionID = 0
    var channels = Channels()
    /// All scripts that are known here, by SHA-1; `loaded` are those that Redis would know.
    let scripts: [String: RedisScript]
    var loadedScripts: Set<String> = []

    struct Connection {
        var version = RESPVersion.two
        var database = 0
        var name = ""
        var isSignedIn: Bool
        /// Commands of a transaction that is being queued.
        var transaction: [[Bytes]]?
        var transactionFailed = false
        /// A read that waits for a stream, and the commands behind it.
        var blocked: Blocked?
        var waiting: [[Bytes]] = []
    }

    struct Blocked {
        var command: [Bytes]
        let keys: [Bytes]
        /// nil: for ever.
        let deadline: Int64?
    }

    public init(scripts: [RedisScript] = [], users: [String: String] = [:], limits: Limits = Limits()) {
        self.scripts = Dictionary(scripts.map { ($0.sha1, $0) }) { one, _ in one }
        self.users = users
        self.limits = limits
    }

    // MARK: Connections

    /// nil: there are as many as may be.
    public mutating func open() -> ConnectionID? {
        guard connections.count < limits.maximumConnections else { return nil }
        lastConnection += 1
        connections[lastConnection] = Connection(isSignedIn: users.isEmpty)
        return lastConnection
    }

    public mutating func close(_ id: ConnectionID) {
        connections[id] = nil
        channels.remove(id)
    }

    public var connectionIDs: [ConnectionID] { connections.keys.sorted() }

    // MARK: Commands

    /// Carries a command out, its name first.
    public mutating func execute(_ command: [ByteBuffer], from id: ConnectionID, at now: Int64) -> [Output] {
        execute(command.map { Array(buffer: $0) }, from: id, at: now)
    }

    mutating func execute(_ command: [Bytes], from id: ConnectionID, at now: Int64) -> [Output] {
        guard let connection = connections[id] else { return [] }
        if connection.blocked != nil {
            guard connection.waiting.count < limits.maximumWaitingCommands else {
                close(id)
                return [.close(id)]
            }
            connections[id]?.waiting.append(command)
            return []
        }
        var call = Call(connection: id, now: now)
        carryOut(command, &call)
        return call.outputs + serveBlocked(touched: call.touched, at: now)
    }

    /// Ends the waits whose time is over.
    public mutating func tick(at now: Int64) -> [Output] {
        var outputs: [Output] = []
        for id in connections.keys.sorted() {
            guard let blocked = connections[id]?.blocked, let deadline = blocked.deadline, deadline <= now else { continue }
            outputs += unblock(id, .null, at: now)
        }
        return outputs
    }

    /// When ``tick(at:)`` has something to do; nil: never.
    public var nextDeadline: Int64? {
        connections.values.compactMap { $0.blocked?.deadline }.min()
    }

    /// One command on its way, and what it causes.
    struct Call {
        let connection: ConnectionID
        let now: Int64
        var outputs: [Output] = []
        /// Streams that grew.
        var touched: Set<TouchedKey> = []
        /// Within a script or a transaction: nothing may wait.
        var mayBlock = true
    }

    struct TouchedKey: Hashable {
        let database: Int
        let key: Bytes
    }

    private mutating func carryOut(_ command: [Bytes], _ call: inout Call) {
        let version = connections[call.connection]?.version ?? .two
        if let reply = self.reply(to: command, &call) {
            // HELLO changes the version, and its own reply is in the new one.
            call.outputs.append(.send(call.connection, reply, connections[call.connection]?.version ?? version))
        }
    }

    /// Serves readers that wait for streams which grew, in the order of their connections.
    private mutating func serveBlocked(touched: Set<TouchedKey>, at now: Int64) -> [Output] {
        guard !touched.isEmpty else { return [] }
        var outputs: [Output] = []
        for id in connections.keys.sorted() {
            guard let connection = connections[id], let blocked = connection.blocked,
                blocked.keys.contains(where: { touched.contains(TouchedKey(database: connection.database, key: $0)) })
            else { continue }
            var call = Call(connection: id, now: now)
            call.mayBlock = false
            let reply = self.reply(to: blocked.command, &call)
            guard let reply, !reply.isNull else { continue }
            outputs += unblock(id, reply, at: now)
        }
        return outputs
    }

    /// Answers a blocked read and carries out the commands behind it.
    private mutating func unblock(_ id: ConnectionID, _ reply: RESPValue, at now: Int64) -> [Output] {
        guard let connection = connections[id] else { return [] }
        connections[id]?.blocked = nil
        connections[id]?.waiting = []
        var outputs: [Output] = [.send(id, reply, connection.version)]
        for command in connection.waiting { outputs += execute(command, from: id, at: now) }
        return outputs
    }
}
