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
            polling.queue(.text(buffer))
        }
        checkQueue()
    }

    /// Sends a Socket.IO packet that `body` writes.
    @inline(__always)
    func sendMessage(_ body: (inout ByteBuffer) -> Void) {
        guard isOpen else { return }
        shard.settleLocalMail()
        shard.counters.packetsSent.add()
        sendControl { buffer in
            buffer.writeInteger(EnginePacketType.message.rawValue)
            body(&buffer)
        }
    }

    /// Sends a packet that others get too.
    func send(_ packet: EncodedPacket, isVolatile: Bool) {
        guard isOpen, !isDoomed else { return }
        if isVolatile, isBehind {
            shard.counters.volatileDropped.add()
            return
        }
        shard.counters.packetsSent.add()
        if isWebSocket {
            pending.append(shared: packet.frame)
        } else {
            polling.queue(.text(packet.text))
        }
        if packet.attachments.isEmpty { checkQueue() } else { send(attachments: packet.attachments) }
    }

    /// Sends the binary messages that belong to the packet before.
    func send(attachments: [ByteBuffer]) {
        guard isOpen, !attachments.isEmpty else { return }
        for attachment in attachments where !isDoomed {
            if isWebSocket {
                collect { WebSocketEncoder.write(opcode: .binary, payload: attachment, into: &$0) }
            } else {
                polling.queue(.binary(attachment))
            }
        }
        // Once for the packet, which counts as one.
        if !isDoomed { checkQueue() }
    }

    /// Whether earlier packets still wait for the client.
    private var isBehind: Bool {
        if !isWebSocket { return !polling.hasWaitingGET }
        return webSocket.map { !$0.link.isWritable } ?? true
    }

    @inline(__always)
    private func collect(_ body: (inout ByteBuffer) -> Void) {
        var buffer = pending.take(shard)
        body(&buffer)
        pending.put(buffer)
    }

    /// Answers with arguments as they were received: one copy of their text, no value parsed.
    @inline(__always)
    func acknowledge(_ id: UInt64, with arguments: Arguments) {
        guard isOpen, !isDoomed else { return }
        guard isWebSocket, arguments.attachments.isEmpty else {
            sendMessage { buffer in
                SocketIOEncoder.ack(id: id, namespace: "/", attachments: arguments.attachments.count, into: &buffer) { $0.raw(arguments) }
            }
            return send(attachments: arguments.attachments)
        }
        shard.settleLocalMail()
        shard.counters.packetsSent.add()
        checkQueue(waiting: pending.acknowledge(id, with: arguments.packet.arguments, shard))
    }

    /// Queues a frame of its own: a pong, or binary.
    func write(opcode: WebSocketOpcode, _ payload: ByteBuffer) {
        guard !isDoomed else { return }
        collect { WebSocketEncoder.write(opcode: opcode, payload: payload, into: &$0) }
        checkQueue()
    }

    /// Past the limit the client is closed, and nothing more is kept for it.
    private func checkQueue() { checkQueue(waiting: isWebSocket ? pending.count : polling.queuedBytes) }

    @inline(__always)
    private func checkQueue(waiting: Int) {
        if waiting > shard.maximumQueuedBytes >> 4, isTooMuch(waiting) {
            isDoomed = true
            pending.discard()
            polling.discard()
            shard.doom(self)
            return
        }
        shard.markDirty(self)
    }

    /// Whether a client that reads could not have taken it yet. What its transport takes now does not wait; a packet that nothing else
    /// waits before may be larger than the limit.
    private func isTooMuch(_ waiting: Int) -> Bool {
        let maximum = shard.maximumQueuedBytes
        guard isWebSocket, let link = webSocket?.link else { return waiting > maximum && polling.count > 1 }
        guard waiting + link.bufferedBytes > maximum else { return false }
        guard link.isWritable else { return true }
        flush()
        return false
    }

    /// Hands everything that waits to the transport: one write.
    func flush() {
        isDirty = false
        guard isWebSocket else { return flushPolling() }
        guard pending.count > 0, let link = webSocket?.link, link.isWritable else { return }
        let (frames, isReusable) = pending.takeAll()
        link.write(frames)
        if isReusable { shard.recycle(frames) }
    }
}
