import EngineIOCore
import NIOCore
import SocketIOCore
import WebSocketCore

/// A session's side of one WebSocket: bytes in, packets to the session. Lives on the session's loop, which may be another one than the
/// channel's.
final class WebSocketTransport: TurnTaker {
    /// The role of a WebSocket in its session.
    enum Role {
        /// The session's transport.
        case primary
        /// It asked to take over from polling.
        case probe
        /// It has no role: it was not accepted, or was given up.
        case none
    }

    let link: any FrameLink
    private let connection: EngineConnection
    /// The agreed compression. Nil if messages are not compressed.
    private let compressed: TransportCompression?
    var compression: ConnectionCompression? { compressed?.messages }
    /// Nil while it is in use for decoding.
    private var decoder: WebSocketDecoder?
    /// Bytes of an incomplete frame, or of packets that the connection has not taken yet.
    private var partial = ByteBuffer()
    /// Kept by the connection.
    var role = Role.none
    /// Counts complete messages while a deadline for a fragmented one is set.
    private var messages: UInt32 = 0
    private var messagesAtDeadline: UInt32?
    private var isClosed = false
    /// Whether a close waits until the client has taken all frames, as long as it takes some.
    var closesPatiently = false
    /// Whether the connection's turn is over, so that it continues in a later one. Meanwhile its channel does not read.
    private var isPaused = false
    private var holdsReading = false
    /// Whether the channel ended while packets wait; they are taken first.
    private var endsWithError: Bool?

    init(connection: EngineConnection, link: any FrameLink, compression: TransportCompression? = nil) {
        compressed = compression
        self.connection = connection
        self.link = link
        let maximum = connection.shard.configuration.maximumHTTPBufferBytes
        decoder = WebSocketDecoder(
            role: .server, extensions: compression == nil ? [] : .rsv1, limits: WebSocketLimits(maximumMessageBytes: maximum))
    }

    /// One chunk as it was read. Call ``readComplete()`` after the last chunk of a batch.
    func receive(_ bytes: ByteBuffer) {
        guard !isClosed else { return }
        if isPaused || partial.readableBytes > 0 {
            partial.writeImmutableBuffer(bytes)
            if !isPaused { decodePartial() }
        } else {
            var input = bytes
            decode(&input)
            if input.readableBytes > 0, !isClosed {
                // A copy: the received buffer goes back to the channel's pool.
                var copy = ByteBuffer()
                copy.writeImmutableBuffer(input)
                partial = copy
            }
        }
    }

    /// Returns a receive buffer. If somebody still holds it, it is not reused.
    func giveBack(_ bytes: ByteBuffer) { connection.shard.receiveBuffers.give(bytes) }

    func readComplete() {
        guard !isPaused else { return }
        connection.shard.turn.end()
        batchEnded()
    }

    private func batchEnded() {
        connection.shard.batchEnded()
        if messagesAtDeadline == nil, decoder?.isWithinMessage == true { armMessageDeadline() }
    }

    // MARK: Turns

    /// Whether the turn is over.
    @inline(__always)
    private func isTurnOver(_ budget: inout TurnBudget) -> Bool {
        isHeld || (budget.needsTime && budget.isSpent(at: connection.shard.clock()))
    }

    @inline(__always)
    var isHeld: Bool { connection.isHeld }

    private func pause() {
        isPaused = true
        if !holdsReading { link.holdReading(true) }
        holdsReading = true
        connection.shard.pause(self)
    }

    /// The next turn of a connection that was paused.
    func takeTurn() {
        guard !isClosed else { return }
        isPaused = false
        connection.shard.turn.end()
        decodePartial()
        batchEnded()
        guard !isPaused, !isClosed else { return }
        connection.shard.turn.end()
        if let endsWithError { return inactive(error: endsWithError) }
        holdsReading = false
        link.holdReading(false)
    }

    /// As ``FrameLink/askUnread(_:)``, with the packets that wait for the connection's next turn.
    func askUnread(_ body: @escaping @Sendable (Bool) -> Void) -> Bool? { isPaused ? true : link.askUnread(body) }

    private func armMessageDeadline() {
        guard !isClosed, role == .primary else { return }
        messagesAtDeadline = messages
        connection.shard.arm(.message, connection)
    }

    /// The deadline of a fragmented message has come. It counts if no other message was completed meanwhile.
    func messageDue() {
        let before = messagesAtDeadline
        messagesAtDeadline = nil
        guard !isClosed, decoder?.isWithinMessage == true else { return }
        guard messages == before else { return armMessageDeadline() }
        connection.shard.counters.protocolErrors.add()
        close(code: .policyViolation)
        lost(.transportError)
    }

    /// The channel can take more.
    func becameWritable() {
        guard role == .primary else { return }
        connection.shard.unread.remove(connection.slot)
        connection.shard.markDirty(connection)
    }

    /// The client does not take the bytes that wait in the channel.
    func stalled() {
        guard !isClosed else { return }
        if role == .primary { connection.closeSlowClient() } else { connection.abandonProbe() }
    }

    /// The channel is closed, or the peer sends no more.
    func inactive(error: Bool) {
        guard !isClosed else { return }
        if isPaused {
            endsWithError = error
            return
        }
        isClosed = true
        lost(error ? .transportError : .transportClose)
    }

    /// Whether the link takes frames. Before a patient close it takes all of them, since the session ends and keeps none.
    var takesFrames: Bool { closesPatiently || link.isWritable }

    /// Sends a message past the session's queue, on a WebSocket that is not the transport.
    func send(_ opcode: WebSocketOpcode, _ payload: ByteBuffer) {
        var buffer = connection.shard.takeSpare()
        WebSocketEncoder.write(opcode: opcode, payload: payload, into: &buffer)
        link.write(buffer)
        connection.shard.recycle(buffer)
    }

    /// - Parameter peerIsDone: this answers the peer's close frame.
    func close(code: WebSocketCloseCode?, peerIsDone: Bool = false) {
        guard !isClosed else { return }
        // Answers of this batch leave before the close frame.
        if role == .primary, !connection.isDoomed { connection.flush() }
        isClosed = true
        partial = ByteBuffer()
        if takesFrames {
            var buffer = ByteBuffer()
            WebSocketEncoder.writeClose(code: code, reason: "", into: &buffer)
            link.write(buffer)
        }
        link.close(peerIsDone ? .afterPeer : closesPatiently ? .patiently : .gently)
    }

    /// Writes the waiting frames now.
    func flush() { connection.flush() }

    /// The server ends: tells the client to reconnect (1012).
    func shutDown() { connection.close(.serverShuttingDown, code: .serviceRestart) }

    // MARK: Decoding

    private func decodePartial() {
        var input = partial
        partial = ByteBuffer()
        decode(&input)
        guard input.readableBytes > 0, !isClosed else { return }
        partial = input
        partial.discardReadBytes()
    }

    private func decode(_ input: inout ByteBuffer) {
        let shard = connection.shard
        // All are moved out of their properties for the whole batch: an access to a class's property across a call is checked at run time.
        guard var decoder = self.decoder.take() else { return }
        var budget = shard.turn.budget(of: self, shard.maximumTurn)
        var scratch = ByteBuffer()
        swap(&scratch, &shard.scratch)
        let outer = shard.takenFrom
        shard.takenFrom = connection
        defer {
            shard.takenFrom = outer
            self.decoder = decoder
            shard.turn.goesOn(self, budget)
            if scratch.capacity <= 1 << 14 { shard.scratch = scratch }
        }
        do throws(WebSocketProtocolError) {
            while !isClosed {
                takeWholeTexts(&input, decoder, &budget)
                guard !isClosed, !isPaused else { break }
                if input.readableBytes > 0, isTurnOver(&budget) {
                    pause()
                    break
                }
                guard let event = try decoder.next(&input, scratch: &scratch) else { break }
                budget.step()
                try handle(event)
            }
        } catch {
            guard !isClosed else { return }
            shard.counters.protocolErrors.add()
            close(code: error.closeCode == .messageTooBig ? .messageTooBig : nil)
            lost(.transportError)
        }
    }

    /// The hot path: decodes all short messages with one access to the input, each into a packet object. An object that nobody kept is
    /// reused.
    private func takeWholeTexts(_ input: inout ByteBuffer, _ decoder: WebSocketDecoder, _ budget: inout TurnBudget) {
        guard role == .primary else { return }
        var packet = connection.shard.takePacket()
        let consumed = input.withUnsafeReadableBytes { bytes in
            var position = 0
            while !isClosed, let text = decoder.wholeText(in: bytes, at: position) {
                if isTurnOver(&budget) {
                    pause()
                    break
                }
                budget.step()
                if text.count > packet.capacity || !isKnownUniquelyReferenced(&packet) {
                    packet = ReceivedPacket(capacity: max(text.count, LoopShard.packetCapacity))
                }
                guard text.unmask(from: bytes, to: packet.bytes) else { break }
                packet.contents.pointee.count = text.count
                position = text.end
                messages &+= 1
                connection.receive(packet)
            }
            return position
        }
        input.moveReaderIndex(forwardBy: consumed)
        connection.shard.recycle(packet)
    }

    @inline(__always)
    private func handle(_ event: consuming WebSocketEvent) throws(WebSocketProtocolError) {
        switch event {
        case .text(let text):
            messages &+= 1
            switch role {
            case .primary: connection.receive(text: text)
            case .probe: connection.receiveProbe(text: text, from: self)
            case .none: break
            }
        case .binary(let bytes):
            messages &+= 1
            switch role {
            case .primary: connection.receive(binary: WebSocketTransport.compact(bytes))
            case .probe: connection.abandonProbe()
            case .none: break
            }
        case .ping(let payload): pong(payload)
        case .pong: break
        case .extended(let opcode, _, let bytes): try inflate(bytes, opcode)
        case .close(let code, _):
            close(code: code, peerIsDone: true)
            lost(.transportClose)
        }
    }

    /// Binary messages may be kept, and count by their bytes. The decoder's buffer may be much larger, if it held a longer message before.
    private static func compact(_ bytes: ByteBuffer) -> ByteBuffer {
        bytes.storageCapacity <= 2 * bytes.readableBytes + 1_024 ? bytes : ByteBuffer(bytes: bytes.readableBytesView)
    }

    /// Takes a compressed message, text or binary. The limit of messages applies to its decompressed size.
    private func inflate(_ bytes: ByteBuffer, _ opcode: WebSocketOpcode) throws(WebSocketProtocolError) {
        // Without an agreement the decoder refuses compressed messages.
        guard let compression else { return }
        let message = try compression.inflate(
            bytes, of: opcode, maximumBytes: connection.shard.configuration.maximumHTTPBufferBytes)
        try handle(opcode == .text ? .text(message) : .binary(message))
    }

    private func pong(_ payload: ByteBuffer) {
        switch role {
        case .primary: connection.write(opcode: .pong, payload)
        case .probe:
            guard link.isWritable else { return connection.abandonProbe() }
            var buffer = ByteBuffer()
            WebSocketEncoder.write(opcode: .pong, payload: payload, into: &buffer)
            link.write(buffer)
        case .none: break
        }
    }

    /// The session gives up a WebSocket that had not taken over yet.
    private func lost(_ reason: EngineCloseReason) {
        switch role {
        case .primary: connection.close(reason)
        case .probe: connection.abandonProbe()
        case .none: break
        }
    }
}
