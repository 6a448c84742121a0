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
        /// The last entry that was passed on.
        var position: StreamOffset?
        /// An entry is being passed on.
        var isHanding = false
        /// Called when it has been.
        var turns: [@Sendable (StreamOffset?) -> Void] = []
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
            let task = state.task
            (state.waiting, state.isReading, state.task, state.position) = ([], false, nil, nil)
            return task
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
                    let end = try await end()
                    position = end
                    reached(end)
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
        guard let name = entry["nsp"], name.readableBytes <= ClusterLimits.maximumNameBytes else { return reached(entry.id) }
        let namespace = String(buffer: name)
        let adapter = state.withLockedValue { state in
            state.isHanding = true
            return state.adapters[namespace]
        }
        adapter?.receive(entry)
        reached(entry.id)
    }

    private func reached(_ id: String) {
        state.withLockedValue { state in
            state.isHanding = false
            state.position = StreamOffset(id)
            for turn in state.turns { turn(state.position) }
            state.turns = []
        }
    }

    var position: StreamOffset? { state.withLockedValue { $0.position } }

    /// Calls `body` between two entries, with the last one that was passed on: now, or as soon as the present one has been.
    ///
    /// - Parameter body: must not call this stream: no entry is passed on meanwhile.
    func betweenEntries(_ body: @escaping @Sendable (StreamOffset?) -> Void) {
        state.withLockedValue { state in
            if state.isHanding { state.turns.append(body) } else { body(state.position) }
        }
    }
}

/// Events from a stream.
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
}
