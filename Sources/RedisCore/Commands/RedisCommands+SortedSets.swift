public import NIOCore

/// A member of a sorted set.
public struct RedisScoredMember: Sendable, Hashable {
    public let member: ByteBuffer
    public let score: Double

    public init(member: ByteBuffer, score: Double) {
        self.member = member
        self.score = score
    }
}

extension RedisCommands {
    /// - Returns: how many members are new.
    @discardableResult
    public func addToSortedSet(_ key: String, _ member: RedisArgument, score: Double) async throws(RedisError) -> Int {
        try await reply(to: RedisCommand("ZADD", .text(key), .double(score), member)).integer()
    }

    /// - Returns: the new score.
    @discardableResult
    public func incrementScore(_ key: String, of member: RedisArgument, by amount: Double) async throws(RedisError) -> Double {
        let reply = try await self.reply(to: RedisCommand("ZINCRBY", .text(key), .double(amount), member))
        guard let score = try reply.optionalDouble() else { throw reply.unexpected }
        return score
    }

    public func sortedSetCount(_ key: String) async throws(RedisError) -> Int {
        try await reply(to: RedisCommand("ZCARD", .text(key))).integer()
    }

    public func score(_ key: String, of member: RedisArgument) async throws(RedisError) -> Double? {
        try await reply(to: RedisCommand("ZSCORE", .text(key), member)).optionalDouble()
    }

    /// Members by their place in the order of scores: from 0, or from -1 for the last.
    public func sortedSetRange(
        _ key: String, from first: Int, through last: Int, reversed: Bool = false
    ) async throws(RedisError) -> [RedisScoredMember] {
        var arguments: [RedisArgument] = [.text(key), .integer(Int64(first)), .integer(Int64(last))]
        if reversed { arguments.append("REV") }
        let reply = try await self.reply(to: RedisCommand("ZRANGE", arguments: arguments + ["WITHSCORES"]))
        return try Self.scoredMembers(reply)
    }

    /// Members with scores in a range, both ends included, the lowest first.
    public func sortedSetRange(
        _ key: String, scores: ClosedRange<Double>, limit: Int? = nil
    ) async throws(RedisError) -> [RedisScoredMember] {
        var arguments: [RedisArgument] = [.text(key), .double(scores.lowerBound), .double(scores.upperBound), "BYSCORE"]
        if let limit { arguments += ["LIMIT", 0, .integer(Int64(limit))] }
        let reply = try await self.reply(to: RedisCommand("ZRANGE", arguments: arguments + ["WITHSCORES"]))
        return try Self.scoredMembers(reply)
    }

    @discardableResult
    public func removeFromSortedSet(_ key: String, _ members: RedisArgument...) async throws(RedisError) -> Int {
        try await reply(to: RedisCommand("ZREM", arguments: [.text(key)] + members)).integer()
    }

    /// Removes by place: `0` through `-1_001` leaves the thousand with the highest scores.
    @discardableResult
    public func removeFromSortedSet(_ key: String, from first: Int, through last: Int) async throws(RedisError) -> Int {
        try await reply(
            to: RedisCommand("ZREMRANGEBYRANK", .text(key), .integer(Int64(first)), .integer(Int64(last)))
        ).integer()
    }

    @discardableResult
    public func removeFromSortedSet(_ key: String, scores: ClosedRange<Double>) async throws(RedisError) -> Int {
        try await reply(
            to: RedisCommand("ZREMRANGEBYSCORE", .text(key), .double(scores.lowerBound), .double(scores.upperBound))
        ).integer()
    }

    /// Version 3 answers with pairs, version 2 with members and scores in turn.
    private static func scoredMembers(_ reply: RedisReply) throws(RedisError) -> [RedisScoredMember] {
        let elements = try reply.elements()
        var members: [RedisScoredMember] = []
        members.reserveCapacity(elements.count)
        if elements.first?.elements != nil {
            for element in elements {
                guard let pair = element.elements, pair.count == 2, let member = pair[0].bytes, let score = pair[1].double else {
                    throw reply.unexpected
                }
                members.append(RedisScoredMember(member: member, score: score))
            }
        } else {
            for pair in try reply.pairs() {
                guard let member = pair.key.bytes, let score = pair.value.double else { throw reply.unexpected }
                members.append(RedisScoredMember(member: member, score: score))
            }
        }
        return members
    }
}
