import EngineIOCore
import NIOCore
import SocketIOCore
import WebSocketCore

extension EngineConnection {
    /// Sends an Engine.IO text packet that `body` writes, type character included.
    func sendControl(_ body: (inout ByteBuffer) -> Void) {
        guard !isDoomed else { return }
        if isWebSocket {
            collect { WebSocketEncoder.writeFrame(opcode: .text, into: &$0, body) }
        } else {
            var buffer = ByteBuffer()
            body(&buffer)
            if isOpen, !isDoomed { polling?.queue(.text(buffer)) }
        }
        checkQueue()
    }

    /// Sends a Socket.IO packet that `body` writes. Call ``LoopShard/settleLocalMail()`` before, if it must stay behind this loop's
    /// earlier broadcasts.
    @inline(__always)
    func sendMessage(_ body: (inout ByteBuffer) -> Void) {
        guard isOpen else { return }
        shard.counters.packetsSent.add()
        sendControl { buffer in
            buffer.writeInteger(EnginePacketType.message.rawValue)
            body(&buffer)
        }
    }

    /// Queues a packet that other connections get too. It makes no calls, since the members of a broadcast may be being visited.
    ///
    /// - Parameter forms: the packet's compressed forms. Nil if it is not compressed.
    func send(_ packet: EncodedPacket, isVolatile: Bool, compressed forms: CompressedForms? = nil) {
        guard isOpen, !isDoomed else { return }
        if isVolatile, isBehind {
            shard.counters.volatileDropped.add()
            return
        }
        shard.counters.packetsSent.add()
        if isWebSocket {
            if let forms, let compression = webSocket?.compression {
                pending.append(shared: forms.frames(of: packet, for: compression))
                return checkQueue()
            }
            pending.append(shared: packet.frame)
        } else {
            polling?.queue(.text(packet.text), mayCompress: packet.mayCompress, isShared: true)
        }
        if packet.attachments.isEmpty { checkQueue() } else { send(attachments: packet.attachments, mayCompress: packet.mayCompress) }
    }

    /// Sends the binary messages that belong to the packet before.
    func send(attachments: [ByteBuffer], mayCompress: Bool = true) {
        guard isOpen, !attachments.isEmpty else { return }
        for attachment in attachments where !isDoomed {
            if isWebSocket {
                collect(mayCompress: mayCompress) { WebSocketEncoder.write(opcode: .binary, payload: attachment, into: &$0) }
            } else {
                polling?.queue(.binary(attachment), mayCompress: mayCompress)
            }
        }
        // Checked once, since the packet counts as one.
        if !isDoomed { checkQueue() }
    }

    /// Whether earlier packets still wait for the client.
    private var isBehind: Bool {
        if !isWebSocket { return polling?.hasWaitingGET == false }
        return webSocket.map { !$0.link.isWritable } ?? true
    }

    @inline(__always)
    private func collect(mayCompress: Bool = true, _ body: (inout ByteBuffer) -> Void) {
        var buffer = shard.takeSpare()
        // The application's code may write the values, and it may emit or close the connection meanwhile. Those events come first.
        body(&buffer)
        guard isOpen, !isDoomed else { return shard.recycle(buffer) }
        if mayCompress, buffer.readableBytes >= shard.compressionThreshold { webSocket?.compression?.replace(&buffer) }
        if pending.append(buffer) { shard.recycle(buffer) }
    }

    /// Sends a message of a known length, header and all written in one go: the hot path. This loop's mail must be settled.
    ///
    /// - Parameter body: writes exactly that many bytes to the beginning of what it gets, and calls nobody.
    @inline(__always)
    func sendMessage(byteCount: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
        guard isOpen, !isDoomed else { return }
        shard.counters.packetsSent.add()
        // One byte more for the packet's type.
        guard isWebSocket, byteCount < shard.compressionThreshold - 1 else { return sendSlowly(byteCount: byteCount, body) }
        checkQueue(waiting: pending.appendMessage(byteCount: byteCount, shard, body))
    }

    /// The same over polling, or when the message may be compressed.
    private func sendSlowly(byteCount: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
        var buffer = ByteBuffer()
        buffer.writeInteger(EnginePacketType.message.rawValue)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: byteCount) { target in
            body(target)
            return byteCount
        }
        if isWebSocket { return write(opcode: .text, buffer) }
        polling?.queue(.text(buffer))
        checkQueue()
    }

    /// Queues a frame of its own: a pong, or binary.
    func write(opcode: WebSocketOpcode, _ payload: ByteBuffer) {
        guard !isDoomed else { return }
        collect { WebSocketEncoder.write(opcode: opcode, payload: payload, into: &$0) }
        checkQueue()
    }

    /// Beyond the limit the client is closed, and nothing more is queued for it.
    private func checkQueue() { checkQueue(waiting: isWebSocket ? pending.count : polling?.queuedBytes ?? 0) }

    @inline(__always)
    private func checkQueue(waiting: Int) {
        guard !isDoomed else { return }
        if waiting > shard.maximumQueuedBytes >> 4 {
            switch queueState(waiting) {
            case .fits: break
            case .unoffered:
                // While members of a broadcast are visited nothing is written.
                if shard.isVisiting { shard.overdue.append(self) } else { flush() }
            case .notRead: return giveUp()
            }
            countUnread()
            guard !isDoomed else { return }
        }
        shard.markDirty(self)
    }

    /// The client does not read: nothing more is queued for it, and it will be closed.
    private func giveUp() {
        isDoomed = true
        pending.discard()
        polling?.discard()
        shard.unread.remove(slot)
        shard.doom(self)
    }

    /// Counts what waits in memory for a client that is behind.
    private func countUnread() {
        guard isBehind else { return }
        let bytes = isWebSocket ? pending.ownBytes : polling?.ownBytes ?? 0
        if let longest = shard.unread.wait(slot, bytes: bytes) { shard.connections[longest]?.giveUp() }
    }

    /// Counts frames that the transport has got and the kernel has not taken. `bytes`: memory that no other connection shares.
    private func countWritten(_ bytes: Int, _ link: any FrameLink) {
        guard !link.isWritable else { return shard.unread.remove(slot) }
        if let longest = shard.unread.write(slot, bytes: bytes) { shard.connections[longest]?.giveUp() }
    }

    private enum QueueState {
        /// The queue is within its limit.
        case fits
        /// The queue is over its limit, and the transport has not been asked to take it.
        case unoffered
        /// The queue is longer than a reading client could have drained.
        case notRead
    }

    /// A single packet may exceed the limit if the queue is otherwise empty.
    private func queueState(_ waiting: Int) -> QueueState {
        let maximum = shard.maximumQueuedBytes
        guard isWebSocket, let link = webSocket?.link else {
            return waiting > maximum && polling.map { $0.count > 1 } == true ? .notRead : .fits
        }
        guard waiting + link.bufferedBytes > maximum else { return .fits }
        return link.isWritable ? .unoffered : .notRead
    }

    /// Called after a broadcast's visit if this connection's queue went over the limit.
    func flushOverdue() {
        if isOpen, !isDoomed { flush() }
    }

    /// Passes all waiting packets to the transport in one write.
    func flush() {
        assert(!shard.isVisiting, "a broadcast's members are being visited")
        isDirty = false
        guard isWebSocket else { return flushPolling() }
        guard pending.count > 0, let webSocket, webSocket.takesFrames else { return }
        let link = webSocket.link
        let bytes = pending.count > shard.maximumQueuedBytes >> 4 ? pending.ownBytes : 0
        let (frames, isReusable) = pending.takeAll()
        link.write(frames)
        if bytes > 0 || !shard.unread.isEmpty { countWritten(bytes, link) }
        if isReusable { shard.recycle(frames) }
    }
}
