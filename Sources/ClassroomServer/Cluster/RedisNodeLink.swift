import ClassroomLive
import NIOConcurrencyHelpers
import NIOCore
import RedisClient
import RedisCore

/// The nodes' way to each other through Redis: a channel for each node, and one for all. It shares the connection of the Socket.IO adapter, so
/// that what a node answers and what its sessions broadcast come in their order.
final class RedisNodeLink: NodeLink {
    private struct State {
        var subscribers: [RedisSubscriber] = []
        /// Channels that are heard.
        var established: Set<String> = []
    }

    let node: String
    private let redis: RedisClient
    private let prefix: String
    private let state = NIOLockedValueBox(State())

    /// - Parameter database: channels belong to no database: classrooms in two databases of one Redis must not hear each other.
    init(_ redis: RedisClient, node: String, database: Int) {
        self.redis = redis
        self.node = node
        prefix = database == 0 ? "dunlin:node:" : "dunlin:\(database):node:"
    }

    private var all: String { prefix + "*" }

    var isEstablished: Bool { state.withLockedValue { $0.established.count == 2 } }

    func listen(_ handler: @escaping @Sendable (ByteBuffer) -> Void) {
        let subscribers = [prefix + node, all].map { channel in
            redis.subscribe(to: .channel(channel)) { [weak self] event in
                switch event {
                case .established: self?.state.withLockedValue { _ = $0.established.insert(channel) }
                case .interrupted, .failed: self?.state.withLockedValue { _ = $0.established.remove(channel) }
                case .message(_, let payload): handler(payload)
                }
            }
        }
        state.withLockedValue { $0.subscribers = subscribers }
    }

    func send(_ message: ByteBuffer, to node: String, completion: @escaping @Sendable (Bool) -> Void) {
        redis.send(RedisCommand("PUBLISH", .text(prefix + node), .bytes(message))) { result in
            completion(((try? result.get())?.integer ?? 0) > 0)
        }
    }

    func sendToAll(_ message: ByteBuffer) { redis.send(RedisCommand("PUBLISH", .text(all), .bytes(message))) { _ in } }

    func close() {
        let subscribers = state.withLockedValue { state in
            defer { state.subscribers = [] }
            return state.subscribers
        }
        for subscriber in subscribers { redis.cancel(subscriber) }
    }
}
