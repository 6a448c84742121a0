import DequeModule
import EngineIOCore
import NIOCore
import SocketIOCore

extension EngineConnection {
    /// Takes a GET. Returns the answer if packets wait. Otherwise returns nil; `responder` answers when a packet comes.
    func poll(_ responder: EngineResponder) -> EngineResponse? {
        guard let polling else { return .refused(.badRequest) }
        if !polling.hasWaitingGET, !polling.isEmpty {
            let payload = polling.takePayload(maximumBytes: shard.configuration.maximumHTTPBufferBytes)
            countFetched(polling)
            return .payload(payload)
        }
        if polling.isClosing {
            abandonProbe()
            shard.remove(self)
            return .payload(PollingState.payload(of: [.noop, .close]))
        }
        if polling.hasWaitingGET {
            // Two GETs at once: the client is faulty, and either may lose the packets.
            close(.transportError)
            return .refused(.badRequest)
        }
        // While the client probes, its GET is not held back.
        if session.upgrade == .probed { return .payload(PollingState.payload(of: [.noop])) }
        polling.wait(responder)
        return nil
    }

    /// A request that comes while a WebSocket asks to take over: what the client sent over that one before counts first, though the request
    /// may have overtaken it on another event loop.
    ///
    /// - Parameter body: decides about the request then.
    /// - Returns: False: nothing was overtaken.
    func isOvertaking(_ asker: ObjectIdentifier, then body: @escaping @Sendable (LoopShard) -> Void) -> Bool {
        guard let probe, let polling else { return false }
        let shard = shard.handle.shard
        let isSettled = probe.link.settle { [sid] in
            let polling = shard.value.sessions[sid]?.polling
            polling?.overtaking.remove(asker)
            body(shard.value)
        }
        if !isSettled { polling.overtaking.insert(asker) }
        return !isSettled
    }

    /// The client abandoned its GET, which waits here unless it was answered meanwhile.
    func pollAborted(by asker: ObjectIdentifier) {
        guard let polling else { return }
        if polling.isWaiting(asker) || polling.overtaking.contains(asker) { close(.transportError) }
    }

    /// Takes a POST's whole body: its packets in order, up to the first invalid one. If there are many, the rest follows in later turns;
    /// the result is nil then, and `responder` answers.
    func post(_ body: ByteBuffer, _ responder: EngineResponder) -> EngineResponse? {
        guard let polling else { return .refused(.badRequest) }
        guard !polling.isClosing else { return .accepted }
        guard polling.post == nil else {
            // Two POSTs at once have no order.
            close(.transportError)
            return .refused(.badRequest)
        }
        let maximum = shard.configuration.maximumPacketsPerPayload
        guard PollingPayload.holds(atMost: maximum, body) else { return refusePost() }
        polling.post = PollingPost(packets: PollingPayload.Reader(body), responder: responder)
        return takePackets()
    }

    private func takePackets() -> EngineResponse? {
        // Moved out of the property: a packet's handler may call back.
        guard let polling, var current = polling.post else { return nil }
        var budget = TurnBudget(shard.maximumTurn)
        let outer = shard.takenFrom
        shard.takenFrom = self
        var packet = shard.takePacket()
        defer {
            shard.takenFrom = outer
            shard.recycle(packet)
        }
        do throws(PollingPayload.ParseError) {
            while !session.isClosed, !current.packets.isAtEnd {
                if isHeld || (budget.needsTime && budget.isSpent(at: shard.clock())) {
                    polling.post = current
                    shard.pause(self)
                    return nil
                }
                budget.step()
                switch try current.packets.next() {
                case .text(.message, let payload): receive(message: payload, in: &packet)
                case .text(let type, let payload): receive(type, payload: payload)
                case .binary(let bytes): receive(binary: bytes)
                case nil: break
                }
            }
        } catch {
            polling.post = nil
            return refusePost()
        }
        polling.post = nil
        if isDirty { flush() }
        return .accepted
    }

    /// Handles a message like a text of a WebSocket. It is copied, since a slice would keep the whole body alive as long as a handler keeps
    /// its arguments. A packet object that nobody kept is reused, so that a small packet costs no allocation.
    private func receive(message: ByteBuffer, in packet: inout ReceivedPacket) {
        let count = message.readableBytes + 1
        if count > packet.capacity || !isKnownUniquelyReferenced(&packet) {
            packet = ReceivedPacket(capacity: max(count, LoopShard.packetCapacity))
        }
        packet.bytes.storeBytes(of: EnginePacketType.message.rawValue, as: UInt8.self)
        message.withUnsafeReadableBytes {
            UnsafeMutableRawBufferPointer(start: packet.bytes + 1, count: packet.capacity - 1).copyMemory(from: $0)
        }
        packet.contents.pointee.count = count
        receive(packet)
    }

    /// The next turn of a POST that was paused.
    func takeTurn() {
        guard let responder = polling?.post?.responder, let response = takePackets() else { return }
        responder.answer(response)
    }

    private func refusePost() -> EngineResponse {
        shard.counters.protocolErrors.add()
        close(.parseError)
        return .refused(.badRequest)
    }

    /// Takes a body that Engine.IO does not support (`application/octet-stream`): the session is closed.
    func postUnreadable() -> EngineResponse {
        shard.counters.protocolErrors.add()
        close(.transportError)
        return .refused(.badRequest)
    }

    // MARK: Answers

    func flushPolling() {
        guard let polling else { return }
        let answer = polling.flush(maximumBytes: shard.configuration.maximumHTTPBufferBytes)
        answer?.give()
        countFetched(polling)
        if !polling.isEmpty { armFetchDeadline() }
    }

    private func countFetched(_ polling: PollingState) {
        if !shard.unread.isEmpty, polling.queuedBytes <= shard.maximumQueuedBytes >> 4 { shard.unread.remove(slot) }
    }

    func releasePoll(with types: EnginePacketType) {
        let answer = polling?.release(with: types)
        answer?.give()
    }

    /// Packets wait: the client must fetch some in time. There is at most one such deadline.
    private func armFetchDeadline() {
        guard let polling, polling.fetchesAtDeadline == nil, !isWebSocket, !session.isClosed else { return }
        polling.fetchesAtDeadline = polling.fetches
        shard.arm(.fetch, self)
    }

    func fetchDue() {
        guard let polling else { return }
        let before = polling.fetchesAtDeadline
        polling.fetchesAtDeadline = nil
        guard !isWebSocket, !session.isClosed, !polling.isEmpty else { return }
        guard polling.fetches == before else { return armFetchDeadline() }
        closeSlowClient()
    }
}

/// A POST whose packets are being taken.
struct PollingPost {
    var packets: PollingPayload.Reader
    let responder: EngineResponder
}
