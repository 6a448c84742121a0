import NIOCore
import RedisCore

extension RedisEngine {
    /// The reply to a command; nil: it has none yet, or its replies are pushes.
    mutating func reply(to command: [Bytes], _ call: inout Call) -> RESPValue? {
        guard let first = command.first, let connection = connections[call.connection] else { return nil }
        let name = String(decoding: first, as: UTF8.self).uppercased()
        var arguments = Arguments(name.lowercased(), command.dropFirst())
        do throws(CommandFailure) {
            if !connection.isSignedIn, name != "HELLO", name != "AUTH", name != "QUIT" {
                throw CommandFailure("NOAUTH Authentication required.")
            }
            if connection.transaction != nil, !["EXEC", "DISCARD", "MULTI", "WATCH", "QUIT"].contains(name) {
                return try queue(command, name, &call)
            }
            return try run(name, &arguments, &call)
        } catch {
            return .error(error.message)
        }
    }

    private mutating func run(_ name: String, _ arguments: inout Arguments, _ call: inout Call) throws(CommandFailure) -> RESPValue? {
        if let data = DataCommand.all[name] { return try run(data, &arguments, &call) }
        switch name {
        case "PING":
            guard arguments.count <= 1 else { throw Self.wrongCount(name) }
            return arguments.isEmpty ? .simpleString("PONG") : .bytes(try arguments.next())
        case "ECHO": return .bytes(try arguments.next())
        case "TIME": return .array([.text(String(call.now / 1_000)), .text(String(call.now % 1_000 * 1_000))])
        case "HELLO": return try hello(&arguments, call.connection)
        case "AUTH": return try signIn(&arguments, call.connection)
        case "SELECT": return try select(&arguments, call.connection)
        case "CLIENT": return try client(&arguments, call.connection)
        case "QUIT":
            call.outputs += [.send(call.connection, .ok, connections[call.connection]?.version ?? .two), .close(call.connection)]
            return nil
        case "FLUSHALL":
            for index in databases.indices { databases[index].removeAll() }
            return .ok
        case "MULTI", "EXEC", "DISCARD": return try transact(name, &call)
        case "XREAD", "XREADGROUP": return try readStreams(name, &arguments, &call)
        case "EVAL", "EVALSHA", "SCRIPT": return try script(name, &arguments, &call)
        case "PUBLISH", "SPUBLISH", "PUBSUB", "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE":
            return try publishSubscribe(name, &arguments, &call)
        default:
            let shown = arguments.rest.prefix(20).map { "'" + String(decoding: $0.prefix(128), as: UTF8.self) + "' " }.joined()
            throw CommandFailure("ERR unknown command '\(name)', with args beginning with: \(shown)")
        }
    }

    static func wrongCount(_ name: String) -> CommandFailure {
        CommandFailure("ERR wrong number of arguments for '\(name.lowercased())' command")
    }

    static func unknownAction(_ action: String, of command: String) -> CommandFailure {
        CommandFailure("ERR unknown subcommand '\(action)'. Try \(command) HELP.")
    }

    private mutating func run(
        _ command: DataCommand, _ arguments: inout Arguments, _ call: inout Call
    ) throws(CommandFailure) -> RESPValue {
        guard let connection = connections[call.connection] else { return .null }
        guard (command.minimumArguments...command.maximumArguments).contains(arguments.count) else {
            throw Self.wrongCount(arguments.command)
        }
        let database = connection.database
        // The keyspace is moved out, so that a change copies nothing, and moved back also when the command fails.
        var context = DataCommand.Context(keyspace: databases[database], now: call.now, version: connection.version)
        databases[database] = Keyspace()
        defer {
            databases[database] = context.keyspace
            for key in context.touched { call.touched.insert(TouchedKey(database: database, key: key)) }
        }
        return try command.body(&context, &arguments)
    }

    // MARK: The connection

    private mutating func hello(_ arguments: inout Arguments, _ id: ConnectionID) throws(CommandFailure) -> RESPValue {
        var version: RESPVersion?
        if !arguments.isEmpty {
            guard let number = Int(try arguments.nextText()) else {
                throw CommandFailure("ERR Protocol version is not an integer or out of range")
            }
            guard let known = RESPVersion(rawValue: number) else { throw CommandFailure("NOPROTO unsupported protocol version") }
            version = known
        }
        var name: String?
        while !arguments.isEmpty {
            if arguments.take("AUTH"), arguments.count >= 2 {
                try signIn(user: try arguments.nextText(), password: try arguments.nextText(), id)
            } else if arguments.take("SETNAME"), !arguments.isEmpty {
                name = try arguments.nextText()
            } else {
                throw .syntax
            }
        }
        guard connections[id]?.isSignedIn == true else {
            throw CommandFailure(
                "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option "
                    + "can be used to authenticate the client and select the RESP protocol version at the same time")
        }
        if let version { connections[id]?.version = version }
        if let name { connections[id]?.name = name }
        return .map([
            RESPPair(.text("server"), .text("redis")), RESPPair(.text("version"), .text("7.0.0")),
            RESPPair(.text("proto"), .count(connections[id]?.version.rawValue ?? 2)), RESPPair(.text("id"), .integer(Int64(id))),
            RESPPair(.text("mode"), .text("standalone")), RESPPair(.text("role"), .text("master")),
            RESPPair(.text("modules"), .array([])),
        ])
    }

    private mutating func signIn(_ arguments: inout Arguments, _ id: ConnectionID) throws(CommandFailure) -> RESPValue {
        let first = try arguments.nextText()
        let (user, password) = arguments.isEmpty ? ("default", first) : (first, try arguments.nextText())
        if users.isEmpty, user == "default" {
            throw CommandFailure(
                "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is "
                    + "correct?")
        }
        try signIn(user: user, password: password, id)
        return .ok
    }

    private mutating func signIn(user: String, password: String, _ id: ConnectionID) throws(CommandFailure) {
        let isOpen = users.isEmpty && user == "default"
        guard isOpen || users[user] == password else {
            throw CommandFailure("WRONGPASS invalid username-password pair or user is disabled.")
        }
        connections[id]?.isSignedIn = true
    }

    private mutating func select(_ arguments: inout Arguments, _ id: ConnectionID) throws(CommandFailure) -> RESPValue {
        let number = try arguments.nextInteger()
        guard (0..<Int64(Self.databaseCount)).contains(number) else { throw CommandFailure("ERR DB index is out of range") }
        connections[id]?.database = Int(number)
        return .ok
    }

    private mutating func client(_ arguments: inout Arguments, _ id: ConnectionID) throws(CommandFailure) -> RESPValue {
        switch try arguments.nextText().uppercased() {
        case "ID": return .integer(Int64(id))
        case "SETNAME":
            connections[id]?.name = try arguments.nextText()
            return .ok
        case "GETNAME": return connections[id].map { $0.name.isEmpty ? .null : .text($0.name) } ?? .null
        case "SETINFO", "NO-EVICT", "NO-TOUCH": return .ok
        case let action: throw Self.unknownAction(action, of: "CLIENT")
        }
    }

    // MARK: Transactions

    private mutating func queue(_ command: [Bytes], _ name: String, _ call: inout Call) throws(CommandFailure) -> RESPValue {
        let arguments = command.count - 1
        if let data = DataCommand.all[name] {
            guard (data.minimumArguments...data.maximumArguments).contains(arguments) else {
                connections[call.connection]?.transactionFailed = true
                throw Self.wrongCount(name)
            }
        } else if !Self.otherCommands.contains(name) {
            connections[call.connection]?.transactionFailed = true
            throw CommandFailure("ERR unknown command '\(name)', with args beginning with: ")
        }
        guard (connections[call.connection]?.transaction?.count ?? 0) < limits.maximumWaitingCommands else {
            connections[call.connection]?.transactionFailed = true
            throw CommandFailure("ERR too many commands in a transaction")
        }
        connections[call.connection]?.transaction?.append(command)
        return .simpleString("QUEUED")
    }

    private static let otherCommands: Set<String> = [
        "PING", "ECHO", "TIME", "FLUSHALL", "XREAD", "XREADGROUP", "EVAL", "EVALSHA", "SCRIPT", "PUBLISH", "SPUBLISH", "PUBSUB", "SELECT",
        "CLIENT",
    ]

    private mutating func transact(_ name: String, _ call: inout Call) throws(CommandFailure) -> RESPValue {
        let id = call.connection
        let queued = connections[id]?.transaction
        if name == "MULTI" {
            guard queued == nil else { throw CommandFailure("ERR MULTI calls can not be nested") }
            connections[id]?.transaction = []
            return .ok
        }
        guard let queued else { throw CommandFailure("ERR \(name) without MULTI") }
        let failed = connections[id]?.transactionFailed ?? false
        connections[id]?.transaction = nil
        connections[id]?.transactionFailed = false
        if name == "DISCARD" { return .ok }
        guard !failed else { throw CommandFailure("EXECABORT Transaction discarded because of previous errors.") }
        var inner = call
        inner.mayBlock = false
        var replies: [RESPValue] = []
        for command in queued { replies.append(reply(to: command, &inner) ?? .null) }
        inner.mayBlock = call.mayBlock
        call = inner
        return .array(replies)
    }

    // MARK: Scripts

    private mutating func script(_ name: String, _ arguments: inout Arguments, _ call: inout Call) throws(CommandFailure) -> RESPValue {
        if name == "SCRIPT" { return try manageScripts(&arguments) }
        guard arguments.count >= 2 else { throw Self.wrongCount(name) }
        let text = try arguments.nextText()
        let sha1 = name == "EVAL" ? RedisScript.sha1(of: text) : text.lowercased()
        if name == "EVALSHA", !loadedScripts.contains(sha1) {
            throw CommandFailure("NOSCRIPT No matching script. Please use EVAL.")
        }
        guard let script = scripts[sha1] else {
            throw CommandFailure("ERR this script has no twin: register it with Redis in memory")
        }
        loadedScripts.insert(sha1)
        let keyCount = try arguments.nextInteger()
        guard keyCount >= 0 else { throw CommandFailure("ERR Number of keys can't be negative") }
        guard keyCount <= arguments.count else { throw CommandFailure("ERR Number of keys can't be greater than number of args") }
        let rest = arguments.takeAll().map { ByteBuffer(bytes: $0) }
        return run(script, keys: Array(rest.prefix(Int(keyCount))), arguments: Array(rest.dropFirst(Int(keyCount))), &call)
    }

    private mutating func manageScripts(_ arguments: inout Arguments) throws(CommandFailure) -> RESPValue {
        switch try arguments.nextText().uppercased() {
        case "LOAD":
            let sha1 = RedisScript.sha1(of: try arguments.nextText())
            guard scripts[sha1] != nil else {
                throw CommandFailure("ERR this script has no twin: register it with Redis in memory")
            }
            loadedScripts.insert(sha1)
            return .text(sha1)
        case "EXISTS":
            return .array(arguments.takeAll().map { .count(loadedScripts.contains(String(decoding: $0, as: UTF8.self)) ? 1 : 0) })
        case "FLUSH":
            loadedScripts = []
            return .ok
        case let action: throw Self.unknownAction(action, of: "SCRIPT")
        }
    }

    /// The engine while a script runs on it: a script's calls come from a closure, and the engine itself is elsewhere meanwhile.
    private final class Stage {
        var engine: RedisEngine
        var call: Call

        init(_ engine: RedisEngine, _ call: Call) {
            self.engine = engine
            self.call = call
        }
    }

    private mutating func run(
        _ script: RedisScript, keys: [ByteBuffer], arguments: [ByteBuffer], _ call: inout Call
    ) -> RESPValue {
        let stage = Stage(self, call)
        self = RedisEngine()
        stage.call.mayBlock = false
        let version = stage.engine.connections[call.connection]?.version ?? .two
        // Lua sees version 2, whatever the connection speaks.
        stage.engine.connections[call.connection]?.version = .two
        let invocation = RedisScript.Call(keys: keys, arguments: arguments) { command throws(RedisError) in
            let bytes = [Array(command.name.utf8)] + command.arguments.map { Array(buffer: $0.encoded) }
            let reply = stage.engine.reply(to: bytes, &stage.call)?.inVersion2 ?? .null
            if case .error(let error) = reply { throw RedisError(error) }
            return reply
        }
        let reply: RESPValue
        do {
            reply = try script.twin(invocation)
        } catch {
            reply = .error((error as? RedisError)?.reply?.message ?? "ERR \(error)")
        }
        self = stage.engine
        connections[call.connection]?.version = version
        let mayBlock = call.mayBlock
        call = stage.call
        call.mayBlock = mayBlock
        return reply
    }
}
