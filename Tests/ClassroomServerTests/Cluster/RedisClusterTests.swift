import Classroom
import ClassroomLive
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import RedisClient
import RedisCore
import RedisTestSupport
import RedisTesting
import Testing

@testable import ClassroomServer

@Suite("What the nodes of a classroom share in Redis")
struct RedisClusterTests {
    private static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    /// Two nodes of one classroom.
    private func withNodes(
        _ backend: Backend, _ change: (inout RedisCluster.Limits) -> Void = { _ in },
        _ body: (RedisClient, RedisCluster, RedisCluster) async throws -> Void
    ) async throws {
        var limits = RedisCluster.Limits()
        limits.patience = .seconds(120)
        limits.beatInterval = .milliseconds(20)
        change(&limits)
        try await withBackend(backend, scripts: RedisScripts.all) { port in
            let redis = try RedisClient(
                .patient(port: port), on: MultiThreadedEventLoopGroup.singleton.next(), logger: Self.logger)
            redis.start()
            let nodes = ["one", "two"].map { RedisCluster(redis, node: $0, limits: limits, logger: Self.logger) }
            do {
                try await body(redis, nodes[0], nodes[1])
            } catch {
                await redis.close()
                throw error
            }
            await redis.close()
        }
    }

    private func keep(_ text: String, at time: UnixMilliseconds, in cluster: RedisCluster) async {
        await withCheckedContinuation { continuation in
            cluster.keepRecent(roomID: "r", message: ByteBuffer(string: text), sentAt: time) { continuation.resume() }
        }
    }

    @Test("the recent messages of a room are in a sorted set by their time, so many and so old at most", arguments: availableBackends)
    func recent(_ backend: Backend) async throws {
        try await withNodes(backend) {
            $0.recentMessages = 3
            $0.recentLifetime = .seconds(1_000)
        } _: { redis, one, two in
            for (number, cluster) in [one, two, one].enumerated() {
                await keep("m\(number)", at: UnixMilliseconds(1_000 + number), in: cluster)
            }
            let kept = try await redis.sortedSetRange("chat:messages:r", from: 0, through: -1)
            #expect(kept.map { String(buffer: $0.member) } == ["m0", "m1", "m2"])
            #expect(kept.map(\.score) == [1_000, 1_001, 1_002])
            await keep("m3", at: 1_003, in: two)
            #expect(
                try await redis.sortedSetRange("chat:messages:r", from: 0, through: -1).map { String(buffer: $0.member) } == [
                    "m1", "m2", "m3",
                ])
            await keep("late", at: 1_001_002, in: two)
            #expect(
                try await redis.sortedSetRange("chat:messages:r", from: 0, through: -1).map { String(buffer: $0.member) } == ["m3", "late"])
            let left = try #require(try await redis.timeToLive("chat:messages:r"))
            #expect(left > .seconds(900) && left <= .seconds(1_000))
        }
    }

    @Test("all nodes take from one bucket: as many as it holds, and no one more", arguments: availableBackends)
    func rates(_ backend: Backend) async throws {
        try await withNodes(backend) { _, one, two in
            let bucket = SharedBucket(name: "chat:u", rule: TokenBucket.Rule(capacity: 5, refillPerSecond: 0.001))
            for number in 0..<5 { #expect(await take(bucket, from: number.isMultiple(of: 2) ? one : two) == nil) }
            let wait = try #require(await take(bucket, from: two))
            #expect(wait > 900_000 && wait <= 1_000_000)
            #expect(await take(SharedBucket(name: "chat:v", rule: bucket.rule), from: two) == nil)
        }
    }

    @Test("a bucket fills up with time, to its rim", arguments: availableBackends)
    func refill(_ backend: Backend) async throws {
        try await withNodes(backend) { redis, one, _ in
            let bucket = SharedBucket(name: "chat:u", rule: TokenBucket.Rule(capacity: 2, refillPerSecond: 0.001))
            for _ in 0..<2 { #expect(await take(bucket, from: one) == nil) }
            #expect(await take(bucket, from: one) != nil)
            // As if the last token had been taken an age ago.
            _ = try await redis.send("HSET", "dunlin:rate:chat:u", "at", "0")
            for _ in 0..<2 { #expect(await take(bucket, from: one) == nil) }
            #expect(await take(bucket, from: one) != nil)
        }
    }

    private func take(_ bucket: SharedBucket, from cluster: RedisCluster) async -> Int? {
        await withCheckedContinuation { continuation in
            cluster.take(bucket) { continuation.resume(returning: $0) }
        }
    }

    private func keep(_ text: String, createdAt: UnixMilliseconds, version: Int, in cluster: RedisCluster) {
        cluster.keep(SharedValue(key: Self.key, createdAt: createdAt, version: version, bytes: ByteBuffer(string: text)))
    }

    private func kept(by cluster: RedisCluster) async -> String? {
        let bytes = await withCheckedContinuation { continuation in
            cluster.kept(Self.key) { continuation.resume(returning: $0) }
        }
        return bytes.map { String(buffer: $0) }
    }

    private static let key = SharedKey(name: "board:s", lifetimeMs: 1_000_000)

    @Test("a value that is kept is never replaced by one of an earlier session or version, and may be lost", arguments: availableBackends)
    func values(_ backend: Backend) async throws {
        try await withNodes(backend) {
            $0.maximumKeptBytes = 8
        } _: { redis, one, two in
            #expect(await kept(by: one) == nil)
            keep("first", createdAt: 5, version: 2, in: one)
            try await eventually { await kept(by: two) == "first" }
            let left = try #require(try await redis.timeToLive("dunlin:board:s"))
            #expect(left > .seconds(900) && left <= .seconds(1_000))
            for (createdAt, version) in [(5, 1), (4, 9)] as [(UnixMilliseconds, Int)] {
                keep("old", createdAt: createdAt, version: version, in: two)
                #expect(await kept(by: one) == "first")
            }
            keep("again", createdAt: 5, version: 2, in: two)
            #expect(await kept(by: one) == "again")
            keep("later", createdAt: 5, version: 10, in: one)
            #expect(await kept(by: two) == "later")
            keep("12345678", createdAt: 6, version: 1, in: one)
            #expect(await kept(by: two) == "12345678", "as many bytes as may be kept")
            keep("123456789", createdAt: 6, version: 2, in: one)
            #expect(await kept(by: two) == "12345678")
            _ = try await redis.send("HSET", "dunlin:board:s", "value", "123456789")
            #expect(await kept(by: two) == nil, "somebody else wrote that")
            _ = try await redis.send("FLUSHALL")
            #expect(await kept(by: two) == nil)
            keep("anew", createdAt: 1, version: 1, in: one)
            try await eventually { await kept(by: two) == "anew" }
        }
    }

    @Test("each node knows how many users only others have, and notices that one left or that Redis lost all", arguments: availableBackends)
    func presence(_ backend: Backend) async throws {
        try await withNodes(backend) { redis, one, two in
            let users = NIOLockedValueBox<Set<String>>(["a", "b"])
            one.start { users.withLockedValue { $0 } }
            two.start { ["b", "c", "d"] }
            try await eventually { one.usersElsewhere == 2 && two.usersElsewhere == 1 }
            users.withLockedValue { $0 = ["b", "c"] }
            try await eventually { one.usersElsewhere == 1 && two.usersElsewhere == 0 }
            users.withLockedValue { $0 = ["a", "b", "c"] }
            try await eventually { two.usersElsewhere == 1 }
            _ = try await redis.send("FLUSHALL")
            try await eventually { try await redis.sortedSetCount("dunlin:users:one") == 3 }
            try await eventually { one.usersElsewhere == 1 && two.usersElsewhere == 1 }
            await one.stop()
            try await eventually { two.usersElsewhere == 0 }
            await two.stop()
            #expect(try await redis.exists("dunlin:users:two") == false)
        }
    }

    @Test("while Redis is away nobody waits for it more than once")
    func absence() async throws {
        let redis = try await InMemoryRedis.start(scripts: RedisScripts.all)
        let client = try RedisClient(
            .patient(port: redis.port), on: MultiThreadedEventLoopGroup.singleton.next(), logger: Self.logger)
        try await client.ready(within: .seconds(60))
        var limits = RedisCluster.Limits()
        limits.patience = .milliseconds(50)
        let cluster = RedisCluster(client, node: "one", limits: limits, logger: Self.logger)
        await redis.refuseConnections()
        await keep("early", at: 1, in: cluster)
        #expect(await take(SharedBucket(name: "x", rule: TokenBucket.Rule(capacity: 1, refillPerSecond: 1)), from: cluster) == nil)
        #expect(await kept(by: cluster) == nil)
        redis.acceptConnections()
        try await eventually {
            await keep("kept", at: 2, in: cluster)
            return (try? await client.score("chat:messages:r", of: "kept")) == 2
        }
        await client.close()
        await redis.shutDown()
    }
}
