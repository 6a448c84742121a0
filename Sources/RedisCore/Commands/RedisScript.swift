import SystemCrypto
public import NIOCore

/// A script that Redis runs as one step, declared once: its Lua text, and its twin in Swift for Redis in memory.
///
///     static let take = RedisScript("take", lua: "return redis.call('DECR', KEYS[1])") { call in
///         try call.redis("DECR", .bytes(call.keys[0]))
///     }
///
/// Both are held together by tests that run the same calls against both.
public struct RedisScript: Sendable {
    /// A call of a script, as its twin sees it.
    public struct Call {
        public let keys: [ByteBuffer]
        public let arguments: [ByteBuffer]
        private let execute: (RedisCommand) throws(RedisError) -> RESPValue

        public init(
            keys: [ByteBuffer], arguments: [ByteBuffer], execute: @escaping (RedisCommand) throws(RedisError) -> RESPValue
        ) {
            self.keys = keys
            self.arguments = arguments
            self.execute = execute
        }

        /// What `redis.call` is to Lua: an error reply is thrown, and ends the script.
        public func redis(_ name: String, _ arguments: RedisArgument...) throws(RedisError) -> RESPValue {
            try execute(RedisCommand(name, arguments: arguments))
        }
    }

    public let name: String
    public let lua: String
    /// Its name in Redis: the SHA-1 of the text, in lower-case hexadecimal.
    public let sha1: String
    /// What the script does, in Swift.
    public let twin: @Sendable (Call) throws -> RESPValue

    public init(_ name: String, lua: String, twin: @escaping @Sendable (Call) throws -> RESPValue) {
        self.name = name
        self.lua = lua
        sha1 = Self.sha1(of: lua)
        self.twin = twin
    }

    /// The name that Redis gives a script's text.
    public static func sha1(of lua: String) -> String { SHA1Digest.hash(Array(lua.utf8)).hexadecimal }

    /// The call by name; Redis answers `NOSCRIPT` if it does not know the text.
    public func bySHA1(keys: [RedisArgument], arguments: [RedisArgument]) -> RedisCommand {
        RedisCommand("EVALSHA", arguments: [.text(sha1), .integer(Int64(keys.count))] + keys + arguments)
    }

    /// The call with the text, which Redis keeps for the next time.
    public func byText(keys: [RedisArgument], arguments: [RedisArgument]) -> RedisCommand {
        RedisCommand("EVAL", arguments: [.text(lua), .integer(Int64(keys.count))] + keys + arguments)
    }
}
