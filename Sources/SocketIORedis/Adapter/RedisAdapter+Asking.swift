import NIOConcurrencyHelpers
import NIOCore
import RedisClient
import RedisCore
import SocketIOClusterCore
public import SocketIOServer

/// Requests to the other servers. If a server dies after it was counted, a request takes its whole time-out.
extension RedisAdapter {
    public func serverCount() async throws -> Int {
        let reply = try await redis.send(wire.serverCount, timeout: nil)
        guard let count = reply.elements?.last?.integer else { throw RedisError(.unexpectedReply, "PUBSUB") }
        return Int(clamping: max(0, count))
    }

    public func fetchSockets(_ options: BroadcastOptions) async throws -> [SocketDescription] {
        let own = try await local.fetchSockets(options)
        if options.flags.isLocal { return own }
        let id = newRequestID()
        let answers = try await ask(.fetchSockets(ClusterTarget(options), requestID: id), id, timeout: options.flags.timeout)
        var sockets = own
        for case .socketsFetched(let others, _) in answers {
            for other in others { sockets.append(try SocketDescription(clusterJSON: other)) }
        }
        return sockets
    }

    public func sockets(in rooms: [String]) async throws -> Set<String> {
        Set(try await fetchSockets(BroadcastOptions(rooms: rooms)).map(\.id))
    }

    public func serverSideEmit(_ packet: EventPacket) {
        send { wire throws(ClusterCodingError) in try wire.publication(of: .serverSideEmit(ClusterPayload(packet), requestID: nil)) }
    }

    /// - Returns: for each server an array with the one argument that travels between servers.
    public func serverSideEmitWithAck(_ packet: EventPacket, timeout: Duration) async throws -> [JSONSlice] {
        let id = newRequestID()
        let answers = try await ask(.serverSideEmit(ClusterPayload(packet), requestID: id), id, timeout: timeout)
        return answers.compactMap { answer in
            guard case .serverSideEmitAnswered(let payload, _) = answer else { return nil }
            var writer = JSONWriter()
            writer.array { $0.raw(payload.json) }
            return JSONSlice(unchecked: writer.buffer)
        }
    }

    /// Asks all other servers, and waits for the answers of all.
    private func ask(_ body: ClusterMessage.Body, _ id: String, timeout: Duration?) async throws -> [ClusterMessage.Body] {
        let others = try await serverCount() - 1
        guard others > 0 else { return [] }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                begin(body, id, others, timeout ?? configuration.requestTimeout, continuation)
                // A cancellation that came before the request had no effect.
                if Task.isCancelled { end(id) { _, _ in CancellationError() } }
            }
        } onCancel: {
            end(id) { _, _ in CancellationError() }
        }
    }

    private func begin(
        _ body: ClusterMessage.Body, _ id: String, _ expected: Int, _ timeout: Duration,
        _ continuation: CheckedContinuation<[ClusterMessage.Body], any Error>
    ) {
        let timer = redis.eventLoop.scheduleTask(in: TimeAmount(timeout)) {
            self.end(id) { received, expected in RedisAdapterError.timedOut(received, of: expected) }
        }
        let refusal = state.withLockedValue { state -> RedisAdapterError? in
            if state.isClosed { return .closed }
            guard state.requests.begin(id, expecting: expected) else { return .tooManyRequests }
            state.waiters[id] = Waiter(continuation: continuation, timer: timer)
            return nil
        }
        if let refusal {
            timer.cancel()
            return continuation.resume(throwing: refusal)
        }
        send { wire throws(ClusterCodingError) in try wire.publication(of: body) }
    }

    /// A request ends without all answers.
    private func end(_ id: String, _ error: (_ received: Int, _ expected: Int) -> any Error) {
        let (waiter, counts) = state.withLockedValue { ($0.waiters.removeValue(forKey: id), $0.requests.cancel(id)) }
        waiter?.timer.cancel()
        waiter?.continuation.resume(throwing: error(counts?.received ?? 0, counts?.expected ?? 0))
    }

    func receive(answer: ClusterMessage.Body, to id: String, bytes: Int) {
        let (waiter, outcome) = state.withLockedValue { state in
            let outcome = state.requests.receive(answer, bytes: bytes, for: id)
            return (outcome == .waiting || outcome == .unknown ? nil : state.waiters.removeValue(forKey: id), outcome)
        }
        waiter?.timer.cancel()
        switch outcome {
        case .waiting, .unknown: break
        case .complete(let answers): waiter?.continuation.resume(returning: answers)
        case .tooLarge: waiter?.continuation.resume(throwing: RedisAdapterError.answersTooLarge)
        }
    }
}
