import DequeModule
import EngineIOCore
import NIOCore
import SocketIOCore

extension EngineConnection {
    /// A GET. Returns the answer when packets wait; nil: it waits, and `responder` gives it when one comes.
    func poll(_ responder: EngineResponder) -> EngineResponse? {
        guard let polling else { return .refused(.badRequest) }
        if !polling.hasWaitingGET, !polling.isEmpty {
            return .payload(polling.takePayload(maximumBytes: shard.configuration.maximumHTTPBufferBytes))
        }
        if polling.isClosing {
            shard.remove(self)
            return .payload(PollingState.payload(of: [.noop, .close]))
        }
        if polling.hasWaitingGET {
            // Two GETs at once: the client is confused, and neither can be trusted with the packets.
            close(.transportError)
            return .refused(.badRequest)
        }
        // The client has taken over once it is seen probing: its GET is not held back then.
        if session.upgrade == .probed { return .payload(PollingState.payload(of: [.noop])) }
        polling.wait(responder)
        return nil
    }

    /// The client gave up its GET, which waits here unless it was answered meanwhile.
    func pollAborted(by asker: ObjectIdentifier) {
        if polling?.isWaiting(asker) == true { close(.transportError) }
    }

    /// A POST's whole body: its packets are taken in order, up to the first that is none. Of many packets a turn takes some; nil: the rest
    /// follows, and `responder` answers.
    func post(_ body: ByteBuffer, _ responder: EngineResponder) -> EngineResponse? {
        guard let polling else { return .refused(.badRequest) }
        guard !polling.isClosing else { return .accepted }
        guard polling.post == nil else {
            // Two POSTs at once: nobody can tell whose packets come first.
            close(.transportError)
            return .refused(.badRequest)
        }
        let maximum = shard.configuration.maximumPacketsPerPayload
        guard PollingPayload.holds(atMost: maximum, body) else { return refusePost() }
        polling.post = PollingPost(packets: PollingPayload.Reader(body), responder: responder)
        return takePackets()
    }

    private func takePackets() -> EngineResponse? {
        // Out of the property: what a packet does may come back here.
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

    /// A message goes the way of a WebSocket's texts. It gets memory of its own, since a slice would keep the whole body for as long as
    /// somebody keeps its arguments; an object that nobody kept is used again, so that a small packet costs no allocation.
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

    /// A body that Engine.IO does not know how to read (`application/octet-stream`): the session dies.
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
        if !polling.isEmpty { armFetchDeadline() }
    }

    func releasePoll(with types: EnginePacketType) {
        let answer = polling?.release(with: types)
        answer?.give()
    }

    /// Packets wait: their client has to fetch some in time. One deadline at a time.
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
