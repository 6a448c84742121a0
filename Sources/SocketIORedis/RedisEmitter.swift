import NIOCore
public import RedisCore
import SocketIOClusterCore
public import SocketIOServer

/// Sends events to the clients of servers that use the classic adapter, from a process that is no such server. The counterpart of
/// `@socket.io/redis-emitter`.
///
///     let emitter = RedisEmitter(redis)
///     try await emitter.to("room").emit("news", "hello")
public struct RedisEmitter: Sendable {
    private let redis: any RedisCommands
    private let key: String
    private let namespace: String
    private let channels: ClassicChannels
    private var target = ClusterTarget()

    /// - Parameters:
    ///   - key: the key of the servers' adapters.
    ///   - namespace: begins with a slash.
    public init(_ redis: any RedisCommands, key: String = "socket.io", namespace: String = "/") {
        self.redis = redis
        self.key = key
        self.namespace = namespace
        channels = ClassicChannels(key: key, namespace: namespace)
    }

    /// An emitter for another namespace, with or without the slash before its name.
    public func of(_ namespace: String) -> RedisEmitter {
        RedisEmitter(redis, key: key, namespace: namespace.hasPrefix("/") ? namespace : "/" + namespace)
    }

    // MARK: Choosing

    private func with(_ change: (inout ClusterTarget) -> Void) -> RedisEmitter {
        var copy = self
        change(&copy.target)
        return copy
    }

    /// Adds rooms, or sockets by their ids. Without any, all clients of the namespace are meant.
    public func to(_ rooms: String...) -> RedisEmitter { with { $0.rooms += rooms } }
    public func `in`(_ rooms: String...) -> RedisEmitter { with { $0.rooms += rooms } }
    /// The members of these rooms, or these sockets, are left out.
    public func except(_ rooms: String...) -> RedisEmitter { with { $0.except += rooms } }
    /// The event is dropped for a client that is behind.
    public var volatile: RedisEmitter { with { $0.flags.isVolatile = true } }
    /// Whether the event may be compressed.
    public func compress(_ isCompressed: Bool) -> RedisEmitter { with { $0.flags.compress = isCompressed } }

    // MARK: Acting

    /// - Throws: an error if Redis was not reached. Servers that are away miss the event, and no error reports that.
    public func emit(_ event: String, _ arguments: any JSONWritable...) async throws {
        let packet = ClusterPacket(payload: ClusterPayload(EventPacket(event, arguments)), namespace: namespace)
        let message = ClassicBroadcast(sender: "emitter", packet: packet, target: target)
        try await publish(message.encoded(), on: channels.broadcast(to: target))
    }

    public func socketsJoin(_ rooms: String...) async throws { try await request(.join(target, rooms: rooms)) }
    public func socketsLeave(_ rooms: String...) async throws { try await request(.leave(target, rooms: rooms)) }
    public func disconnectSockets(close: Bool = false) async throws { try await request(.disconnect(target, close: close)) }

    /// Sends an event to the servers, where `onServerSide(_:_:)` handles it.
    public func serverSideEmit(_ event: String, _ arguments: any JSONWritable...) async throws {
        try await request(.serverSideEmit(ClusterPayload(EventPacket(event, arguments))), sender: "emitter")
    }

    private func request(_ body: ClassicRequest.Body, sender: String? = nil) async throws {
        try await publish(ClassicRequest(sender: sender, body: body).encoded(), on: channels.request)
    }

    private func publish(_ message: ByteBuffer, on channel: String) async throws {
        _ = try await redis.send(RedisCommand("PUBLISH", .text(channel), .bytes(message)))
    }
}
