import EngineIOCore
import NIOCore
import WebSocketCore

extension EngineConnection {
    /// Sends an Engine.IO text packet that `body` writes, type character included.
    func sendControl(_ body: (inout ByteBuffer) -> Void) {
        guard !isDoomed else { return }
        if session.transport == .websocket {
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
        guard !session.isClosed else { return }
        shard.settleLocalMail()
        shard.counters.packetsSent.add()
        sendControl { buffer in
            buffer.writeInteger(EnginePacketType.message.rawValue)
            body(&buffer)
        }
    }

    /// Sends a packet that others get too.
    func send(_ packet: EncodedPacket, isVolatile: Bool) {
        guard !session.isClosed, !isDoomed else { return }
        if isVolatile, isBehind {
            shard.counters.volatileDropped.add()
            return
        }
        shard.counters.packetsSent.add()
        if session.transport == .websocket {
            if pending.readableBytes == 0 {
                pending = packet.frame
                isPendingShared = true
            } else {
                pending.writeImmutableBuffer(packet.frame)
                isPendingShared = false
            }
        } else {
            polling.queue(.text(packet.text))
        }
        if packet.attachments.isEmpty { checkQueue() } else { send(attachments: packet.attachments) }
    }

    /// Sends the binary messages that belong to the packet before.
    func send(attachments: [ByteBuffer]) {
        guard !session.isClosed else { return }
        for attachment in attachments where !isDoomed {
            if session.transport == .websocket {
                write(opcode: .binary, attachment)
            } else {
                polling.queue(.binary(attachment))
                checkQueue()
            }
        }
    }

    /// Whether earlier packets still wait for the client.
    private var isBehind: Bool {
        if session.transport == .polling { return !polling.hasWaitingGET }
        return webSocket.map { !$0.link.isWritable } ?? true
    }

    private func collect(_ body: (inout ByteBuffer) -> Void) {
        // Out of the property while `body` runs: what it calls may come back here.
        var buffer = pending
        pending = ByteBuffer()
        if buffer.readableBytes == 0, buffer.capacity == 0 || isPendingShared { buffer = shard.takeSpare() }
        isPendingShared = false
        body(&buffer)
        pending = buffer
    }

    /// Queues a frame of its own: a pong, or binary.
    func write(opcode: WebSocketOpcode, _ payload: ByteBuffer) {
        guard !isDoomed else { return }
        collect { WebSocketEncoder.write(opcode: opcode, payload: payload, into: &$0) }
        checkQueue()
    }

    /// Past the limit the client is closed, and nothing more is kept for it.
    private func checkQueue() {
        let maximum = shard.maximumQueuedBytes
        let waiting = session.transport == .websocket ? pending.readableBytes : polling.queuedBytes
        if waiting > maximum >> 4, waiting + (webSocket?.link.bufferedBytes ?? 0) > maximum {
            isDoomed = true
            pending = ByteBuffer()
            polling.discard()
            shard.doom(self)
            return
        }
        shard.markDirty(self)
    }

    /// Hands everything that waits to the transport: one write.
    func flush() {
        isDirty = false
        guard session.transport == .websocket else { return flushPolling() }
        guard pending.readableBytes > 0, let link = webSocket?.link, link.isWritable else { return }
        let frames = pending
        pending = ByteBuffer()
        link.write(frames)
        if !isPendingShared { shard.recycle(frames) }
    }

    func flushPolling() {
        polling.flush(maximumBytes: shard.io.configuration.maximumHTTPBufferBytes)
    }
}
