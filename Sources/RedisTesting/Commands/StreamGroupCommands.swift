import RedisCore

extension DataCommand {
    static let groups: [String: DataCommand] = [
        "XGROUP": DataCommand(2...) { context, arguments throws(CommandFailure) in try Self.group(&context, &arguments) },
        "XACK": DataCommand(3...) { context, arguments throws(CommandFailure) in
            let (key, group) = (try arguments.next(), try arguments.next())
            let ids = try arguments.takeAll().map { bytes throws(CommandFailure) in try Self.id(bytes) }
            return .count(
                try context.changeStream(key) { stream throws(CommandFailure) in
                    ids.count { stream.groups[group]?.pending.removeValue(forKey: $0) != nil }
                } ?? 0)
        },
        "XPENDING": DataCommand(2...) { context, arguments throws(CommandFailure) in try Self.pending(&context, &arguments) },
        "XAUTOCLAIM": DataCommand(5...) { context, arguments throws(CommandFailure) in try Self.claim(&context, &arguments) },
    ]

    private static func noGroup(_ key: Bytes, _ group: Bytes) -> CommandFailure {
        let (key, group) = (String(decoding: key, as: UTF8.self), String(decoding: group, as: UTF8.self))
        return CommandFailure("NOGROUP No such key '\(key)' or consumer group '\(group)'")
    }

    private static func group(_ context: inout Context, _ arguments: inout Arguments) throws(CommandFailure) -> RESPValue {
        let action = try arguments.nextText().uppercased()
        let (key, name) = (try arguments.next(), try arguments.next())
        let missing = CommandFailure(
            "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create "
                + "an empty stream automatically.")
        switch action {
        case "CREATE", "SETID":
            let idText = try arguments.nextText()
            if arguments.take("MKSTREAM"), try context.stream(key) == nil { context.keyspace.put(key, .stream(StreamData())) }
            guard let last = try context.stream(key)?.lastID else { throw missing }
            let id = idText == "$" ? last : try StreamID(idText, missingSequence: 0)
            _ = try context.changeStream(key) { stream throws(CommandFailure) in
                if action == "CREATE" {
                    guard stream.groups[name] == nil else { throw CommandFailure("BUSYGROUP Consumer Group name already exists") }
                    stream.groups[name] = StreamData.Group(lastDelivered: id)
                } else {
                    guard stream.groups[name] != nil else { throw Self.noGroup(key, name) }
                    stream.groups[name]?.lastDelivered = id
                }
            }
            return .ok
        case "DESTROY":
            let existed = try context.changeStream(key) { stream throws(CommandFailure) in
                stream.groups.removeValue(forKey: name) != nil
            }
            guard let existed else { throw missing }
            return .count(existed ? 1 : 0)
        case "DELCONSUMER":
            let consumer = try arguments.next()
            let dropped = try context.changeStream(key) { stream throws(CommandFailure) in
                guard var group = stream.groups[name] else { throw Self.noGroup(key, name) }
                let before = group.pending.count
                group.pending = group.pending.filter { $0.value.consumer != consumer }
                group.consumers.remove(consumer)
                stream.groups[name] = group
                return before - group.pending.count
            }
            guard let dropped else { throw missing }
            return .count(dropped)
        default: throw CommandFailure("ERR unknown subcommand '\(action)'. Try XGROUP HELP.")
        }
    }

    /// Entries for a consumer: new ones for `>`, else those that it has read and not acknowledged.
    ///
    /// - Returns: nil: nothing new.
    static func readGroup(
        _ context: inout Context, _ key: Bytes, group name: Bytes, consumer: Bytes, after id: String, count: Int,
        acknowledgesAtOnce: Bool
    ) throws(CommandFailure) -> RESPValue? {
        let now = context.now
        let noGroup = CommandFailure(Self.noGroup(key, name).message + " in XREADGROUP with GROUP option")
        let found = try context.changeStream(key) { stream throws(CommandFailure) -> RESPValue? in
            guard var group = stream.groups[name] else { throw noGroup }
            group.consumers.insert(consumer)
            defer { stream.groups[name] = group }
            if id == ">" {
                let entries = stream.entries(after: group.lastDelivered).prefix(count)
                guard let last = entries.last else { return nil }
                group.lastDelivered = last.id
                if !acknowledgesAtOnce {
                    for entry in entries {
                        group.pending[entry.id] = StreamData.Pending(consumer: consumer, deliveredAt: now, deliveries: 1)
                    }
                }
                return .array(entries.map(Self.entry))
            }
            let start = try StreamID(id, missingSequence: 0)
            let ids = group.pending.filter { $0.key > start && $0.value.consumer == consumer }.keys.sorted().prefix(count)
            return .array(ids.map { id in stream.entry(id).map(Self.entry) ?? .array([.text(id.text), .null]) })
        }
        guard let found else { throw noGroup }
        return found
    }

    private static func pending(_ context: inout Context, _ arguments: inout Arguments) throws(CommandFailure) -> RESPValue {
        let (key, name) = (try arguments.next(), try arguments.next())
        guard let group = try context.stream(key)?.groups[name] else { throw Self.noGroup(key, name) }
        if arguments.isEmpty {
            let ids = group.pending.keys.sorted()
            guard let first = ids.first, let last = ids.last else { return .array([.count(0), .null, .null, .null]) }
            let counts = Dictionary(grouping: group.pending.values, by: \.consumer).sorted { $0.key.lexicographicallyPrecedes($1.key) }
            return .array([
                .count(ids.count), .text(first.text), .text(last.text),
                .array(counts.map { .array([.bytes($0.key), .text(String($0.value.count))]) }),
            ])
        }
        var minimumIdle: Int64 = 0
        if arguments.take("IDLE") { minimumIdle = try arguments.nextInteger() }
        let first = try Self.pendingBound(try arguments.nextText(), missingSequence: 0)
        let last = try Self.pendingBound(try arguments.nextText(), missingSequence: .max)
        let count = try arguments.nextInteger()
        let consumer = arguments.isEmpty ? nil : try arguments.next()
        let rows = group.pending.filter { id, entry in
            id >= first && id <= last && context.now - entry.deliveredAt >= minimumIdle
                && (consumer.map { $0 == entry.consumer } ?? true)
        }
        return .array(
            rows.sorted { $0.key < $1.key }.prefix(Int(clamping: max(0, count))).map { id, entry in
                .array([
                    .text(id.text), .bytes(entry.consumer), .integer(context.now - entry.deliveredAt), .count(entry.deliveries),
                ])
            })
    }

    private static func pendingBound(_ text: String, missingSequence: UInt64) throws(CommandFailure) -> StreamID {
        switch text {
        case "-": .zero
        case "+": .maximum
        default: try StreamID(text, missingSequence: missingSequence)
        }
    }

    private static func claim(_ context: inout Context, _ arguments: inout Arguments) throws(CommandFailure) -> RESPValue {
        let (key, name, consumer) = (try arguments.next(), try arguments.next(), try arguments.next())
        guard let minimumIdle = Int64(try arguments.nextText()) else {
            throw CommandFailure("ERR Invalid min-idle-time argument for XAUTOCLAIM")
        }
        let start = try Self.pendingBound(try arguments.nextText(), missingSequence: 0)
        var (count, onlyIDs) = (Int64(100), false)
        while !arguments.isEmpty {
            if arguments.take("COUNT") {
                count = try arguments.nextInteger()
            } else if arguments.take("JUSTID") {
                onlyIDs = true
            } else {
                throw .syntax
            }
        }
        guard count > 0 else { throw CommandFailure("ERR COUNT must be > 0") }
        let now = context.now
        let reply = try context.changeStream(key) { stream throws(CommandFailure) -> RESPValue in
            guard var group = stream.groups[name] else { throw Self.noGroup(key, name) }
            group.consumers.insert(consumer)
            var (claimed, deleted): ([RESPValue], [RESPValue]) = ([], [])
            var next = StreamID.zero
            for id in group.pending.keys.sorted() where id >= start {
                guard let pending = group.pending[id], now - pending.deliveredAt >= minimumIdle else { continue }
                // The cursor is the first that this call did not look at.
                guard claimed.count < count else {
                    next = id
                    break
                }
                guard let entry = stream.entry(id) else {
                    group.pending[id] = nil
                    deleted.append(.text(id.text))
                    continue
                }
                let deliveries = pending.deliveries + (onlyIDs ? 0 : 1)
                group.pending[id] = StreamData.Pending(consumer: consumer, deliveredAt: now, deliveries: deliveries)
                claimed.append(onlyIDs ? .text(id.text) : Self.entry(entry))
            }
            stream.groups[name] = group
            return .array([.text(next.text), .array(claimed), .array(deleted)])
        }
        guard let reply else { throw Self.noGroup(key, name) }
        return reply
    }
}
