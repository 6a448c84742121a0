import RedisCore

extension DataCommand {
    static let strings: [String: DataCommand] = [
        "GET": DataCommand(1...1) { context, arguments throws(CommandFailure) in .optional(try context.string(try arguments.next())) },
        "SET": DataCommand(2...) { context, arguments throws(CommandFailure) in try Self.set(&context, &arguments) },
        "GETDEL": DataCommand(1...1) { context, arguments throws(CommandFailure) in
            let key = try arguments.next()
            let value = try context.string(key)
            _ = context.keyspace.remove(key, at: context.now)
            return .optional(value)
        },
        "MGET": DataCommand(1...) { context, arguments throws(CommandFailure) in
            // A key of another type counts as missing here.
            .array(
                arguments.takeAll().map { key in
                    if case .string(let value)? = context.keyspace.data(key, at: context.now) { .bytes(value) } else { .null }
                })
        },
        "MSET": DataCommand(2...) { context, arguments throws(CommandFailure) in
            guard arguments.count.isMultiple(of: 2) else {
                throw CommandFailure("ERR wrong number of arguments for 'mset' command")
            }
            while !arguments.isEmpty {
                let key = try arguments.next()
                context.keyspace.replace(key, .string(try arguments.next()), expiresAt: nil)
            }
            return .ok
        },
        "INCR": DataCommand(1...1) { context, arguments throws(CommandFailure) in
            try Self.increment(&context, try arguments.next(), by: 1)
        },
        "DECR": DataCommand(1...1) { context, arguments throws(CommandFailure) in
            try Self.increment(&context, try arguments.next(), by: -1)
        },
        "INCRBY": DataCommand(2...2) { context, arguments throws(CommandFailure) in
            let key = try arguments.next()
            return try Self.increment(&context, key, by: try arguments.nextInteger())
        },
        "STRLEN": DataCommand(1...1) { context, arguments throws(CommandFailure) in
            .count(try context.string(try arguments.next())?.count ?? 0)
        },
    ]

    private static func set(_ context: inout Context, _ arguments: inout Arguments) throws(CommandFailure) -> RESPValue {
        let (key, value) = (try arguments.next(), try arguments.next())
        var (expiresAt, keepsExpiry, onlyIfAbsent, onlyIfPresent, returnsOld) = (Int64?.none, false, false, false, false)
        while !arguments.isEmpty {
            let option = try arguments.nextText().uppercased()
            switch option {
            case "NX" where !onlyIfPresent: onlyIfAbsent = true
            case "XX" where !onlyIfAbsent: onlyIfPresent = true
            case "GET": returnsOld = true
            case "KEEPTTL" where expiresAt == nil: keepsExpiry = true
            case "EX", "PX", "EXAT", "PXAT":
                guard expiresAt == nil, !keepsExpiry, !arguments.isEmpty else { throw .syntax }
                let time = try arguments.nextInteger()
                let (scaled, overflowed) = time.multipliedReportingOverflow(by: option.hasPrefix("E") ? 1_000 : 1)
                guard time > 0, !overflowed else { throw CommandFailure("ERR invalid expire time in 'set' command") }
                let (end, isTooLate) = option.hasSuffix("AT") ? (scaled, false) : scaled.addingReportingOverflow(context.now)
                guard !isTooLate else { throw CommandFailure("ERR invalid expire time in 'set' command") }
                expiresAt = end
            default: throw .syntax
            }
        }
        let old = returnsOld ? try context.string(key) : nil
        let present = context.keyspace.expiry(key, at: context.now)
        guard onlyIfAbsent ? present == nil : !onlyIfPresent || present != nil else { return .optional(old) }
        if keepsExpiry, let present { expiresAt = present }
        context.keyspace.replace(key, .string(value), expiresAt: expiresAt)
        return returnsOld ? .optional(old) : .ok
    }

    private static func increment(_ context: inout Context, _ key: Bytes, by amount: Int64) throws(CommandFailure) -> RESPValue {
        guard let old = Int64(String(decoding: try context.string(key) ?? Array("0".utf8), as: UTF8.self)) else { throw .notInteger }
        let (sum, overflowed) = old.addingReportingOverflow(amount)
        guard !overflowed else { throw CommandFailure("ERR increment or decrement would overflow") }
        _ = context.keyspace.take(key, at: context.now)
        context.keyspace.put(key, .string(Array(String(sum).utf8)))
        return .integer(sum)
    }
}
