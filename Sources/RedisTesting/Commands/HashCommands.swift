import RedisCore

extension DataCommand {
    static let hashes: [String: DataCommand] = [
        "HSET": DataCommand(3...) { context, arguments throws(CommandFailure) in
            let key = try arguments.next()
            guard arguments.count.isMultiple(of: 2) else {
                throw CommandFailure("ERR wrong number of arguments for 'hset' command")
            }
            let pairs = arguments.takeAll()
            return .count(
                try context.changeHash(key) { fields in
                    stride(from: 0, to: pairs.count, by: 2).count { fields.updateValue(pairs[$0 + 1], forKey: pairs[$0]) == nil }
                })
        },
        "HSETNX": DataCommand(3...3) { context, arguments throws(CommandFailure) in
            let (key, field, value) = (try arguments.next(), try arguments.next(), try arguments.next())
            return .count(
                try context.changeHash(key) { fields in
                    if fields[field] != nil { return 0 }
                    fields[field] = value
                    return 1
                })
        },
        "HGET": DataCommand(2...2) { context, arguments throws(CommandFailure) in
            let fields = try context.hash(try arguments.next())
            return .optional(fields[try arguments.next()])
        },
        "HMGET": DataCommand(2...) { context, arguments throws(CommandFailure) in
            let fields = try context.hash(try arguments.next())
            return .array(arguments.takeAll().map { .optional(fields[$0]) })
        },
        "HGETALL": DataCommand(1...1) { context, arguments throws(CommandFailure) in
            .map(try context.hash(try arguments.next()).map { RESPPair(.bytes($0.key), .bytes($0.value)) })
        },
        "HDEL": DataCommand(2...) { context, arguments throws(CommandFailure) in
            let (key, names) = (try arguments.next(), arguments.takeAll())
            return .count(try context.changeHash(key) { fields in names.count { fields.removeValue(forKey: $0) != nil } })
        },
        "HLEN": DataCommand(1...1) { context, arguments throws(CommandFailure) in .count(try context.hash(try arguments.next()).count) },
        "HEXISTS": DataCommand(2...2) { context, arguments throws(CommandFailure) in
            let fields = try context.hash(try arguments.next())
            return .count(fields[try arguments.next()] == nil ? 0 : 1)
        },
        "HINCRBY": DataCommand(3...3) { context, arguments throws(CommandFailure) in
            let (key, field, amount) = (try arguments.next(), try arguments.next(), try arguments.nextInteger())
            return .integer(
                try context.changeHash(key) { fields throws(CommandFailure) in
                    guard let old = Int64(String(decoding: fields[field] ?? Array("0".utf8), as: UTF8.self)) else {
                        throw CommandFailure("ERR hash value is not an integer")
                    }
                    let (sum, overflowed) = old.addingReportingOverflow(amount)
                    guard !overflowed else { throw CommandFailure("ERR increment or decrement would overflow") }
                    fields[field] = Array(String(sum).utf8)
                    return sum
                })
        },
    ]

    static let sets: [String: DataCommand] = [
        "SADD": DataCommand(2...) { context, arguments throws(CommandFailure) in
            let (key, members) = (try arguments.next(), arguments.takeAll())
            return .count(try context.changeSet(key) { set in members.count { set.insert($0).inserted } })
        },
        "SREM": DataCommand(2...) { context, arguments throws(CommandFailure) in
            let (key, members) = (try arguments.next(), arguments.takeAll())
            return .count(try context.changeSet(key) { set in members.count { set.remove($0) != nil } })
        },
        "SMEMBERS": DataCommand(1...1) { context, arguments throws(CommandFailure) in
            .set(try context.set(try arguments.next()).map(RESPValue.bytes))
        },
        "SISMEMBER": DataCommand(2...2) { context, arguments throws(CommandFailure) in
            let members = try context.set(try arguments.next())
            return .count(members.contains(try arguments.next()) ? 1 : 0)
        },
        "SCARD": DataCommand(1...1) { context, arguments throws(CommandFailure) in .count(try context.set(try arguments.next()).count) },
    ]
}
