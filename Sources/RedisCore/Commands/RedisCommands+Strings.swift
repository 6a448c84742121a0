public import NIOCore

/// When `SET` writes.
public enum RedisCondition: String, Sendable, Hashable {
    case ifAbsent = "NX"
    case ifPresent = "XX"
}

extension RedisCommands {
    /// Asks for a sign of life.
    public func ping() async throws(RedisError) { _ = try await send("PING") }

    // MARK: Keys

    public func get(_ key: String) async throws(RedisError) -> ByteBuffer? {
        try await reply(to: RedisCommand("GET", .text(key))).optionalBytes()
    }

    /// - Returns: whether it was written.
    @discardableResult
    public func set(
        _ key: String, _ value: RedisArgument, expiresIn: Duration? = nil, _ condition: RedisCondition? = nil
    ) async throws(RedisError) -> Bool {
        var arguments: [RedisArgument] = [.text(key), value]
        if let expiresIn { arguments += ["PX", .integer(expiresIn.wholeMilliseconds)] }
        if let condition { arguments.append(.text(condition.rawValue)) }
        return try await !send(RedisCommand("SET", arguments: arguments)).isNull
    }

    /// Reads and deletes in one step.
    public func getAndDelete(_ key: String) async throws(RedisError) -> ByteBuffer? {
        try await reply(to: RedisCommand("GETDEL", .text(key))).optionalBytes()
    }

    @discardableResult
    public func increment(_ key: String, by amount: Int = 1) async throws(RedisError) -> Int {
        try await reply(to: RedisCommand("INCRBY", .text(key), .integer(Int64(amount)))).integer()
    }

    /// - Returns: how many there were.
    @discardableResult
    public func delete(_ keys: String...) async throws(RedisError) -> Int {
        try await reply(to: RedisCommand("DEL", arguments: keys.map { .text($0) })).integer()
    }

    public func exists(_ key: String) async throws(RedisError) -> Bool {
        try await reply(to: RedisCommand("EXISTS", .text(key))).integer() > 0
    }

    /// - Returns: whether the key exists.
    @discardableResult
    public func expire(_ key: String, in time: Duration) async throws(RedisError) -> Bool {
        try await reply(to: RedisCommand("PEXPIRE", .text(key), .integer(time.wholeMilliseconds))).integer() > 0
    }

    /// The time that a key has left; nil: it has no end, or does not exist.
    public func timeToLive(_ key: String) async throws(RedisError) -> Duration? {
        let milliseconds = try await reply(to: RedisCommand("PTTL", .text(key))).integer()
        return milliseconds < 0 ? nil : .milliseconds(milliseconds)
    }

    /// One step of a walk over the keys. A key that is there from the first step to the last is found at least once.
    ///
    /// - Parameters:
    ///   - cursor: "0" begins.
    ///   - pattern: glob style.
    /// - Returns: the next cursor, "0" at the end, and keys.
    public func scan(
        from cursor: String = "0", matching pattern: String? = nil, count: Int? = nil
    ) async throws(RedisError) -> (cursor: String, keys: [String]) {
        var arguments: [RedisArgument] = [.text(cursor)]
        if let pattern { arguments += ["MATCH", .text(pattern)] }
        if let count { arguments += ["COUNT", .integer(Int64(count))] }
        let reply = try await self.reply(to: RedisCommand("SCAN", arguments: arguments))
        let parts = try reply.elements()
        guard parts.count == 2, let cursor = parts[0].text, let keys = parts[1].elements else { throw reply.unexpected }
        return (cursor, keys.compactMap(\.text))
    }

    // MARK: Hashes

    /// - Returns: how many fields are new.
    @discardableResult
    public func setFields(_ key: String, _ fields: [(String, RedisArgument)]) async throws(RedisError) -> Int {
        try await reply(to: RedisCommand("HSET", arguments: [.text(key)] + fields.flatMap { [.text($0.0), $0.1] })).integer()
    }

    public func field(_ key: String, _ field: String) async throws(RedisError) -> ByteBuffer? {
        try await reply(to: RedisCommand("HGET", .text(key), .text(field))).optionalBytes()
    }

    public func fields(_ key: String) async throws(RedisError) -> [String: ByteBuffer] {
        let reply = try await self.reply(to: RedisCommand("HGETALL", .text(key)))
        var fields: [String: ByteBuffer] = [:]
        for pair in try reply.pairs() {
            guard let name = pair.key.text, let value = pair.value.bytes else { throw reply.unexpected }
            fields[name] = value
        }
        return fields
    }

    @discardableResult
    public func deleteFields(_ key: String, _ fields: String...) async throws(RedisError) -> Int {
        try await reply(to: RedisCommand("HDEL", arguments: [.text(key)] + fields.map { .text($0) })).integer()
    }

    @discardableResult
    public func incrementField(_ key: String, _ field: String, by amount: Int = 1) async throws(RedisError) -> Int {
        try await reply(to: RedisCommand("HINCRBY", .text(key), .text(field), .integer(Int64(amount)))).integer()
    }

    // MARK: Channels

    /// - Returns: how many subscribers Redis handed it to.
    @discardableResult
    public func publish(_ payload: RedisArgument, to channel: String) async throws(RedisError) -> Int {
        try await reply(to: RedisCommand("PUBLISH", .text(channel), payload)).integer()
    }

    /// To a sharded channel (Redis 7).
    @discardableResult
    public func publish(_ payload: RedisArgument, toShard channel: String) async throws(RedisError) -> Int {
        try await reply(to: RedisCommand("SPUBLISH", .text(channel), payload)).integer()
    }

    /// How many connections subscribe to a channel by its name.
    public func subscriberCount(of subscription: RedisSubscription) async throws(RedisError) -> Int {
        let kind: RedisArgument = subscription.kind == .shard ? "SHARDNUMSUB" : "NUMSUB"
        let reply = try await self.reply(to: RedisCommand("PUBSUB", kind, .text(subscription.name)))
        guard let count = try reply.pairs().first?.value.integer else { throw reply.unexpected }
        return Int(count)
    }
}

extension Duration {
    /// Rounded up, so that a key never ends before its time.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
