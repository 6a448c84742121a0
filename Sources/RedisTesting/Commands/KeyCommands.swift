import RedisCore

extension DataCommand {
    static let keys: [String: DataCommand] = [
        "DEL": DataCommand(1...) { context, arguments throws(CommandFailure) in Self.delete(&context, &arguments) },
        "UNLINK": DataCommand(1...) { context, arguments throws(CommandFailure) in Self.delete(&context, &arguments) },
        "EXISTS": DataCommand(1...) { context, arguments throws(CommandFailure) in
            .count(arguments.takeAll().count { context.keyspace.data($0, at: context.now) != nil })
        },
        "TYPE": DataCommand(1...1) { context, arguments throws(CommandFailure) in
            .simpleString(context.keyspace.data(try arguments.next(), at: context.now)?.typeName ?? "none")
        },
        "EXPIRE": DataCommand(2...3) { context, arguments throws(CommandFailure) in
            try Self.expire(&context, &arguments, unit: 1_000, isAbsolute: false)
        },
        "PEXPIRE": DataCommand(2...3) { context, arguments throws(CommandFailure) in
            try Self.expire(&context, &arguments, unit: 1, isAbsolute: false)
        },
        "EXPIREAT": DataCommand(2...3) { context, arguments throws(CommandFailure) in
            try Self.expire(&context, &arguments, unit: 1_000, isAbsolute: true)
        },
        "PEXPIREAT": DataCommand(2...3) { context, arguments throws(CommandFailure) in
            try Self.expire(&context, &arguments, unit: 1, isAbsolute: true)
        },
        "TTL": DataCommand(1...1) { context, arguments throws(CommandFailure) in
            try Self.timeToLive(&context, &arguments) { ($0 + 500) / 1_000 }
        },
        "PTTL": DataCommand(1...1) { context, arguments throws(CommandFailure) in try Self.timeToLive(&context, &arguments) { $0 } },
        "PERSIST": DataCommand(1...1) { context, arguments throws(CommandFailure) in
            let key = try arguments.next()
            guard case .some(.some) = context.keyspace.expiry(key, at: context.now) else { return .count(0) }
            context.keyspace.setExpiry(key, nil)
            return .count(1)
        },
        "DBSIZE": DataCommand(0...0) { context, _ throws(CommandFailure) in .count(context.keyspace.keys(at: context.now).count) },
        "FLUSHDB": DataCommand(0...1) { context, _ throws(CommandFailure) in
            context.keyspace.removeAll()
            return .ok
        },
        "KEYS": DataCommand(1...1) { context, arguments throws(CommandFailure) in
            let pattern = try arguments.next()
            return .array(context.keyspace.keys(at: context.now).filter { Glob.matches(pattern, $0) }.map(RESPValue.bytes))
        },
        "SCAN": DataCommand(1...) { context, arguments throws(CommandFailure) in try Self.scan(&context, &arguments) },
    ]

    private static func delete(_ context: inout Context, _ arguments: inout Arguments) -> RESPValue {
        .count(arguments.takeAll().count { context.keyspace.remove($0, at: context.now) })
    }

    private static func expire(
        _ context: inout Context, _ arguments: inout Arguments, unit: Int64, isAbsolute: Bool
    ) throws(CommandFailure) -> RESPValue {
        let (key, time) = (try arguments.next(), try arguments.nextInteger())
        let invalid = CommandFailure("ERR invalid expire time in '\(arguments.command)' command")
        let (scaled, overflowed) = time.multipliedReportingOverflow(by: unit)
        let (end, isTooLate) = isAbsolute ? (scaled, false) : scaled.addingReportingOverflow(context.now)
        guard !overflowed, !isTooLate else { throw invalid }
        let condition = arguments.isEmpty ? "" : try arguments.nextText()
        guard ["", "NX", "XX", "GT", "LT"].contains(condition.uppercased()) else {
            throw CommandFailure("ERR Unsupported option \(condition)")
        }
        guard let present = context.keyspace.expiry(key, at: context.now) else { return .count(0) }
        let isWanted =
            switch condition.uppercased() {
            case "": true
            case "NX": present == nil
            case "XX": present != nil
            case "GT": present.map { end > $0 } ?? false
            default: present.map { end < $0 } ?? true
            }
        guard isWanted else { return .count(0) }
        if end <= context.now {
            _ = context.keyspace.remove(key, at: context.now)
        } else {
            context.keyspace.setExpiry(key, end)
        }
        return .count(1)
    }

    private static func timeToLive(
        _ context: inout Context, _ arguments: inout Arguments, _ unit: (Int64) -> Int64
    ) throws(CommandFailure) -> RESPValue {
        switch context.keyspace.expiry(try arguments.next(), at: context.now) {
        case nil: .integer(-2)
        case .some(nil): .integer(-1)
        case .some(.some(let end)): .integer(unit(end - context.now))
        }
    }

    /// Walks the keys in the order of a hash of theirs, and the cursor is a hash: so keys that come and go meanwhile move no other.
    private static func scan(_ context: inout Context, _ arguments: inout Arguments) throws(CommandFailure) -> RESPValue {
        guard let cursor = UInt64(try arguments.nextText()) else { throw CommandFailure("ERR invalid cursor") }
        var (pattern, count, type) = (Bytes?.none, Int64(10), String?.none)
        while !arguments.isEmpty {
            switch try arguments.nextText().uppercased() {
            case "MATCH" where !arguments.isEmpty: pattern = try arguments.next()
            case "COUNT" where !arguments.isEmpty:
                count = try arguments.nextInteger()
                guard count > 0 else { throw .syntax }
            case "TYPE" where !arguments.isEmpty: type = try arguments.nextText()
            default: throw .syntax
            }
        }
        let keys = context.keyspace.keys(at: context.now).map { (hash: Self.hash($0), key: $0) }.filter { $0.hash >= cursor }
            .sorted { $0.hash < $1.hash }
        var step = Array(keys.prefix(Int(clamping: count)))
        // All keys of one hash belong to one step.
        step += keys.dropFirst(step.count).prefix { $0.hash == step.last?.hash }
        let next = keys.count > step.count ? (step.last?.hash ?? 0) + 1 : 0
        let found = step.map(\.key).filter { key in
            (pattern.map { Glob.matches($0, key) } ?? true)
                && (type.map { context.keyspace.data(key, at: context.now)?.typeName == $0 } ?? true)
        }
        return .array([.text(String(next)), .array(found.map(RESPValue.bytes))])
    }

    /// FNV-1a, without its top bit, so that one can be added to it.
    private static func hash(_ key: Bytes) -> UInt64 {
        key.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 } >> 1
    }
}
