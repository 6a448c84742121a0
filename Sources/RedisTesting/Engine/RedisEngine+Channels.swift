import RedisCore

/// Who listens to what. Sharded channels are a world of their own.
struct Channels {
    private(set) var byName: [RedisSubscription.Kind: [Bytes: [RedisEngine.ConnectionID]]] = [:]
    private var byConnection: [RedisEngine.ConnectionID: [RedisSubscription.Kind: [Bytes]]] = [:]

    func subscribers(_ kind: RedisSubscription.Kind, _ name: Bytes) -> [RedisEngine.ConnectionID] { byName[kind]?[name] ?? [] }
    func names(_ kind: RedisSubscription.Kind, of id: RedisEngine.ConnectionID) -> [Bytes] { byConnection[id]?[kind] ?? [] }

    /// What the confirmation counts: channels and patterns together, sharded channels apart.
    func count(_ kind: RedisSubscription.Kind, of id: RedisEngine.ConnectionID) -> Int {
        kind == .shard
            ? names(.shard, of: id).count : names(.channel, of: id).count + names(.pattern, of: id).count
    }

    mutating func insert(_ kind: RedisSubscription.Kind, _ name: Bytes, _ id: RedisEngine.ConnectionID) {
        guard !subscribers(kind, name).contains(id) else { return }
        byName[kind, default: [:]][name, default: []].append(id)
        byConnection[id, default: [:]][kind, default: []].append(name)
    }

    mutating func remove(_ kind: RedisSubscription.Kind, _ name: Bytes, _ id: RedisEngine.ConnectionID) {
        byName[kind]?[name]?.removeAll { $0 == id }
        if byName[kind]?[name]?.isEmpty == true { byName[kind]?[name] = nil }
        byConnection[id]?[kind]?.removeAll { $0 == name }
    }

    mutating func remove(_ id: RedisEngine.ConnectionID) {
        for (kind, names) in byConnection[id] ?? [:] {
            for name in names { remove(kind, name, id) }
        }
        byConnection[id] = nil
    }
}

extension RedisEngine {
    mutating func publishSubscribe(
        _ name: String, _ arguments: inout Arguments, _ call: inout Call
    ) throws(CommandFailure) -> RESPValue? {
        switch name {
        case "PUBLISH", "SPUBLISH":
            guard arguments.count == 2 else { throw Self.wrongCount(name) }
            let (channel, payload) = (try arguments.next(), try arguments.next())
            return .count(publish(payload, to: channel, isSharded: name == "SPUBLISH", &call))
        case "PUBSUB": return try inspect(&arguments)
        default:
            let kind: RedisSubscription.Kind =
                name.hasPrefix("P") ? .pattern : name.hasPrefix("S") && !name.hasPrefix("SUB") ? .shard : .channel
            if name.hasSuffix("UNSUBSCRIBE") {
                unsubscribe(name.lowercased(), kind, &arguments, &call)
            } else {
                guard !arguments.isEmpty else { throw Self.wrongCount(name) }
                for channel in arguments.takeAll() {
                    channels.insert(kind, channel, call.connection)
                    confirm(name.lowercased(), kind, .bytes(channel), &call)
                }
            }
            return nil
        }
    }

    private mutating func unsubscribe(
        _ name: String, _ kind: RedisSubscription.Kind, _ arguments: inout Arguments, _ call: inout Call
    ) {
        var channels = arguments.takeAll()
        if channels.isEmpty { channels = self.channels.names(kind, of: call.connection) }
        if channels.isEmpty { confirm(name, kind, .null, &call) }
        for channel in channels {
            self.channels.remove(kind, channel, call.connection)
            confirm(name, kind, .bytes(channel), &call)
        }
    }

    private func confirm(_ name: String, _ kind: RedisSubscription.Kind, _ channel: RESPValue, _ call: inout Call) {
        let count = channels.count(kind, of: call.connection)
        push([.text(name), channel, .count(count)], to: call.connection, &call)
    }

    private func push(_ elements: [RESPValue], to id: ConnectionID, _ call: inout Call) {
        call.outputs.append(.send(id, .push(elements), connections[id]?.version ?? .two))
    }

    private func publish(_ payload: Bytes, to channel: Bytes, isSharded: Bool, _ call: inout Call) -> Int {
        var count = 0
        for id in channels.subscribers(isSharded ? .shard : .channel, channel) {
            push([.text(isSharded ? "smessage" : "message"), .bytes(channel), .bytes(payload)], to: id, &call)
            count += 1
        }
        if isSharded { return count }
        for (pattern, subscribers) in channels.byName[.pattern] ?? [:] where Glob.matches(pattern, channel) {
            for id in subscribers {
                push([.text("pmessage"), .bytes(pattern), .bytes(channel), .bytes(payload)], to: id, &call)
                count += 1
            }
        }
        return count
    }

    private func inspect(_ arguments: inout Arguments) throws(CommandFailure) -> RESPValue {
        let question = try arguments.nextText().uppercased()
        switch question {
        case "NUMSUB", "SHARDNUMSUB":
            let kind: RedisSubscription.Kind = question == "NUMSUB" ? .channel : .shard
            return .array(arguments.takeAll().flatMap { [.bytes($0), .count(channels.subscribers(kind, $0).count)] })
        case "NUMPAT": return .count(channels.byName[.pattern]?.count ?? 0)
        case "CHANNELS", "SHARDCHANNELS":
            let pattern = arguments.isEmpty ? Array("*".utf8) : try arguments.next()
            let names = channels.byName[question == "CHANNELS" ? .channel : .shard]?.keys.filter { Glob.matches(pattern, $0) }
            return .array((names ?? []).map(RESPValue.bytes))
        default: throw Self.unknownAction(question, of: "PUBSUB")
        }
    }
}
