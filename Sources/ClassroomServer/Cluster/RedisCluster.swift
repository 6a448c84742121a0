import Classroom
import ClassroomLive
import Logging
import NIOConcurrencyHelpers
import NIOCore
import RedisClient
import RedisCore

/// What the nodes of a classroom share, in Redis. While Redis is away each node goes by what it knows itself.
///
/// | key | what |
/// |---|---|
/// | `chat:messages:ROOM` | sorted set: the recent messages of a room as JSON, by the time they were sent |
/// | `dunlin:rate:KIND:USER` | hash: a token bucket |
/// | `dunlin:code:CODE`, `dunlin:board:SESSION` | hash: the session of a join code, the final board of a session, with a version |
/// | `dunlin:nodes` | sorted set: the nodes, by when they were last heard of |
/// | `dunlin:users:NODE` | sorted set: who is signed in on a node |
final class RedisCluster: ClassroomCluster {
    struct Limits: Sendable {
        /// The most recent messages that a room keeps in Redis, and for how long after the last one.
        var recentMessages = 1_000
        var recentLifetime: Duration = .seconds(24 * 3_600)
        /// How long a request waits for Redis before it goes on without.
        var patience: Duration = .milliseconds(500)
        /// How often a node says that it lives, and how long it counts after that.
        var beatInterval: Duration = .seconds(2)
        var nodeLifetime: Duration = .seconds(10)
        /// Bytes of a value that is kept for other nodes. A larger one is not.
        var maximumKeptBytes = 1 << 20
        /// Users in one command.
        var usersPerCommand = 1_000
    }

    private struct State {
        var users: (@Sendable () -> Set<String>)?
        /// Who is in Redis as this node's users; nil: nobody knows, and the next beat tells it all.
        var known: Set<String>?
        var usersElsewhere = 0
        var timer: RepeatedTask?
        /// A beat is under way.
        var isBeating = false
        var isStopped = false
        /// Takes this node out of Redis after the beat under way, which would put it in again.
        var leave: (@Sendable () -> Void)?
        /// Redis did not answer the last command: nobody waits for the next one.
        var isAway = false
    }

    private let redis: RedisClient
    private let node: String
    private let limits: Limits
    private let logger: Logger
    private let state = NIOLockedValueBox(State())

    /// - Parameter node: this node's name among the others.
    init(_ redis: RedisClient, node: String, limits: Limits = Limits(), logger: Logger) {
        self.redis = redis
        self.node = node
        self.limits = limits
        self.logger = logger
    }

    // MARK: Recent chat

    func keepRecent(roomID: String, message: ByteBuffer, sentAt: UnixMilliseconds, completion: @escaping @Sendable () -> Void) {
        let key = RedisArgument.text("chat:messages:\(roomID)")
        let lifetime = limits.recentLifetime.milliseconds
        let commands = [
            RedisCommand("ZADD", key, .integer(sentAt), .bytes(message)),
            RedisCommand("ZREMRANGEBYRANK", key, 0, .integer(Int64(-limits.recentMessages - 1))),
            RedisCommand("ZREMRANGEBYSCORE", key, "-inf", .integer(sentAt - lifetime)),
            RedisCommand("PEXPIRE", key, .integer(lifetime)),
        ]
        // In the order of the calls as long as Redis answers; while it is away nobody waits.
        let isAway = state.withLockedValue(\.isAway)
        let finish = patiently { (_: Result<[RESPValue], RedisError>?) in if !isAway { completion() } }
        redis.send(commands) { finish($0) }
        if isAway { completion() }
    }

    /// A completion for what is sent to Redis. It is called with nil when the patience is over. The command itself keeps its own, longer time:
    /// one that runs out ends the connection.
    private func patiently<Value: Sendable>(
        _ completion: @escaping @Sendable (Result<Value, RedisError>?) -> Void
    ) -> @Sendable (Result<Value, RedisError>) -> Void {
        let waiting = NIOLockedValueBox<(@Sendable (Result<Value, RedisError>?) -> Void)?>(completion)
        let take: @Sendable () -> (@Sendable (Result<Value, RedisError>?) -> Void)? = {
            waiting.withLockedValue { waiting in
                defer { waiting = nil }
                return waiting
            }
        }
        let timer = redis.eventLoop.scheduleTask(in: TimeAmount(limits.patience)) {
            guard let completion = take() else { return }
            self.note(isAway: true)
            completion(nil)
        }
        return { result in
            timer.cancel()
            // An error that Redis answers is an answer.
            if case .failure(let error) = result, error.reply == nil { self.note(isAway: true) } else { self.note(isAway: false) }
            take()?(result)
        }
    }

    /// Told once, and again when it is back.
    private func note(isAway: Bool) {
        let hasChanged = state.withLockedValue { state in
            defer { state.isAway = isAway }
            return state.isAway != isAway
        }
        guard hasChanged else { return }
        if isAway { logger.warning("Redis does not answer: this node goes by what it knows itself") } else { logger.info("Redis answers") }
    }

    // MARK: Rates

    func take(_ bucket: SharedBucket, completion: @escaping @Sendable (Int?) -> Void) {
        if state.withLockedValue(\.isAway) { return completion(nil) }
        let keys: [RedisArgument] = [.text("dunlin:rate:\(bucket.name)")]
        let arguments: [RedisArgument] = [
            .integer(Int64(bucket.rule.capacity) * 1_000_000), .integer(Int64((bucket.rule.refillPerSecond * 1_000).rounded())),
        ]
        run(RedisScripts.take, keys, arguments) { result in
            let wait = (try? result?.get())?.integer ?? 0
            completion(wait > 0 ? Int(clamping: wait) : nil)
        }
    }

    /// By its name, and by its text if Redis does not know it.
    private func run(
        _ script: RedisScript, _ keys: [RedisArgument], _ arguments: [RedisArgument],
        completion: @escaping @Sendable (Result<RESPValue, RedisError>?) -> Void
    ) {
        let finish = patiently(completion)
        redis.send(script.bySHA1(keys: keys, arguments: arguments)) { result in
            if case .failure(let error) = result, error.reply?.kind == "NOSCRIPT" {
                self.redis.send(script.byText(keys: keys, arguments: arguments)) { finish($0) }
            } else {
                finish(result)
            }
        }
    }

    // MARK: Values for other nodes

    func keep(_ value: SharedValue) {
        guard value.bytes.readableBytes <= limits.maximumKeptBytes, !state.withLockedValue(\.isAway) else { return }
        let arguments: [RedisArgument] = [
            .integer(value.createdAt), .integer(Int64(value.version)), .integer(value.key.lifetimeMs), .bytes(value.bytes),
        ]
        run(RedisScripts.keep, [Self.name(of: value.key)], arguments) { _ in }
    }

    func kept(_ key: SharedKey, completion: @escaping @Sendable (ByteBuffer?) -> Void) {
        if state.withLockedValue(\.isAway) { return completion(nil) }
        let maximum = limits.maximumKeptBytes
        let finish = patiently { (result: Result<RESPValue, RedisError>?) in
            let bytes = (try? result?.get())?.bytes
            completion(bytes.flatMap { $0.readableBytes <= maximum ? $0 : nil })
        }
        redis.send(RedisCommand("HGET", Self.name(of: key), "value")) { finish($0) }
    }

    private static func name(of key: SharedKey) -> RedisArgument { .text("dunlin:\(key.name)") }

    // MARK: Presence

    var usersElsewhere: Int { state.withLockedValue(\.usersElsewhere) }

    func start(users: @escaping @Sendable () -> Set<String>) {
        state.withLockedValue { $0.users = users }
        let timer = redis.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: TimeAmount(limits.beatInterval)) { _ in self.beat() }
        state.withLockedValue { $0.timer = timer }
    }

    func stop() async {
        await withCheckedContinuation { continuation in
            // Beats start on this loop too, so that none starts in the middle.
            redis.eventLoop.execute {
                let leave: @Sendable () -> Void = {
                    let finish = self.patiently { (_: Result<[RESPValue], RedisError>?) in continuation.resume() }
                    let commands = [
                        RedisCommand("DEL", .text(self.key(of: self.node))), RedisCommand("ZREM", "dunlin:nodes", .text(self.node)),
                    ]
                    self.redis.send(commands) { finish($0) }
                }
                let isBeating = self.state.withLockedValue { state in
                    state.isStopped = true
                    state.users = nil
                    state.timer?.cancel()
                    if state.isBeating { state.leave = leave }
                    return state.isBeating
                }
                if !isBeating { leave() }
            }
        }
    }

    private func key(of node: String) -> String { "dunlin:users:\(node)" }

    /// Brings Redis up to what this node knows, and counts the users of the others.
    private func beat() {
        let users = state.withLockedValue { $0.isBeating || $0.isStopped ? nil : $0.users }
        guard let present = users?() else { return }
        let known = state.withLockedValue { state in
            defer { state.known = present }
            state.isBeating = true
            return state.known
        }
        let changes = (come: Array(present.subtracting(known ?? [])), gone: Array((known ?? []).subtracting(present)))
        let key = RedisArgument.text(key(of: node))
        if known == nil { send(RedisCommand("DEL", key)) }
        for users in changes.come.chunks(of: limits.usersPerCommand) {
            send(RedisCommand("ZADD", arguments: [key] + users.flatMap { [0, .text($0)] }))
        }
        for users in changes.gone.chunks(of: limits.usersPerCommand) {
            send(RedisCommand("ZREM", arguments: [key] + users.map { .text($0) }))
        }
        let arguments: [RedisArgument] = [.text(self.key(of: "")), .text(node), .integer(limits.nodeLifetime.milliseconds)]
        run(RedisScripts.beat, ["dunlin:nodes", key], arguments) { result in
            let counts = (try? result?.get())?.elements?.compactMap(\.integer) ?? []
            let leave = self.state.withLockedValue { state in
                state.isBeating = false
                // Redis lost something, or was out of reach.
                if counts.count != 2 || counts[0] != present.count { state.known = nil }
                state.usersElsewhere = counts.count == 2 ? Int(clamping: min(max(0, counts[1]), 1 << 53)) : 0
                return state.leave.take()
            }
            leave?()
        }
    }

    private func send(_ command: RedisCommand) {
        redis.send(command) { _ in }
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }
}

extension [String] {
    fileprivate func chunks(of size: Int) -> [ArraySlice<String>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
