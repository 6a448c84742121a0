import RedisCore

extension DataCommand {
    static let sortedSets: [String: DataCommand] = [
        "ZADD": DataCommand(3...) { context, arguments throws(CommandFailure) in try Self.add(&context, &arguments) },
        "ZINCRBY": DataCommand(3...3) { context, arguments throws(CommandFailure) in
            let (key, amount, member) = (try arguments.next(), try arguments.nextDouble(), try arguments.next())
            return .double(
                try context.changeSortedSet(key) { set throws(CommandFailure) in try Self.increment(&set, member, by: amount) })
        },
        "ZCARD": DataCommand(1...1) { context, arguments throws(CommandFailure) in
            .count(try context.sortedSet(try arguments.next()).count)
        },
        "ZSCORE": DataCommand(2...2) { context, arguments throws(CommandFailure) in
            let set = try context.sortedSet(try arguments.next())
            return set.score(try arguments.next()).map(RESPValue.double) ?? .null
        },
        "ZRANK": DataCommand(2...2) { context, arguments throws(CommandFailure) in
            let set = try context.sortedSet(try arguments.next())
            return set.rank(try arguments.next()).map(RESPValue.count) ?? .null
        },
        "ZREVRANK": DataCommand(2...2) { context, arguments throws(CommandFailure) in
            let set = try context.sortedSet(try arguments.next())
            return set.rank(try arguments.next()).map { .count(set.count - 1 - $0) } ?? .null
        },
        "ZCOUNT": DataCommand(3...3) { context, arguments throws(CommandFailure) in
            let key = try arguments.next()
            let (minimum, maximum) = (try ScoreBound(try arguments.nextText()), try ScoreBound(try arguments.nextText()))
            return .count(try context.sortedSet(key).indices(from: minimum, to: maximum).count)
        },
        "ZRANGE": DataCommand(3...) { context, arguments throws(CommandFailure) in try Self.range(&context, &arguments) },
        "ZREVRANGE": DataCommand(3...4) { context, arguments throws(CommandFailure) in
            try Self.range(&context, &arguments, byScore: false, reversed: true)
        },
        "ZRANGEBYSCORE": DataCommand(3...) { context, arguments throws(CommandFailure) in
            try Self.range(&context, &arguments, byScore: true, reversed: false)
        },
        "ZREVRANGEBYSCORE": DataCommand(3...) { context, arguments throws(CommandFailure) in
            try Self.range(&context, &arguments, byScore: true, reversed: true)
        },
        "ZREM": DataCommand(2...) { context, arguments throws(CommandFailure) in
            let (key, members) = (try arguments.next(), arguments.takeAll())
            return .count(try context.changeSortedSet(key) { set throws(CommandFailure) in members.count { set.remove($0) } })
        },
        "ZREMRANGEBYRANK": DataCommand(3...3) { context, arguments throws(CommandFailure) in
            let (key, first, last) = (try arguments.next(), try arguments.nextInteger(), try arguments.nextInteger())
            return .count(
                try context.changeSortedSet(key) { set throws(CommandFailure) in
                    let range = Self.places(first, last, of: set.count)
                    set.remove(range)
                    return range.count
                })
        },
        "ZREMRANGEBYSCORE": DataCommand(3...3) { context, arguments throws(CommandFailure) in
            let key = try arguments.next()
            let (minimum, maximum) = (try ScoreBound(try arguments.nextText()), try ScoreBound(try arguments.nextText()))
            return .count(
                try context.changeSortedSet(key) { set throws(CommandFailure) in
                    let range = set.indices(from: minimum, to: maximum)
                    set.remove(range)
                    return range.count
                })
        },
    ]

    private static func add(_ context: inout Context, _ arguments: inout Arguments) throws(CommandFailure) -> RESPValue {
        let key = try arguments.next()
        var (onlyNew, onlyOld, onlyGreater, onlyLess, countsChanges, increments) = (false, false, false, false, false, false)
        while true {
            if arguments.take("NX") {
                onlyNew = true
            } else if arguments.take("XX") {
                onlyOld = true
            } else if arguments.take("GT") {
                onlyGreater = true
            } else if arguments.take("LT") {
                onlyLess = true
            } else if arguments.take("CH") {
                countsChanges = true
            } else if arguments.take("INCR") {
                increments = true
            } else {
                break
            }
        }
        guard !arguments.isEmpty, arguments.count.isMultiple(of: 2) else { throw .syntax }
        guard !(onlyNew && onlyOld) else { throw CommandFailure("ERR XX and NX options at the same time are not compatible") }
        guard !(onlyGreater && onlyLess), !(onlyNew && (onlyGreater || onlyLess)) else {
            throw CommandFailure("ERR GT, LT, and/or NX options at the same time are not compatible")
        }
        guard !increments || arguments.count == 2 else {
            throw CommandFailure("ERR INCR option supports a single increment-element pair")
        }
        var pairs: [(score: Double, member: Bytes)] = []
        while !arguments.isEmpty { pairs.append((try arguments.nextDouble(), try arguments.next())) }

        var (added, changed, result) = (0, 0, Double?.none)
        try context.changeSortedSet(key) { set throws(CommandFailure) in
            for pair in pairs {
                let old = set.score(pair.member)
                guard old == nil ? !onlyOld : !onlyNew else { continue }
                let score = increments ? try Self.sum(old ?? 0, pair.score) : pair.score
                if let old, onlyGreater && score <= old || onlyLess && score >= old { continue }
                result = score
                if old == nil { added += 1 } else if old != score { changed += 1 }
                if old != score { set.insert(pair.member, score: score) }
            }
        }
        if increments { return result.map(RESPValue.double) ?? .null }
        return .count(countsChanges ? added + changed : added)
    }

    private static func increment(_ set: inout SortedSet, _ member: Bytes, by amount: Double) throws(CommandFailure) -> Double {
        let score = try Self.sum(set.score(member) ?? 0, amount)
        set.insert(member, score: score)
        return score
    }

    private static func sum(_ one: Double, _ other: Double) throws(CommandFailure) -> Double {
        guard !(one + other).isNaN else { throw CommandFailure("ERR resulting score is not a number (NaN)") }
        return one + other
    }

    /// `ZRANGE`, or one of the older commands that have the order and the kind of range in their names.
    private static func range(
        _ context: inout Context, _ arguments: inout Arguments, byScore: Bool? = nil, reversed: Bool? = nil
    ) throws(CommandFailure) -> RESPValue {
        let key = try arguments.next()
        let (first, last) = (try arguments.nextText(), try arguments.nextText())
        var (isByScore, isReversed, withScores) = (byScore ?? false, reversed ?? false, false)
        var limit: (offset: Int64, count: Int64)?
        while !arguments.isEmpty {
            switch try arguments.nextText().uppercased() {
            case "BYSCORE" where byScore == nil: isByScore = true
            case "REV" where reversed == nil: isReversed = true
            case "WITHSCORES": withScores = true
            case "LIMIT" where byScore != false && arguments.count >= 2:
                limit = (try arguments.nextInteger(), try arguments.nextInteger())
            default: throw .syntax
            }
        }
        guard limit == nil || isByScore else {
            throw CommandFailure("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
        }
        let set: SortedSet
        var elements: [SortedSet.Element]
        if isByScore {
            let (low, high) = isReversed ? (last, first) : (first, last)
            let (minimum, maximum) = (try ScoreBound(low), try ScoreBound(high))
            set = try context.sortedSet(key)
            elements = Array(set.elements[set.indices(from: minimum, to: maximum)])
            if isReversed { elements.reverse() }
        } else {
            guard let first = Int64(first), let last = Int64(last) else { throw .notInteger }
            set = try context.sortedSet(key)
            elements = isReversed ? set.elements.reversed() : set.elements
            elements = Array(elements[Self.places(first, last, of: elements.count)])
        }
        if let limit {
            guard limit.offset >= 0 else { return .array([]) }
            elements = Array(elements.dropFirst(Int(clamping: limit.offset)))
            if limit.count >= 0 { elements = Array(elements.prefix(Int(clamping: limit.count))) }
        }
        guard withScores else { return .array(elements.map { .bytes($0.member) }) }
        if context.version == .three { return .array(elements.map { .array([.bytes($0.member), .double($0.score)]) }) }
        return .array(elements.flatMap { [.bytes($0.member), .double($0.score)] })
    }

    /// Places in Redis's way: negative ones count from the end, and both ends are included.
    static func places(_ first: Int64, _ last: Int64, of count: Int) -> Range<Int> {
        let count64 = Int64(count)
        let start = max(0, first < 0 ? max(first, -count64) + count64 : first)
        let end = min(count64, (last < 0 ? max(last, -count64 - 1) + count64 : min(last, count64 - 1)) + 1)
        return start < end ? Int(start)..<Int(end) : 0..<0
    }
}
