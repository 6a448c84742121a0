import NIOCore
import NIOPosix
import RedisClient
import RedisCore
import RedisTestSupport
import RedisTesting
import Testing

@Suite("Typed commands, scripts and waiting reads, in memory and on a real server")
struct TypedCommandLiveTests {
    /// A bucket of permits per window: counts up to a limit and ends by itself.
    static let permit = RedisScript(
        "permit",
        lua: """
            local count = redis.call('INCR', KEYS[1])
            if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
            local members = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')
            local fields = redis.call('HGETALL', KEYS[3])
            return {count <= tonumber(ARGV[1]) and 1 or 0, redis.call('PTTL', KEYS[1]) > 0, members, fields, redis.call('GET', 'none')}
            """
    ) { call in
        let count = try call.redis("INCR", .bytes(call.keys[0])).integer ?? 0
        if count == 1 { _ = try call.redis("PEXPIRE", .bytes(call.keys[0]), .bytes(call.arguments[1])) }
        let members = try call.redis("ZRANGE", .bytes(call.keys[1]), 0, -1, "WITHSCORES")
        let fields = try call.redis("HGETALL", .bytes(call.keys[2]))
        let limit = Int64(String(buffer: call.arguments[0])) ?? 0
        let hasEnd = (try call.redis("PTTL", .bytes(call.keys[0])).integer ?? 0) > 0
        return .array([.integer(count <= limit ? 1 : 0), hasEnd ? .integer(1) : .null, members, fields, try call.redis("GET", "none")])
    }

    static let wrong = RedisScript("wrong", lua: "return redis.call('INCR', KEYS[1])") { try $0.redis("INCR", .bytes($0.keys[0])) }

    @Test("a script runs by its name, by its text the first time, and its twin says the same", arguments: availableBackends)
    func scripts(backend: Backend) async throws {
        try await withBackend(backend, scripts: [Self.permit, Self.wrong]) { port async throws in
            try await RedisClient.with(port: port) { redis async throws in
                try await redis.addToSortedSet("z", "m", score: 1.5)
                try await redis.setFields("h", [("f", "v")])
                for count in 1...4 {
                    let reply = try await redis.run(Self.permit, keys: ["k", "z", "h"], arguments: [3, 60_000])
                    #expect(
                        reply
                            == .array([.integer(count <= 3 ? 1 : 0), .integer(1), .texts("m", "1.5"), .texts("f", "v"), .null]))
                }
                #expect(try await redis.send("SCRIPT", "EXISTS", .text(Self.permit.sha1)) == .array([.integer(1)]))
                // A server that was restarted has forgotten it.
                _ = try await redis.send("SCRIPT", "FLUSH")
                _ = try await redis.run(Self.permit, keys: ["k", "z", "h"], arguments: [3, 60_000])
                // What a call in it says is what the script says.
                let error = await #expect(throws: RedisError.self) { try await redis.run(Self.wrong, keys: ["z"]) }
                #expect(error?.reply?.kind == "WRONGTYPE")
            }
        }
    }

    @Test("strings, hashes and their ends", arguments: availableBackends)
    func strings(backend: Backend) async throws {
        try await withBackend(backend) { port async throws in
            try await RedisClient.with(port: port) { redis async throws in
                #expect(try await redis.set("a", "1", expiresIn: .seconds(100_000)))
                #expect(try await redis.set("a", "2", .ifAbsent) == false)
                let left = try #require(try await redis.timeToLive("a"))
                #expect(left > .seconds(50_000) && left <= .seconds(100_000))
                #expect(try await redis.expire("a", in: .seconds(1_000_000)))
                #expect(try await redis.exists("a"))
                #expect(try await redis.getAndDelete("a") == ByteBuffer(string: "1"))
                #expect(try await redis.timeToLive("a") == nil)
                #expect(try await redis.increment("n", by: 5) == 5)
                #expect(try await redis.setFields("h", [("x", 1), ("y", "two")]) == 2)
                #expect(try await redis.fields("h") == ["x": ByteBuffer(string: "1"), "y": ByteBuffer(string: "two")])
                #expect(try await redis.field("h", "x") == ByteBuffer(string: "1"))
                #expect(try await redis.incrementField("h", "x", by: 2) == 3)
                #expect(try await redis.deleteFields("h", "x", "z") == 1)
                #expect(try await redis.delete("h", "n") == 2)
                let error = await #expect(throws: RedisError.self) {
                    try await redis.fields("none").count + redis.streamLength("n") + (redis.increment("h", by: .max) + redis.increment("h"))
                }
                #expect(error?.code == .reply)
            }
        }
    }

    @Test("a walk over all keys finds each, also while others come and go", arguments: availableBackends)
    func scan(backend: Backend) async throws {
        try await withBackend(backend) { port async throws in
            try await RedisClient.with(port: port) { redis async throws in
                for number in 0..<300 { try await redis.set("key:\(number)", "x") }
                var (cursor, found) = ("0", Set<String>())
                var steps = 0
                repeat {
                    let step = try await redis.scan(from: cursor, matching: "key:*", count: 20)
                    found.formUnion(step.keys)
                    cursor = step.cursor
                    try await redis.set("other:\(steps)", "x")
                    try await redis.delete("other:\(steps - 1)")
                    steps += 1
                } while cursor != "0"
                #expect(found == Set((0..<300).map { "key:\($0)" }))
                #expect(steps > 5)
            }
        }
    }

    @Test("a room's recent chat as a sorted set", arguments: availableBackends)
    func sortedSets(backend: Backend) async throws {
        try await withBackend(backend) { port async throws in
            try await RedisClient.with(port: port) { redis async throws in
                for time in 1...20 { try await redis.addToSortedSet("chat", "m\(time)", score: 1_700_000_000_000 + Double(time)) }
                #expect(try await redis.removeFromSortedSet("chat", from: 0, through: -11) == 10)
                #expect(try await redis.sortedSetCount("chat") == 10)
                let last = try await redis.sortedSetRange("chat", from: 0, through: 1, reversed: true)
                #expect(last.map(\.score) == [1_700_000_000_020, 1_700_000_000_019])
                #expect(last.map { String(buffer: $0.member) } == ["m20", "m19"])
                let some = try await redis.sortedSetRange("chat", scores: 1_700_000_000_012...1_700_000_000_019, limit: 3)
                #expect(some.map { String(buffer: $0.member) } == ["m12", "m13", "m14"])
                #expect(try await redis.incrementScore("chat", of: "m20", by: 0.5) == 1_700_000_000_020.5)
                #expect(try await redis.score("chat", of: "m20") == 1_700_000_000_020.5)
                #expect(try await redis.score("chat", of: "none") == nil)
                #expect(try await redis.removeFromSortedSet("chat", "m20", "none") == 1)
                #expect(try await redis.removeFromSortedSet("chat", scores: 0...1_700_000_000_015) == 5)
            }
        }
    }

    @Test("streams: ids, trimming, groups, and taking over", arguments: availableBackends)
    func streams(backend: Backend) async throws {
        try await withBackend(backend) { port async throws in
            try await RedisClient.with(port: port) { redis async throws in
                let first = try await redis.addToStream("s", [("uid", "a"), ("data", .bytes(ByteBuffer(bytes: [0, 255])))])
                let second = try await redis.addToStream("s", [("uid", "b")], maximumLength: 1_000)
                let entries = try await redis.streamRange("s")
                #expect(entries.map(\.id) == [first, second])
                #expect(entries.first?["data"] == ByteBuffer(bytes: [0, 255]))
                #expect(entries.first?["none"] == nil)
                #expect(try await redis.streamRange("s", from: "(\(first)").map(\.id) == [second])
                #expect(try await redis.readStream("s", after: first).map(\.id) == [second])
                #expect(try await redis.readStream("s", after: second).isEmpty)
                // About so many: at least as many as asked for, at most a node of the stream more.
                for _ in 0..<500 { redis.send(.addToStream("t", [("f", "v")], maximumLength: 100)) { _ in } }
                let length = try await redis.streamLength("t")
                #expect((100...200).contains(length))

                try await redis.createGroup("g", of: "s", after: "0")
                try await redis.createGroup("g", of: "s", after: "0")
                #expect(try await redis.readGroup("g", consumer: "ann", of: "s", count: 5).map(\.id) == [first, second])
                #expect(try await redis.readGroup("g", consumer: "ben", of: "s").isEmpty)
                #expect(try await redis.acknowledge([first], of: "s", in: "g") == 1)
                let claimed = try await redis.claim("s", group: "g", consumer: "ben", idleFor: .zero)
                #expect(claimed.next == "0-0")
                #expect(claimed.entries.map(\.id) == [second])
                #expect(try await redis.claim("s", group: "g", consumer: "ann", idleFor: .seconds(100)).entries.isEmpty)
            }
        }
    }

    @Test("a read that waits gets what comes, or nothing in its time", arguments: availableBackends)
    func waiting(backend: Backend) async throws {
        try await withBackend(backend) { port async throws in
            try await RedisClient.with(port: port) { reader async throws in
                try await RedisClient.with(port: port) { writer async throws in
                    try await reader.createGroup("g", of: "grouped")
                    let read = Task { try await reader.readStream("s", after: "$", waiting: .seconds(60)) }
                    // The reader's connection answers nothing while it waits; so write until it has got something.
                    let done = Recorder<Void>()
                    let watch = Task {
                        let entries = try await read.value
                        done.record(())
                        return entries
                    }
                    while done.elements.isEmpty { try await writer.addToStream("s", [("f", "v")]) }
                    #expect(try await watch.value.count >= 1)
                    #expect(try await reader.readStream("s", after: "$", waiting: .milliseconds(1)).isEmpty)
                    let group = Task { try await reader.readGroup("g", consumer: "ann", of: "grouped", waiting: .seconds(60)) }
                    try await writer.addToStream("grouped", [("f", "v")])
                    #expect(try await group.value.count == 1)
                }
            }
        }
    }
}

@Suite("Redis in memory: what a real server cannot show")
struct InMemoryRedisLiveTests {
    @Test("time stands still until it is moved on: keys end, and reads that wait give up")
    func time() async throws {
        let redis = InMemoryRedis(time: .stopped(at: 1_700_000_000_000))
        let session = redis.session()
        try await session.set("a", "1", expiresIn: .milliseconds(100))
        #expect(try await session.addToStream("s", [("f", "v")]) == "1700000000000-0")
        redis.advance(by: .milliseconds(99))
        #expect(try await session.timeToLive("a") == .milliseconds(1))
        redis.advance(by: .milliseconds(1))
        #expect(try await session.get("a") == nil)
        #expect(try await session.addToStream("s", [("f", "v")]) == "1700000000100-0")

        let reader = redis.session()
        let read = Task { try await reader.readStream("s", after: "$", waiting: .seconds(5)) }
        // The time is moved on until the read, whenever it began, is over.
        let done = Recorder<Void>()
        let watch = Task {
            let entries = try await read.value
            done.record(())
            return entries
        }
        while done.elements.isEmpty {
            redis.advance(by: .seconds(5))
            await Task.yield()
        }
        #expect(try await watch.value.isEmpty)
    }

    @Test("data survives a restart, or is lost, as a test wants")
    func restart() async throws {
        let redis = try await InMemoryRedis.start()
        try await redis.session().set("a", "1")
        await redis.shutDown()
        #expect(redis.connectionCount == 0)
        try await redis.listen()
        #expect(try await redis.session().get("a") == ByteBuffer(string: "1"))
        redis.loseData()
        #expect(try await redis.session().get("a") == nil)
        await redis.shutDown()
    }

    @Test("a script without a twin is refused by name")
    func unknownScript() async throws {
        let session = InMemoryRedis().session()
        let error = await #expect(throws: RedisError.self) { try await session.send("EVAL", "return 1", 0) }
        #expect(error?.reply?.message == "ERR this script has no twin: register it with Redis in memory")
    }

    @Test("connections are bounded, and a place comes back")
    func connections() {
        var engine = RedisEngine(limits: RedisEngine.Limits(maximumConnections: 2))
        let first = engine.open()
        #expect(engine.open() != nil)
        #expect(engine.open() == nil)
        if let first { engine.close(first) }
        #expect(engine.open() != nil)
    }

    @Test("commands behind a read that waits are bounded, and carried out when it ends")
    func waitingCommands() throws {
        var engine = RedisEngine(limits: RedisEngine.Limits(maximumWaitingCommands: 2))
        let (opened, other) = (engine.open(), engine.open())
        let (reader, writer) = (try #require(opened), try #require(other))
        func run(_ line: String, from id: RedisEngine.ConnectionID) -> [RedisEngine.Output] {
            engine.execute(line.split(separator: " ").map { ByteBuffer(substring: $0) }, from: id, at: 1_000)
        }
        for _ in 0..<2 {
            #expect(run("XREAD BLOCK 9223372036854775807 STREAMS s $", from: reader) == [])
            #expect(run("PING", from: reader) == [])
            #expect(run("ECHO a", from: reader) == [])
            let outputs = run("XADD s * f v", from: writer)
            #expect(outputs.count == 4)
            #expect(outputs.suffix(2) == [.send(reader, .simpleString("PONG"), .two), .send(reader, .text("a"), .two)])
        }
        _ = run("XREAD BLOCK 0 STREAMS s $", from: reader)
        _ = run("PING", from: reader)
        _ = run("PING", from: reader)
        #expect(run("PING", from: reader) == [.close(reader)])
        #expect(engine.connectionIDs == [writer])
    }

    @Test("no command stops the engine, whatever its arguments are, and each is answered", arguments: 0..<100 as Range<UInt64>)
    func hostileArguments(seed: UInt64) throws {
        let names = [
            "GET", "SET", "GETDEL", "MGET", "MSET", "INCRBY", "DEL", "EXISTS", "TYPE", "EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT", "TTL",
            "PERSIST", "KEYS", "SCAN", "HSET", "HINCRBY", "HGETALL", "HDEL", "SADD", "SREM", "SMEMBERS", "ZADD", "ZINCRBY", "ZRANGE",
            "ZREVRANGE", "ZRANGEBYSCORE", "ZCOUNT", "ZRANK", "ZREMRANGEBYRANK", "ZREMRANGEBYSCORE", "XADD", "XRANGE", "XREVRANGE", "XDEL",
            "XTRIM", "XGROUP", "XACK", "XPENDING", "XAUTOCLAIM", "XREAD", "XREADGROUP", "EVAL", "EVALSHA", "SCRIPT", "PUBLISH", "PUBSUB",
            "SELECT", "CLIENT", "HELLO", "AUTH", "MULTI", "EXEC", "DISCARD", "ECHO", "PING", "TIME", "", "\u{0}",
        ]
        let words = [
            "k", "s", "z", "", "0", "-1", "1", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e308", "-1e308",
            "inf",
            "-inf", "nan", "(", "(1", "-", "+", "$", ">", "*", "~", "=", "1-1", "1-*", "18446744073709551615-18446744073709551615",
            "5-18446744073709551615", "5-*", "1-", "[", "[a-", "\\", "NX", "XX", "GT", "LT", "CH", "INCR", "EX", "PX", "PXAT", "KEEPTTL",
            "GET",
            "LIMIT", "BYSCORE", "REV", "WITHSCORES", "MAXLEN", "MINID", "COUNT", "BLOCK", "STREAMS", "GROUP", "g", "NOACK", "MKSTREAM",
            "CREATE",
            "SETID", "DESTROY", "DELCONSUMER", "JUSTID", "IDLE", "MATCH", "TYPE", "LOAD", "FLUSH", "NUMSUB", "SETNAME", "\u{FFFD}",
        ]
        var engine = RedisEngine()
        let opened = engine.open()
        let id = try #require(opened)
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 7
        func pick(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for step in 0..<300 {
            let command = [names[pick(names.count)]] + (0..<pick(8)).map { _ in words[pick(words.count)] }
            let outputs = engine.execute(command.map { ByteBuffer(string: $0) }, from: id, at: Int64(step))
            // What waits is ended, so that the next is carried out.
            let ended = engine.nextDeadline.map { engine.tick(at: $0) } ?? []
            let waitsForEver = outputs.isEmpty && ended.isEmpty
            #expect(!waitsForEver || command.contains("BLOCK"), "\(command)")
            if waitsForEver {
                engine.close(id)
                return
            }
        }
    }

    @Test("version 2: replies without maps, messages as arrays")
    func version2() throws {
        var engine = RedisEngine()
        let opened = engine.open()
        let id = try #require(opened)
        func run(_ line: String) -> [RedisEngine.Output] {
            engine.execute(line.split(separator: " ").map { ByteBuffer(substring: $0) }, from: id, at: 1_000)
        }
        _ = run("ZADD z 1 a")
        #expect(run("ZRANGE z 0 -1 WITHSCORES") == [.send(id, .array([.text("a"), .double(1)]), .two)])
        _ = run("XADD s 1-1 f v")
        #expect(
            run("XREAD STREAMS s 0") == [
                .send(id, .array([.array([.text("s"), .array([.array([.text("1-1"), .texts("f", "v")])])])]), .two)
            ])
        #expect(run("SUBSCRIBE c") == [.send(id, .push([.text("subscribe"), .text("c"), .integer(1)]), .two)])
        #expect(
            run("PUBLISH c x") == [.send(id, .push([.text("message"), .text("c"), .text("x")]), .two), .send(id, .integer(1), .two)])
    }
}
