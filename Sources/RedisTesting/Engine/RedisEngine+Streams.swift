import RedisCore

extension RedisEngine {
    /// XREAD and XREADGROUP, which may wait.
    mutating func readStreams(_ name: String, _ arguments: inout Arguments, _ call: inout Call) throws(CommandFailure) -> RESPValue? {
        guard arguments.count >= (name == "XREAD" ? 3 : 6) else { throw Self.wrongCount(name) }
        var reading = try StreamReading(name, &arguments)
        guard let connection = connections[call.connection] else { return nil }
        var context = DataCommand.Context(keyspace: databases[connection.database], now: call.now, version: connection.version)
        // What `$` means is decided now, also for a read that waits.
        for index in reading.streams.indices where reading.streams[index].id == "$" {
            reading.streams[index].id = try context.stream(reading.streams[index].key)?.lastID.text ?? "0-0"
        }
        let found = try reading.read(&context)
        databases[connection.database] = context.keyspace
        if !found.isEmpty {
            if connection.version == .three { return .map(found.map { RESPPair(.bytes($0.key), $0.entries) }) }
            return .array(found.map { .array([.bytes($0.key), $0.entries]) })
        }
        guard let block = reading.block, call.mayBlock else { return .null }
        connections[call.connection]?.blocked = Blocked(
            command: reading.command(name), keys: reading.streams.map(\.key),
            deadline: block == 0 ? nil : call.now &+ min(block, .max - call.now))
        return nil
    }
}

/// What a read of streams asks for.
private struct StreamReading {
    var streams: [(key: Bytes, id: String)] = []
    var count = Int.max
    var block: Int64?
    var group: (name: Bytes, consumer: Bytes)?
    var acknowledgesAtOnce = false

    init(_ command: String, _ arguments: inout Arguments) throws(CommandFailure) {
        while !arguments.take("STREAMS") {
            if arguments.take("COUNT") {
                let count = try arguments.nextInteger()
                if count > 0 { self.count = Int(clamping: count) }
            } else if arguments.take("BLOCK") {
                guard let block = Int64(try arguments.nextText()) else {
                    throw CommandFailure("ERR timeout is not an integer or out of range")
                }
                guard block >= 0 else { throw CommandFailure("ERR timeout is negative") }
                self.block = block
            } else if command == "XREADGROUP", arguments.take("GROUP") {
                group = (try arguments.next(), try arguments.next())
            } else if command == "XREADGROUP", arguments.take("NOACK") {
                acknowledgesAtOnce = true
            } else {
                throw .syntax
            }
        }
        guard command == "XREAD" || group != nil else { throw CommandFailure("ERR Missing GROUP option for XREADGROUP") }
        guard !arguments.isEmpty, arguments.count.isMultiple(of: 2) else {
            throw CommandFailure("ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.")
        }
        let rest = arguments.takeAll()
        let half = rest.count / 2
        streams = (0..<half).map { (rest[$0], String(decoding: rest[$0 + half], as: UTF8.self)) }
    }

    func read(_ context: inout DataCommand.Context) throws(CommandFailure) -> [(key: Bytes, entries: RESPValue)] {
        var found: [(key: Bytes, entries: RESPValue)] = []
        for (key, id) in streams {
            if let group = self.group {
                let entries = try DataCommand.readGroup(
                    &context, key, group: group.name, consumer: group.consumer, after: id, count: count,
                    acknowledgesAtOnce: acknowledgesAtOnce)
                if let entries { found.append((key, entries)) }
            } else {
                let start = try StreamID(id, missingSequence: 0)
                guard let entries = try context.stream(key)?.entries(after: start).prefix(count), !entries.isEmpty else { continue }
                found.append((key, .array(entries.map(DataCommand.entry))))
            }
        }
        return found
    }

    /// The same read with `$` resolved, for when something comes.
    func command(_ name: String) -> [Bytes] {
        var words: [Bytes] = [Array(name.utf8)]
        if let group { words += [Array("GROUP".utf8), group.name, group.consumer] }
        if count != .max { words += [Array("COUNT".utf8), Array(String(count).utf8)] }
        if acknowledgesAtOnce { words.append(Array("NOACK".utf8)) }
        words.append(Array("STREAMS".utf8))
        return words + streams.map(\.key) + streams.map { Array($0.id.utf8) }
    }
}
