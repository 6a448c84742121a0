import NIOCore
import RedisClient
import RedisCore
import RedisTestSupport
import RedisTesting
import Testing

/// The same commands, with the same replies, against Redis in memory and against a real server.
@Suite("Commands, in memory and on a real server")
struct CommandConformanceLiveTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let steps: [(String, RESPValue)]

        init(_ name: String, _ steps: [(String, RESPValue)]) {
            testDescription = name
            self.steps = steps
        }
    }

    static let cases = [
        Case(
            "strings",
            [
                ("SET a 1", .ok), ("GET a", .text("1")), ("GET none", .null), ("SET a 2 NX", .null), ("SET a 2 XX", .ok),
                ("SET b 1 XX", .null), ("SET a 3 GET", .text("2")), ("SET c 1 NX GET", .null), ("INCR a", .integer(4)),
                ("INCRBY a -10", .integer(-6)), ("DECR n", .integer(-1)), ("GETDEL a", .text("-6")), ("GETDEL a", .null),
                ("MSET x 1 y 2", .ok), ("MGET x none y", .array([.text("1"), .null, .text("2")])), ("STRLEN x", .integer(1)),
                ("SET s text", .ok), ("INCR s", .failure("ERR value is not an integer or out of range")),
                ("SET big 9223372036854775807", .ok), ("INCR big", .failure("ERR increment or decrement would overflow")),
                ("SET a 1 EX 0", .failure("ERR invalid expire time in 'set' command")),
                ("SET a 1 EX x", .failure("ERR value is not an integer or out of range")),
                ("SET a 1 NX XX", .failure("ERR syntax error")), ("SET a", .failure("ERR wrong number of arguments for 'set' command")),
                ("GET", .failure("ERR wrong number of arguments for 'get' command")),
                ("MSET a", .failure("ERR wrong number of arguments for 'mset' command")),
                ("PING", .simpleString("PONG")), ("PING hello", .text("hello")), ("ECHO hi", .text("hi")),
            ]),
        Case(
            "keys and their ends",
            [
                ("SET a 1", .ok), ("TTL a", .integer(-1)), ("PTTL none", .integer(-2)), ("EXPIRE a 1000000", .integer(1)),
                ("TTL a", .integer(1000000)),
                ("PERSIST a", .integer(1)), ("PERSIST a", .integer(0)), ("EXPIRE none 5", .integer(0)),
                ("EXPIRE a 1000000 XX", .integer(0)),
                ("EXPIRE a 1000000 NX", .integer(1)), ("EXPIRE a 500000 GT", .integer(0)), ("EXPIRE a 500000 LT", .integer(1)),
                ("TTL a", .integer(500000)),
                ("SET a 2 KEEPTTL", .ok), ("TTL a", .integer(500000)), ("SET a 3", .ok), ("TTL a", .integer(-1)),
                ("PEXPIREAT a 1", .integer(1)),
                ("EXISTS a", .integer(0)), ("SET a 1 EX 1000000", .ok), ("TTL a", .integer(1000000)), ("INCR a", .integer(2)),
                ("TTL a", .integer(1000000)),
                ("EXPIRE a -1", .integer(1)), ("GET a", .null), ("SET a 1", .ok), ("HSET h f 1", .integer(1)),
                ("EXISTS a h a none", .integer(3)),
                ("TYPE h", .simpleString("hash")), ("TYPE none", .simpleString("none")), ("DEL a h none", .integer(2)),
                ("DBSIZE", .integer(0)),
                ("EXPIRE a x", .failure("ERR value is not an integer or out of range")),
                ("EXPIRE a 9223372036854775807", .failure("ERR invalid expire time in 'expire' command")),
                ("EXPIRE a 1 QQ", .failure("ERR Unsupported option QQ")),
            ]),
        Case(
            "patterns",
            [
                ("MSET one 1 two 2 three 3 f[x] 4", .ok), ("KEYS o*", .texts("one")), ("KEYS ?wo", .texts("two")),
                ("KEYS [no]ne", .texts("one")),
                ("KEYS [^o]wo", .texts("two")), ("KEYS [s-u]wo", .texts("two")), ("KEYS f\\[x\\]", .texts("f[x]")),
                ("KEYS *x*", .texts("f[x]")),
                ("KEYS t*e", .texts("three")), ("KEYS o", .array([])), ("KEYS *n*e*", .texts("one")),
                ("SCAN 0 MATCH tw* COUNT 100", .array([.text("0"), .texts("two")])), ("SCAN x", .failure("ERR invalid cursor")),
                ("SCAN 0 COUNT 0", .failure("ERR syntax error")), ("SCAN 0 COUNT", .failure("ERR syntax error")),
            ]),
        Case(
            "hashes and sets",
            [
                ("HSET h a 1 b 2", .integer(2)), ("HSET h a 3 c 4", .integer(1)), ("HGET h a", .text("3")), ("HGET h z", .null),
                ("HGET z z", .null),
                ("HMGET h a z b", .array([.text("3"), .null, .text("2")])), ("HLEN h", .integer(3)), ("HEXISTS h a", .integer(1)),
                (
                    "HGETALL h",
                    .map([RESPPair(.text("a"), .text("3")), RESPPair(.text("b"), .text("2")), RESPPair(.text("c"), .text("4"))])
                ),
                ("HGETALL none", .map([])), ("HDEL h a z", .integer(1)), ("HINCRBY h b 5", .integer(7)), ("HINCRBY h new -1", .integer(-1)),
                ("HSETNX h b 9", .integer(0)), ("HSETNX h d 9", .integer(1)), ("HSET h t x", .integer(1)),
                ("HINCRBY h t 1", .failure("ERR hash value is not an integer")),
                ("HSET h a", .failure("ERR wrong number of arguments for 'hset' command")), ("HDEL h b c new d t", .integer(5)),
                ("EXISTS h", .integer(0)),
                ("SADD s a b a", .integer(2)), ("SADD s a", .integer(0)), ("SCARD s", .integer(2)), ("SISMEMBER s a", .integer(1)),
                ("SMEMBERS s", .set([.text("a"), .text("b")])), ("SREM s a z", .integer(1)), ("SREM s b", .integer(1)),
                ("EXISTS s", .integer(0)),
                ("SET a 1", .ok), ("HGET a f", .wrongType), ("SADD a f", .wrongType), ("ZADD a 1 f", .wrongType),
                ("XADD a * f 1", .wrongType),
                ("HSET h f 1", .integer(1)), ("GET h", .wrongType), ("INCR h", .wrongType), ("MGET a h", .array([.text("1"), .null])),
                ("SET h 1", .ok), ("GET h", .text("1")),
            ]),
        Case(
            "sorted sets",
            [
                ("ZADD z 1 a 2 b 2 c 3 d", .integer(4)), ("ZADD z 5 a", .integer(0)), ("ZADD z CH 6 a 1 e", .integer(2)),
                ("ZCARD z", .integer(5)),
                ("ZSCORE z b", .double(2)), ("ZSCORE z none", .null), ("ZRANGE z 0 -1", .texts("e", "b", "c", "d", "a")),
                ("ZRANGE z 0 1 WITHSCORES", .array([.array([.text("e"), .double(1)]), .array([.text("b"), .double(2)])])),
                ("ZRANGE z 0 1 REV", .texts("a", "d")), ("ZREVRANGE z -2 -1", .texts("b", "e")), ("ZRANGE z 5 9", .array([])),
                ("ZRANGE z -100 0", .texts("e")),
                ("ZRANGE z 2 (3 BYSCORE", .texts("b", "c")), ("ZRANGE z +inf -inf BYSCORE REV LIMIT 1 2", .texts("d", "c")),
                ("ZRANGEBYSCORE z (1 3", .texts("b", "c", "d")), ("ZREVRANGEBYSCORE z 3 -inf LIMIT 0 1", .texts("d")),
                ("ZRANGEBYSCORE z 2 2 WITHSCORES", .array([.array([.text("b"), .double(2)]), .array([.text("c"), .double(2)])])),
                ("ZCOUNT z 2 (6", .integer(3)), ("ZRANK z d", .integer(3)), ("ZREVRANK z d", .integer(1)), ("ZRANK z none", .null),
                ("ZINCRBY z 0.5 b", .double(2.5)), ("ZINCRBY z 1 new", .double(1)), ("ZADD z INCR 2 b", .double(4.5)),
                ("ZADD z NX INCR 1 b", .null),
                ("ZADD z XX 9 none", .integer(0)), ("ZADD z GT 1 b", .integer(0)), ("ZSCORE z b", .double(4.5)),
                ("ZADD z LT 1 b", .integer(0)), ("ZSCORE z b", .double(1)),
                ("ZREM z new none", .integer(1)), ("ZREMRANGEBYRANK z 0 1", .integer(2)), ("ZRANGE z 0 -1", .texts("c", "d", "a")),
                ("ZREMRANGEBYSCORE z -inf (3", .integer(1)), ("ZREMRANGEBYRANK z 0 -2", .integer(1)), ("ZRANGE z 0 -1", .texts("a")),
                ("ZREMRANGEBYRANK z 0 -2", .integer(0)), ("ZREM z a", .integer(1)), ("EXISTS z", .integer(0)),
                ("ZADD z x a", .failure("ERR value is not a valid float")), ("ZADD z nan a", .failure("ERR value is not a valid float")),
                ("ZADD z 1", .failure("ERR wrong number of arguments for 'zadd' command")),
                ("ZADD z NX XX 1 a", .failure("ERR XX and NX options at the same time are not compatible")),
                ("ZADD z GT LT 1 a", .failure("ERR GT, LT, and/or NX options at the same time are not compatible")),
                ("ZADD z 1 a 2", .failure("ERR syntax error")), ("ZRANGE z a b", .failure("ERR value is not an integer or out of range")),
                ("ZRANGEBYSCORE z a b", .failure("ERR min or max is not a float")), ("ZADD z inf a", .integer(1)),
                ("ZINCRBY z -inf a", .failure("ERR resulting score is not a number (NaN)")),
                (
                    "ZRANGE z 0 -1 LIMIT 0 1",
                    .failure("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
                ),
            ]),
        Case(
            "streams",
            [
                ("XADD s 1-1 a 1", .text("1-1")), ("XADD s 1-2 a 2 b 3", .text("1-2")), ("XADD s 5 c 4", .text("5-0")),
                ("XADD s 5-* c 5", .text("5-1")),
                ("XADD s 1-1 a 1", .failure("ERR The ID specified in XADD is equal or smaller than the target stream top item")),
                ("XADD n 0-0 a 1", .failure("ERR The ID specified in XADD must be greater than 0-0")),
                ("XADD n x a 1", .failure("ERR Invalid stream ID specified as stream command argument")),
                ("XADD n NOMKSTREAM * a 1", .null), ("XLEN n", .integer(0)), ("XLEN s", .integer(4)),
                ("XRANGE s - + COUNT 1", .array([.array([.text("1-1"), .texts("a", "1")])])),
                ("XRANGE s (1-1 1", .array([.array([.text("1-2"), .texts("a", "2", "b", "3")])])),
                ("XRANGE s 5 5", .array([.array([.text("5-0"), .texts("c", "4")]), .array([.text("5-1"), .texts("c", "5")])])),
                ("XREVRANGE s + 5", .array([.array([.text("5-1"), .texts("c", "5")]), .array([.text("5-0"), .texts("c", "4")])])),
                ("XRANGE none - +", .array([])), ("XRANGE s 6 +", .array([])),
                ("XREAD STREAMS s 5-0", .map([RESPPair(.text("s"), .array([.array([.text("5-1"), .texts("c", "5")])]))])),
                ("XREAD COUNT 1 STREAMS s none 0 0", .map([RESPPair(.text("s"), .array([.array([.text("1-1"), .texts("a", "1")])]))])),
                ("XREAD STREAMS s 5-1", .null), ("XREAD STREAMS s $", .null), ("XREAD BLOCK 1 STREAMS s $", .null),
                ("XREAD STREAMS s", .failure("ERR wrong number of arguments for 'xread' command")),
                (
                    "XREAD COUNT 1 STREAMS s",
                    .failure("ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.")
                ),
                ("XRANGE s - + COUNT 0", .null), ("XRANGE s - + COUNT", .failure("ERR syntax error")),
                ("XDEL s 1-2 9-9", .integer(1)), ("XTRIM s MAXLEN 1", .integer(2)), ("XTRIM s MINID = 9", .integer(1)),
                ("XLEN s", .integer(0)), ("EXISTS s", .integer(1)),
                ("XADD s MAXLEN = 1 6-0 a 1", .text("6-0")), ("XADD s MAXLEN 1 7-0 a 1", .text("7-0")), ("XLEN s", .integer(1)),
                ("XADD s 1", .failure("ERR wrong number of arguments for 'xadd' command")),
                ("XADD s * a", .failure("ERR wrong number of arguments for 'xadd' command")),
            ]),
        Case(
            "groups of streams",
            [
                (
                    "XGROUP CREATE s g 0",
                    .failure(
                        "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically."
                    )
                ),
                ("XGROUP CREATE s g 0 MKSTREAM", .ok), ("XGROUP CREATE s g 0", .failure("BUSYGROUP Consumer Group name already exists")),
                ("XADD s 1-1 a 1", .text("1-1")), ("XADD s 2-1 a 2", .text("2-1")), ("XADD s 3-1 a 3", .text("3-1")),
                (
                    "XREADGROUP GROUP g ann COUNT 2 STREAMS s >",
                    .map([
                        RESPPair(
                            .text("s"), .array([.array([.text("1-1"), .texts("a", "1")]), .array([.text("2-1"), .texts("a", "2")])]))
                    ])
                ),
                ("XREADGROUP GROUP g ben STREAMS s >", .map([RESPPair(.text("s"), .array([.array([.text("3-1"), .texts("a", "3")])]))])),
                ("XREADGROUP GROUP g ben STREAMS s >", .null),
                (
                    "XREADGROUP GROUP g ann STREAMS s 0",
                    .map([
                        RESPPair(
                            .text("s"), .array([.array([.text("1-1"), .texts("a", "1")]), .array([.text("2-1"), .texts("a", "2")])]))
                    ])
                ),
                ("XREADGROUP GROUP g eve STREAMS s 0", .map([RESPPair(.text("s"), .array([]))])), ("XACK s g 1-1 9-9", .integer(1)),
                ("XACK s g 1-1", .integer(0)), ("XACK none g 1-1", .integer(0)),
                ("XPENDING s g", .array([.integer(2), .text("2-1"), .text("3-1"), .array([.texts("ann", "1"), .texts("ben", "1")])])),
                ("XDEL s 3-1", .integer(1)),
                ("XAUTOCLAIM s g eve 0 0", .array([.text("0-0"), .array([.array([.text("2-1"), .texts("a", "2")])]), .texts("3-1")])),
                ("XAUTOCLAIM s g eve 0 0 JUSTID", .array([.text("0-0"), .texts("2-1"), .array([])])),
                ("XAUTOCLAIM s g eve 100000 0", .array([.text("0-0"), .array([]), .array([])])),
                ("XREADGROUP GROUP g x NOACK STREAMS s >", .null),
                (
                    "XREADGROUP GROUP none x STREAMS s >",
                    .failure("NOGROUP No such key 's' or consumer group 'none' in XREADGROUP with GROUP option")
                ),
                (
                    "XREADGROUP GROUP g x STREAMS none >",
                    .failure("NOGROUP No such key 'none' or consumer group 'g' in XREADGROUP with GROUP option")
                ),
                ("XAUTOCLAIM s none x 0 0", .failure("NOGROUP No such key 's' or consumer group 'none'")),
                ("XGROUP DELCONSUMER s g eve", .integer(1)), ("XGROUP DESTROY s g", .integer(1)), ("XGROUP DESTROY s g", .integer(0)),
            ]),
        Case(
            "scripts that nobody knows, and commands that nobody has",
            [
                ("EVALSHA 0000000000000000000000000000000000000000 0", .failure("NOSCRIPT No matching script. Please use EVAL.")),
                ("SCRIPT EXISTS 0000000000000000000000000000000000000000", .array([.integer(0)])),
                ("EVAL x", .failure("ERR wrong number of arguments for 'eval' command")),
                ("PUBSUB FOO", .failure("ERR unknown subcommand 'FOO'. Try PUBSUB HELP.")),
                ("XREADGROUP GROUP g c STREAMS s", .failure("ERR wrong number of arguments for 'xreadgroup' command")),
                ("NONSENSE a b", .failure("ERR unknown command 'NONSENSE', with args beginning with: 'a' 'b' ")),
                ("PUBLISH c x", .integer(0)), ("PUBSUB NUMSUB a b", .array([.text("a"), .integer(0), .text("b"), .integer(0)])),
                ("PUBSUB NUMPAT", .integer(0)), ("PUBSUB CHANNELS", .array([])),
                ("PUBSUB SHARDNUMSUB a", .array([.text("a"), .integer(0)])),
            ]),
    ]

    /// What is left of a time depends on how long the test has taken: an hour is within the bounds of any machine.
    private static func agree(_ command: String, _ one: RESPValue, _ other: RESPValue) -> Bool {
        guard command.hasPrefix("TTL"), case (.integer(let left), .integer(let right)) = (one, other), left > 0, right > 0 else {
            return one == other
        }
        return abs(left - right) <= 3_600
    }

    @Test("each command's reply", arguments: cases, availableBackends)
    func replies(of test: Case, from backend: Backend) async throws {
        try await withBackend(backend) { port async throws in
            try await RedisClient.with(port: port) { redis async throws in
                for (command, reply) in test.steps {
                    #expect(Self.agree(command, try await redis.say(command), reply.inOrder), "\(command)")
                }
            }
        }
    }

    @Test("the same without a port")
    func session() async throws {
        for test in Self.cases {
            let redis = InMemoryRedis(time: .running).session()
            for (command, reply) in test.steps { #expect(Self.agree(command, try await redis.say(command), reply.inOrder), "\(command)") }
        }
    }

    @Test("random commands have the same replies from both", .enabled(if: RedisServerProcess.path != nil, serverIsMissing))
    func differential() async throws {
        let server = try await RedisServerProcess.start()
        defer { server.stop() }
        try await RedisClient.with(port: server.port) { real async throws in
            for seed in 0..<40 as Range<UInt64> {
                let memory = InMemoryRedis().session()
                _ = try await real.send("FLUSHALL")
                var commands = CommandGenerator(seed: seed)
                for _ in 0..<150 {
                    let line = commands.next()
                    let (one, other) = (try await memory.say(line), try await real.say(line))
                    #expect(Self.agree(line, one, other), "seed \(seed): \(line)")
                    if !Self.agree(line, one, other) { break }
                }
            }
        }
    }
}

/// Commands over few keys, so that they meet: right ones, and ones with wrong types and numbers.
struct CommandGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 99 }

    private mutating func pick(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }

    private mutating func some(_ words: [String]) -> String { words[pick(words.count)] }
    private mutating func number() -> String { self.some(["0", "1", "-1", "2", "5", "-3", "100", "1.5", "x", "inf", "-inf"]) }
    private mutating func integer() -> String { self.some(["0", "1", "-1", "2", "3", "-2", "-100", "100"]) }
    private mutating func bound() -> String { self.some(["-inf", "+inf", "0", "1", "(1", "2", "(2", "5", "x"]) }
    private mutating func member() -> String { self.some(["a", "b", "c", "d", "e", "f"]) }

    mutating func next() -> String {
        // Mostly keys of the command's own type.
        let type = pick(6)
        let key =
            pick(12) == 0
            ? self.some(["str", "hash", "set", "zset", "stream"]) : ["str", "hash", "set", "zset", "stream", "str"][type]
        switch type {
        case 0:
            return self.some([
                "SET \(key) \(integer())", "GET \(key)", "INCRBY \(key) \(number())", "SET \(key) \(integer()) NX",
                "SET \(key) v XX GET", "GETDEL \(key)", "STRLEN \(key)", "MGET str hash \(key)", "DECR \(key)", "SET \(key) 7 KEEPTTL",
            ])
        case 1:
            return self.some([
                "HSET \(key) \(member()) \(integer())", "HGET \(key) \(member())",
                "HDEL \(key) \(member()) \(member())",
                "HINCRBY \(key) \(member()) \(number())", "HGETALL \(key)", "HLEN \(key)", "HMGET \(key) a b c",
                "HSETNX \(key) \(member()) n",
            ])
        case 2:
            return self.some([
                "SADD \(key) \(member()) \(member())", "SREM \(key) \(member())", "SMEMBERS \(key)", "SCARD \(key)",
                "SISMEMBER \(key) a",
            ])
        case 3:
            let option = self.some(["", "", "", "NX ", "XX ", "GT ", "LT ", "CH ", "INCR ", "XX CH ", "GT CH ", "NX GT "])
            return self.some([
                "ZADD \(key) \(option)\(number()) \(member())", "ZADD \(key) 1 a 2 b \(number()) c",
                "ZINCRBY \(key) \(number()) \(member())",
                "ZREM \(key) \(member())", "ZRANGE \(key) \(integer()) \(integer()) WITHSCORES",
                "ZRANGE \(key) \(integer()) \(integer()) REV",
                "ZRANGE \(key) \(bound()) \(bound()) BYSCORE LIMIT \(integer()) \(integer())",
                "ZREVRANGEBYSCORE \(key) \(bound()) \(bound()) WITHSCORES",
                "ZCOUNT \(key) \(bound()) \(bound())", "ZREMRANGEBYRANK \(key) \(integer()) \(integer())",
                "ZREMRANGEBYSCORE \(key) \(bound()) \(bound())", "ZRANK \(key) \(member())",
                "ZREVRANK \(key) \(member())", "ZCARD \(key)",
            ])
        case 4:
            let id = self.some(["1-1", "2", "3-0", "5-5", "9-9", "10", "12-3", "0-1", "7-*", "20-1", "25-*", "30"])
            let range = self.some(["-", "0", "2", "3-0", "(3-0", "9"])
            return self.some([
                "XADD \(key) \(id) f \(integer())", "XADD \(key) MAXLEN = 4 \(id) f v", "XLEN \(key)", "XRANGE \(key) \(range) +",
                "XREVRANGE \(key) + \(range) COUNT 2",
                "XREAD COUNT 2 STREAMS \(key) \(self.some(["0", "3", "9-9", "$"]))",
                "XDEL \(key) \(self.some(["1-1", "2-0", "3-0", "5-5"]))", "XTRIM \(key) MAXLEN \(self.some(["1", "3", "-1"]))",
                "XGROUP CREATE \(key) g \(self.some(["0", "$", "3"])) MKSTREAM",
                "XREADGROUP GROUP g \(self.some(["ann", "ben"])) COUNT 2 STREAMS \(key) >",
                "XREADGROUP GROUP g ann STREAMS \(key) \(self.some(["0", "3"]))",
                "XACK \(key) g \(self.some(["1-1", "2-0", "3-0", "5-5"]))",
                "XAUTOCLAIM \(key) g ben 0 \(self.some(["0", "3"])) COUNT \(self.some(["1", "5"]))", "XPENDING \(key) g",
            ])
        default:
            return self.some([
                "DEL \(key)", "EXISTS str hash zset", "TYPE \(key)", "EXPIRE \(key) 1000000", "TTL \(key)", "PERSIST \(key)",
                "EXPIRE \(key) 500000 \(self.some(["NX", "XX", "GT", "LT"]))",
                "PEXPIREAT \(key) 1", "DBSIZE", "GET", "ZADD \(key)", "HSET \(key) f",
            ])
        }
    }
}
