import Logging
import NIOConcurrencyHelpers
import NIOCore
import RedisClient
import RedisCore
import SocketIOClusterCore
import SocketIOServer

/// Reads the stream of a server's namespaces, beginning with its end at the start, and passes each entry to the adapter of its namespace.
/// After an interruption it continues behind the last entry that it read.
final class EventStream: Sendable {
    private struct State {
        var adapters: [String: RedisAdapter] = [:]
        /// Called when reading has begun.
        var waiting: [@Sendable () -> Void] = []
        var isReading = false
        var task: Task<Void, Never>?
    }

    let settings: RedisStreamSettings
    private let reader: RedisClient
    private let logger: Logger
    private let state = NIOLockedValueBox(State())

    init(_ reader: RedisClient, _ settings: RedisStreamSettings, logger: Logger) {
        self.reader = reader
        self.settings = settings
        self.logger = logger
    }

    /// - Parameter ready: called once all later entries are sure to be read.
    func add(_ adapter: RedisAdapter, ready: @escaping @Sendable () -> Void) {
        let isReading = state.withLockedValue { state in
            state.adapters[adapter.local.namespace] = adapter
            if !state.isReading { state.waiting.append(ready) }
            if state.task == nil { state.task = Task { await self.read() } }
            return state.isReading
        }
        if isReading { ready() }
    }

    /// The reader ends with the last adapter.
    func remove(_ adapter: RedisAdapter) {
        let task = state.withLockedValue { state -> Task<Void, Never>? in
            if state.adapters[adapter.local.namespace] === adapter { state.adapters[adapter.local.namespace] = nil }
            guard state.adapters.isEmpty else { return nil }
            defer { state = State() }
            return state.task
        }
        task?.cancel()
    }

    private func read() async {
        var position: String?
        while !Task.isCancelled {
            do {
                if let last = position {
                    let entries = try await reader.readStream(
                        settings.streamName, after: last, count: settings.readCount, waiting: settings.blockTime)
                    for entry in entries { hand(entry) }
                    position = entries.last?.id ?? last
                } else {
                    position = try await end()
                    for ready in nowReading() { ready() }
                }
            } catch is CancellationError {
                return
            } catch {
                guard !Task.isCancelled else { return }
                logger.debug("the stream of events cannot be read", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// The last entry's id.
    private func end() async throws -> String {
        let reply = try await reader.send("XREVRANGE", .text(settings.streamName), "+", "-", "COUNT", 1)
        return reply.elements?.first?.elements?.first?.text ?? "0-0"
    }

    private func nowReading() -> [@Sendable () -> Void] {
        state.withLockedValue { state in
            state.isReading = true
            defer { state.waiting = [] }
            return state.waiting
        }
    }

    private func hand(_ entry: RedisStreamEntry) {
        guard let name = entry["nsp"], name.readableBytes <= ClusterLimits.maximumNameBytes else { return }
        let namespace = String(buffer: name)
        state.withLockedValue { $0.adapters[namespace] }?.receive(entry)
    }
}

/// Events from a stream, and sessions that clients resume on any server.
extension RedisAdapter {
    /// An entry of the stream, this server's own among them.
    func receive(_ entry: RedisStreamEntry) {
        do throws(ClusterCodingError) {
            let message = try ClusterMessage(streamEntry: entry, limits: configuration.limits)
            guard message.namespace == local.namespace else { return }
            if message.sender != wire.sender { state.withLockedValue { $0.statistics.received += 1 } }
            guard case .broadcast(let packet, let target, requestID: nil) = message.body else {
                let bytes = entry.fields.reduce(0) { $0 + $1.value.readableBytes }
                return try carryOut(message.body, of: message.sender, bytes: bytes)
            }
            var event = try EventPacket(packet.payload)
            if local.recoveryLimits != nil, !target.flags.isVolatile { event = event.appending(entry.id) }
            local.deliver(event, to: BroadcastOptions(target))
        } catch {
            noteUnreadable(error)
        }
    }

    /// Keeps a session in Redis for as long as its client may be away.
    func keep(_ session: PersistedSession) {
        guard let stream, let lifetime = local.recoveryLimits?.maximumDisconnection else { return }
        let kept = RecoverySession(
            socketID: session.socketID, privateID: session.privateID, rooms: Array(session.rooms.union([session.socketID])),
            data: ClusterPayload(json: JSONSlice(data: session.data)))
        let key = RecoverySession.key(session.privateID, prefix: stream.settings.sessionKeyPrefix)
        let (seconds, attoseconds) = lifetime.components
        let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        send { _ throws(ClusterCodingError) in
            RedisCommand("SET", .text(key), .bytes(try kept.encoded()), "PX", .integer(milliseconds))
        }
    }

    /// Restores a session, once, with the events that its client missed since an entry of the stream.
    func resume(_ privateID: String, offset: String) async throws -> RestoredSession? {
        // A client's text becomes a part of commands.
        guard let stream, let offset = StreamOffset(offset), privateID.utf8.count <= RedisAdapter.maximumPrivateIDBytes else { return nil }
        let settings = stream.settings
        let key = RecoverySession.key(privateID, prefix: settings.sessionKeyPrefix)
        async let text = redis.getAndDelete(key)
        let seen = try await redis.streamRange(settings.streamName, from: offset.text, through: offset.text)
        guard let text = try await text, !seen.isEmpty else { return nil }
        let session = try RecoverySession(decoding: text, limits: configuration.limits)
        var missed: [EventPacket] = []
        var bytes = 0
        var last = offset.text
        while true {
            let entries = try await redis.streamRange(settings.streamName, from: "(\(last)", count: 1_000)
            for entry in entries where entry["nsp"]?.readableBytesView.elementsEqual(local.namespace.utf8) == true {
                guard case .broadcast(let packet, let target, requestID: nil) = try ClusterMessage(streamEntry: entry).body,
                    !target.flags.isVolatile, session.concerns(target)
                else { continue }
                missed.append(try EventPacket(packet.payload).appending(entry.id))
                bytes += packet.payload.json.bytes.readableBytes + packet.payload.attachments.reduce(256) { $0 + $1.readableBytes }
                guard missed.count <= settings.maximumMissedEvents, bytes <= settings.maximumMissedBytes else { return nil }
            }
            guard let end = entries.last?.id, entries.count == 1_000 else { break }
            last = end
        }
        return RestoredSession(
            session: PersistedSession(
                socketID: session.socketID, privateID: session.privateID, rooms: Set(session.rooms), data: session.data.json),
            missed: missed)
    }

    private static let maximumPrivateIDBytes = 64
}
