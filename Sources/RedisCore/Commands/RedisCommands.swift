import NIOCore

/// Something that carries commands out: a client of a Redis server, or a session with Redis in memory.
public protocol RedisCommands: Sendable {
    /// Sends one command and waits for its reply.
    ///
    /// - Parameter timeout: nil: the usual one. A command that blocks (`XREAD … BLOCK`) needs a longer one, and a client of its own, since
    ///   it holds back what comes after it.
    /// - Throws: ``RedisError``, ``RedisError/Code/reply`` for an error reply.
    func send(_ command: RedisCommand, timeout: Duration?) async throws(RedisError) -> RESPValue

    /// Sends several commands together. Each has its own reply or error, in their order; what fails does not stop the others.
    func pipeline(_ commands: [RedisCommand]) async throws(RedisError) -> [Result<RESPValue, RedisError>]
}

extension RedisCommands {
    public func send(_ command: RedisCommand) async throws(RedisError) -> RESPValue {
        try await send(command, timeout: nil)
    }

    /// `send(RedisCommand("SET", …))`, spelled shorter.
    public func send(_ name: String, _ arguments: RedisArgument...) async throws(RedisError) -> RESPValue {
        try await send(RedisCommand(name, arguments: arguments), timeout: nil)
    }

    /// Carries the commands out in one step (MULTI, EXEC): nobody sees a part of them.
    ///
    /// - Throws: also when Redis refuses a command while it queues them: then none is carried out. A command that fails while it is carried
    ///   out stops no other; its reply is an error in the result.
    public func transaction(_ commands: [RedisCommand]) async throws(RedisError) -> [Result<RESPValue, RedisError>] {
        let replies = try await pipeline([RedisCommand("MULTI")] + commands + [RedisCommand("EXEC")])
        guard let last = replies.last else { throw RedisError(.unexpectedReply, "EXEC") }
        guard let values = try last.get().elements, values.count == commands.count else { throw RedisError(.unexpectedReply, "EXEC") }
        return values.map { value in
            if case .error(let reply) = value { .failure(RedisError(reply)) } else { .success(value) }
        }
    }

    /// Runs a script by its name, and by its text if Redis does not know it.
    public func run(
        _ script: RedisScript, keys: [RedisArgument], arguments: [RedisArgument] = []
    ) async throws(RedisError) -> RESPValue {
        do throws(RedisError) {
            return try await send(script.bySHA1(keys: keys, arguments: arguments))
        } catch {
            guard error.reply?.kind == "NOSCRIPT" else { throw error }
            return try await send(script.byText(keys: keys, arguments: arguments))
        }
    }
}

/// A reply in the shape that its command has.
struct RedisReply {
    let command: String
    let value: RESPValue

    init(_ command: RedisCommand, _ value: RESPValue) {
        self.command = command.name
        self.value = value
    }

    func integer() throws(RedisError) -> Int {
        guard let integer = self.value.integer, let value = Int(exactly: integer) else { throw unexpected }
        return value
    }

    func optionalBytes() throws(RedisError) -> ByteBuffer? {
        if value.isNull { return nil }
        guard let bytes = value.bytes else { throw unexpected }
        return bytes
    }

    func optionalDouble() throws(RedisError) -> Double? {
        if value.isNull { return nil }
        guard let double = value.double else { throw unexpected }
        return double
    }

    func elements() throws(RedisError) -> [RESPValue] {
        guard let elements = value.elements else { throw unexpected }
        return elements
    }

    func pairs() throws(RedisError) -> [RESPPair] {
        guard let pairs = value.pairs else { throw unexpected }
        return pairs
    }

    var unexpected: RedisError { RedisError(.unexpectedReply, command) }
}

extension RedisCommands {
    func reply(to command: RedisCommand, timeout: Duration? = nil) async throws(RedisError) -> RedisReply {
        RedisReply(command, try await send(command, timeout: timeout))
    }
}
