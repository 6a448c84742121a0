import NIOCore
import RedisCore

/// What Redis does for the nodes of a classroom in one step. The time is Redis's own, so that the nodes' clocks do not matter.
enum RedisScripts {
    /// All scripts, for Redis in memory, which runs their twins.
    static let all = [take, keep, beat]

    private static let token: Int64 = 1_000_000

    /// Takes a token from a bucket: a hash of its level in millionths of a token, and when that was.
    ///
    /// Key: the bucket. Arguments: the level of a full one, and what flows back in a millisecond. Answers 0, or the milliseconds until
    /// there is a token.
    static let take = RedisScript(
        "take",
        lua: """
            local time = redis.call('TIME')
            local now = time[1] * 1000 + math.floor(time[2] / 1000)
            local full, refill, token = tonumber(ARGV[1]), tonumber(ARGV[2]), 1000000
            local level = tonumber(redis.call('HGET', KEYS[1], 'level') or full)
            local at = tonumber(redis.call('HGET', KEYS[1], 'at') or now)
            if now > at then
              level = math.min(full, level + (now - at) * refill)
              at = now
            end
            if level < token then return math.ceil((token - level) / refill) end
            redis.call('HSET', KEYS[1], 'level', string.format('%.0f', level - token), 'at', string.format('%.0f', at))
            redis.call('PEXPIRE', KEYS[1], math.ceil(full / refill) + 1000)
            return 0
            """
    ) { call throws(RedisError) in
        let now = try milliseconds(call)
        guard call.arguments.count == 2, let full = number(call.arguments[0]), let refill = number(call.arguments[1]), refill > 0 else {
            throw RedisError(.unexpectedReply, "take")
        }
        let key = RedisArgument.bytes(call.keys[0])
        var level = try call.redis("HGET", key, "level").integer ?? full
        var at = try call.redis("HGET", key, "at").integer ?? now
        if now > at {
            level = min(full, level + (now - at) * refill)
            at = now
        }
        if level < token { return .integer((token - level + refill - 1) / refill) }
        _ = try call.redis("HSET", key, "level", .integer(level - token), "at", .integer(at))
        _ = try call.redis("PEXPIRE", key, .integer((full + refill - 1) / refill + 1_000))
        return .integer(0)
    }

    /// Keeps a value unless a later one is kept: a hash of the session's time of creation, the version and the value.
    ///
    /// Key: the value's. Arguments: time of creation, version, how long it is kept, the value. Answers 1 if it is kept now.
    static let keep = RedisScript(
        "keep",
        lua: """
            local createdAt, version = tonumber(ARGV[1]), tonumber(ARGV[2])
            local keptAt = tonumber(redis.call('HGET', KEYS[1], 'createdAt') or createdAt)
            local kept = tonumber(redis.call('HGET', KEYS[1], 'version') or version)
            if keptAt > createdAt or keptAt == createdAt and kept > version then return 0 end
            redis.call('HSET', KEYS[1], 'createdAt', ARGV[1], 'version', ARGV[2], 'value', ARGV[4])
            redis.call('PEXPIRE', KEYS[1], ARGV[3])
            return 1
            """
    ) { call throws(RedisError) in
        guard call.arguments.count == 4, let createdAt = number(call.arguments[0]), let version = number(call.arguments[1]) else {
            throw RedisError(.unexpectedReply, "keep")
        }
        let key = RedisArgument.bytes(call.keys[0])
        let keptAt = try call.redis("HGET", key, "createdAt").integer ?? createdAt
        let kept = try call.redis("HGET", key, "version").integer ?? version
        if (keptAt, kept) > (createdAt, version) { return .integer(0) }
        _ = try call.redis(
            "HSET", key, "createdAt", .integer(createdAt), "version", .integer(version), "value", .bytes(call.arguments[3]))
        _ = try call.redis("PEXPIRE", key, .bytes(call.arguments[2]))
        return .integer(1)
    }

    /// Says that a node lives, and counts the users of the others.
    ///
    /// Keys: the nodes, a sorted set by when each said so last; this node's users. Arguments: what the keys of users begin with, this node's
    /// name, and how long a node counts that says nothing. Answers how many users this node has in Redis, and how many users others have
    /// that this one does not have.
    static let beat = RedisScript(
        "beat",
        lua: """
            local time = redis.call('TIME')
            local now = time[1] * 1000 + math.floor(time[2] / 1000)
            local lifetime = tonumber(ARGV[3])
            redis.call('ZADD', KEYS[1], now, ARGV[2])
            redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - lifetime)
            redis.call('PEXPIRE', KEYS[1], lifetime)
            redis.call('PEXPIRE', KEYS[2], lifetime)
            local seen, count = {}, 0
            for _, node in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
              if node ~= ARGV[2] then
                for _, user in ipairs(redis.call('ZRANGE', ARGV[1] .. node, 0, -1)) do
                  if not seen[user] then
                    seen[user] = true
                    if not redis.call('ZSCORE', KEYS[2], user) then count = count + 1 end
                  end
                end
              end
            end
            return {redis.call('ZCARD', KEYS[2]), count}
            """
    ) { call throws(RedisError) in
        let now = try milliseconds(call)
        guard call.keys.count == 2, call.arguments.count == 3, let lifetime = number(call.arguments[2]) else {
            throw RedisError(.unexpectedReply, "beat")
        }
        let (nodes, own) = (RedisArgument.bytes(call.keys[0]), RedisArgument.bytes(call.keys[1]))
        let name = call.arguments[1]
        _ = try call.redis("ZADD", nodes, .integer(now), .bytes(name))
        _ = try call.redis("ZREMRANGEBYSCORE", nodes, "-inf", .integer(now - lifetime))
        _ = try call.redis("PEXPIRE", nodes, .integer(lifetime))
        _ = try call.redis("PEXPIRE", own, .integer(lifetime))
        var seen: Set<ByteBuffer> = []
        var count: Int64 = 0
        for node in try call.redis("ZRANGE", nodes, 0, -1).elements ?? [] {
            guard let node = node.bytes, node != name else { continue }
            var key = call.arguments[0]
            key.writeImmutableBuffer(node)
            for user in try call.redis("ZRANGE", .bytes(key), 0, -1).elements ?? [] {
                guard let user = user.bytes, seen.insert(user).inserted else { continue }
                if try call.redis("ZSCORE", own, .bytes(user)).isNull { count += 1 }
            }
        }
        return .array([try call.redis("ZCARD", own), .integer(count)])
    }

    private static func milliseconds(_ call: RedisScript.Call) throws(RedisError) -> Int64 {
        let time = try call.redis("TIME").elements ?? []
        guard time.count == 2, let seconds = time[0].integer, let microseconds = time[1].integer else {
            throw RedisError(.unexpectedReply, "TIME")
        }
        return seconds * 1_000 + microseconds / 1_000
    }

    private static func number(_ argument: ByteBuffer) -> Int64? { Int64(String(buffer: argument)) }
}
