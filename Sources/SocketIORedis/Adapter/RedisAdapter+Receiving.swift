import Logging
import NIOConcurrencyHelpers
import NIOCore
import RedisClient
import RedisCore
import SocketIOClusterCore
import SocketIOServer

/// Messages of other servers. Any client of Redis can publish here: a message that cannot be read, or is beyond the limits, is counted,
/// logged once in a while, and ignored. Runs on the Redis client's event loop.
extension RedisAdapter {
    func heard(_ event: RedisSubscriptionEvent, of subscription: RedisSubscription) {
        switch event {
        case .established: break
        case .message(let channel, let payload): receive(payload, on: channel)
        case .interrupted:
            logger.debug("other servers are not heard", metadata: ["namespace": "\(local.namespace)"])
        case .failed(let error):
            logger.error(
                "Redis refuses a subscription: other servers are not heard",
                metadata: ["namespace": "\(local.namespace)", "error": "\(error)"])
        }
    }

    func receive(_ payload: ByteBuffer, on channel: String) {
        do throws(ClusterCodingError) {
            let input = try wire.read(channel: channel, payload, limits: configuration.limits, hasRoom: mayHave)
            guard let input else { return }
            state.withLockedValue { $0.statistics.received += 1 }
            switch input {
            case .message(let body, let sender): try carryOut(body, of: sender, bytes: payload.readableBytes)
            case .socketIDsWanted(let rooms, let id, let sender): answerSocketIDs(in: rooms, id, to: sender)
            case .roomsWanted(let id, let sender): answerRooms(id, to: sender)
            }
        } catch {
            noteUnreadable(error)
        }
    }

    func noteUnreadable(_ error: ClusterCodingError) {
        let now = RedisAdapter.uptime
        let count = state.withLockedValue { state in
            state.statistics.refused += 1
            return state.unreadable.note(at: now)
        }
        guard let count else { return }
        logger.warning(
            "ignoring what cannot be read in Redis",
            metadata: ["messages": "\(count)", "error": "\(error)", "namespace": "\(local.namespace)"])
    }

    /// Whether a socket of this server may be in a room.
    private func mayHave(_ room: String) -> Bool {
        if local.hasRoom(room) { return true }
        return state.withLockedValue { $0.changesUnderWay > 0 || $0.socketIDs.contains(RoomName(room)) }
    }

    func carryOut(_ body: ClusterMessage.Body, of sender: String?, bytes: Int) throws(ClusterCodingError) {
        switch body {
        case .broadcast(let packet, let target, requestID: nil):
            local.broadcast(try EventPacket(packet.payload), to: BroadcastOptions(target))
        case .broadcast(let packet, let target, let id?):
            broadcast(try EventPacket(packet.payload), to: BroadcastOptions(target), answering: id, of: sender)
        case .join(let target, let rooms): changeRooms { $0.addSockets(BroadcastOptions(target), to: rooms) }
        case .leave(let target, let rooms): local.delSockets(BroadcastOptions(target), from: rooms)
        case .disconnect(let target, let close): local.disconnectSockets(BroadcastOptions(target), close: close)
        case .fetchSockets(let target, let id): answerSockets(BroadcastOptions(target), id, to: sender)
        case .serverSideEmit(let payload, let id): receiveServerSideEmit(try EventPacket(payload), answering: id, of: sender)
        case .socketsFetched(_, let id), .serverSideEmitAnswered(_, let id): receive(answer: body, to: id, bytes: bytes)
        case .clientCount(let count, let id): state.withLockedValue { $0.collectors[id] }?.clientCount(count)
        case .acknowledged(let payload, let id):
            let answer = BroadcastAnswer(value: payload.json, attachments: payload.attachments)
            state.withLockedValue { $0.collectors[id] }?.acknowledgement(answer)
        case .initialHeartbeat, .heartbeat, .adapterClose: break
        }
    }

    // MARK: Events

    private func broadcast(_ packet: EventPacket, to options: BroadcastOptions, answering id: String, of sender: String?) {
        let isTaken = state.withLockedValue { state in
            guard state.acknowledgedBroadcasts < configuration.maximumAcknowledgedBroadcasts else { return false }
            state.acknowledgedBroadcasts += 1
            return true
        }
        guard isTaken else { return refuse("too many broadcasts of other servers wait for acknowledgements") }
        var options = options
        let timeout = options.flags.timeout ?? configuration.requestTimeout
        options.flags.timeout = timeout
        redis.eventLoop.scheduleTask(in: TimeAmount(timeout)) {
            self.state.withLockedValue { $0.acknowledgedBroadcasts -= 1 }
        }
        local.broadcastWithAck(packet, to: options) { count in
            self.answer(.clientCount(count, requestID: id), to: sender)
        } acknowledgement: { answer in
            self.answer(.acknowledged(ClusterPayload(json: answer.value, attachments: answer.attachments), requestID: id), to: sender)
        }
    }

    private func receiveServerSideEmit(_ packet: EventPacket, answering id: String?, of sender: String?) {
        guard let id else { return local.receiveServerSideEmit(packet) }
        let isAnswered = NIOLockedValueBox(false)
        local.receiveServerSideEmit(packet) { arguments in
            let isFirst = isAnswered.withLockedValue { isAnswered in
                defer { isAnswered = true }
                return !isAnswered
            }
            guard isFirst else { return }
            // Node's servers expect one argument.
            var writer = JSONWriter()
            if let first = arguments.first { first.write(to: &writer) } else { writer.null() }
            self.answer(.serverSideEmitAnswered(ClusterPayload(json: JSONSlice(unchecked: writer.buffer)), requestID: id), to: sender)
        }
    }

    // MARK: Questions

    private func answerSockets(_ options: BroadcastOptions, _ id: String, to sender: String?) {
        work {
            let sockets = try await self.local.fetchSockets(options)
            self.answer(.socketsFetched(sockets.map(\.clusterJSON), requestID: id), to: sender)
        }
    }

    private func answerSocketIDs(in rooms: [String], _ id: String, to sender: String?) {
        work {
            let sockets = try await self.local.sockets(in: rooms)
            self.answer(.socketsFetched(sockets.map { JSONSlice(text: $0) }, requestID: id), to: sender)
        }
    }

    private func answerRooms(_ id: String, to sender: String?) {
        work {
            let sockets = try await self.local.fetchSockets(BroadcastOptions())
            let rooms = sockets.reduce(into: Set<RoomName>()) { $0.formUnion($1.rooms.map { RoomName($0) }) }
            self.send { wire throws(ClusterCodingError) in
                guard let wire = wire as? ClassicWire else { throw ClusterCodingError(.unknownMessage) }
                return try wire.answer(.rooms(rooms.map(\.text)), to: id, of: sender)
            }
        }
    }

    private func answer(_ body: ClusterMessage.Body, to sender: String?) {
        send { wire throws(ClusterCodingError) in try wire.answer(body, to: sender) }
    }

    /// Answers another server's request, unless too many are under way.
    private func work(_ body: @escaping @Sendable () async throws -> Void) {
        let isTaken = state.withLockedValue { state in
            guard !state.isClosed, state.requestsInWork < configuration.maximumRequestsInWork else { return false }
            state.requestsInWork += 1
            return true
        }
        guard isTaken else { return refuse("too many requests of other servers are in work") }
        Task {
            do { try await body() } catch { self.refuse("a request of another server failed: \(error)") }
            self.state.withLockedValue { $0.requestsInWork -= 1 }
        }
    }

    func refuse(_ reason: String) {
        let now = RedisAdapter.uptime
        let count = state.withLockedValue { state in
            state.statistics.refused += 1
            return state.overload.note(at: now)
        }
        guard let count else { return }
        logger.warning("\(reason)", metadata: ["times": "\(count)", "namespace": "\(local.namespace)"])
    }
}

extension JSONSlice {
    fileprivate init(text: String) {
        var writer = JSONWriter()
        writer.string(text)
        self.init(unchecked: writer.buffer)
    }
}
