import NIOCore
public import RedisCore

/// A connection to Redis in memory within the process: no port, no bytes on a wire, nothing to wait for. It ends when nobody holds it.
public final class InMemoryRedisSession: RedisCommands {
    private let redis: InMemoryRedis
    private let id: RedisEngine.ConnectionID?

    init(redis: InMemoryRedis, id: RedisEngine.ConnectionID?) {
        self.redis = redis
        self.id = id
    }

    deinit {
        if let id { redis.endSession(id) }
    }

    public func send(_ command: RedisCommand, timeout: Duration?) async throws(RedisError) -> RESPValue {
        guard let reply = try await replies(to: [command]).first else { throw RedisError(.closed) }
        if case .error(let error) = reply { throw RedisError(error) }
        return reply
    }

    public func pipeline(_ commands: [RedisCommand]) async throws(RedisError) -> [Result<RESPValue, RedisError>] {
        try await replies(to: commands).map { reply in
            if case .error(let error) = reply { .failure(RedisError(error)) } else { .success(reply) }
        }
    }

    private func replies(to commands: [RedisCommand]) async throws(RedisError) -> [RESPValue] {
        guard let id else { throw RedisError(.closed, "too many connections") }
        guard !commands.contains(where: { $0.name.uppercased().hasSuffix("SUBSCRIBE") || $0.name.uppercased() == "QUIT" }) else {
            throw RedisError(.invalidCommand, "a session has no subscriptions")
        }
        return await redis.send(commands, from: id)
    }
}

/// A client's TCP connection to Redis in memory.
final class InMemoryRedisHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let redis: InMemoryRedis
    private var decoder = RESPDecoder()
    private var id: RedisEngine.ConnectionID?

    init(redis: InMemoryRedis) { self.redis = redis }

    func channelActive(context: ChannelHandlerContext) {
        id = redis.opened(context.channel)
        if id == nil { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let id { redis.closed(id) }
        self.id = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let id else { return }
        decoder.append(unwrapInboundIn(data))
        do {
            while let value = try decoder.next() {
                guard case .array(let words) = value, !words.isEmpty else { return context.close(promise: nil) }
                redis.execute(words.compactMap(\.bytes), from: id)
            }
        } catch {
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
