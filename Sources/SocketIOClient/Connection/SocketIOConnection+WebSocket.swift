import EngineIOCore
import NIOCore
import SocketIOCore
import WebSocketCore

/// Input from the WebSocket that is the transport, and from the one that probes.
extension SocketIOConnection: WebSocketOwner {
    func openWebSocket(sid: String?) -> WebSocketClientHandler<SocketIOConnection> {
        let target = sid.map { plan.configuration.target(.websocket, sid: $0) } ?? plan.webSocketTarget
        let handler = WebSocketClientHandler(connection: self, handshake: plan.handshake(target: target, nonce: loop.nextNonce()))
        let bound = NIOLoopBound(handler, eventLoop: loop.eventLoop)
        channels += 1
        let connected = ClientChannel.connect(plan, on: loop.eventLoop) { channel in
            try channel.pipeline.syncOperations.addHandler(bound.value)
        }
        // `assumeIsolated()` stops the process off the loop: the future is of that loop, and this is called on it.
        connected.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel):
                channel.closeFuture.assumeIsolated().whenComplete { _ in self.channelClosed() }
                // The connection was closed while it was being opened.
                if self.webSocket !== handler, self.probe !== handler { channel.close(promise: nil) }
            case .failure(let error):
                self.webSocketEnded(handler, .connectFailed("\(error)"))
                self.channelClosed()
            }
        }
        return handler
    }

    /// Whether bytes of the server have arrived over the transport that were not read.
    var hasUnread: Bool { webSocket?.hasUnread ?? polling?.hasUnread ?? false }

    func reached(_ milestone: ConnectionMilestone) {
        guard !engine.isOpen else { return }
        delegate?.connection(self, reached: milestone)
    }

    func webSocketOpened(_ handler: WebSocketClientHandler<SocketIOConnection>) {
        guard handler === probe else { return }
        guard engine.webSocketOpened() else { return abandonProbe() }
        var packet = ByteBuffer()
        packet.writeInteger(EnginePacketType.ping.rawValue)
        packet.writeStaticString("probe")
        handler.send(opcode: .text, packet)
    }

    /// A text message that nobody else holds: the hot path.
    func receive(_ message: ReceivedPacket, from handler: WebSocketClientHandler<SocketIOConnection>) {
        guard handler === webSocket else { return receiveProbe(message, from: handler) }
        beginReading()
        let type = message.packetType
        if type == .open, !engine.isOpen {
            return receiveOpen(message.withText { ByteBuffer(bytes: $0.dropFirst()) })
        }
        switch engine.receive(type, now: loop.now) {
        case .deliver: receiveMessage(message, at: 1)
        case .pong:
            if let deadline = engine.heartbeatDeadline { arm(deadline) }
            send { buffer in
                buffer.writeInteger(EnginePacketType.pong.rawValue)
                _ = message.withText { buffer.writeBytes($0.dropFirst()) }
            }
        case .close(.parseError): violation("an unexpected Engine.IO packet")
        case .close(let reason): end(reason, nil)
        case .ignore, .probed, .abandonWebSocket: break
        }
    }

    func receive(binary: ByteBuffer, from handler: WebSocketClientHandler<SocketIOConnection>) {
        guard handler === webSocket else { return abandonProbe() }
        guard engine.isOpen else { return violation("a binary message before the open packet") }
        beginReading()
        receiveAttachment(binary)
    }

    private func receiveProbe(_ message: ReceivedPacket, from handler: WebSocketClientHandler<SocketIOConnection>) {
        guard handler === probe else { return }
        let isProbe = message.withText { $0.dropFirst().elementsEqual("probe".utf8) }
        switch engine.receiveProbe(message.packetType, isProbe: isProbe) {
        case .probed: completeUpgrade()
        default: abandonProbe()
        }
    }

    /// The WebSocket takes over once no request is under way.
    func completeUpgrade() {
        guard let probe, engine.completeUpgrade() else { return }
        webSocket = probe
        self.probe = nil
        var packet = ByteBuffer()
        packet.writeInteger(EnginePacketType.upgrade.rawValue)
        probe.send(opcode: .text, packet)
        let waiting = polling?.takeQueue() ?? []
        polling.take()?.close()
        for packet in waiting {
            switch packet {
            case .text(let text): probe.send(opcode: .text, text)
            case .binary(let bytes): probe.send(opcode: .binary, bytes)
            }
        }
        delegate?.connectionUpgraded(self)
    }

    func abandonProbe() {
        engine.abandonUpgrade()
        probe.take()?.close()
        polling?.proceed()
    }

    /// The WebSocket has ended, or could not be opened.
    func webSocketEnded(_ handler: WebSocketClientHandler<SocketIOConnection>, _ error: SocketIOClientError?) {
        if handler === probe { return abandonProbe() }
        guard handler === webSocket else { return }
        readCompleted()
        webSocket = nil
        if case .protocolViolation = error { return end(.parseError, error) }
        end(error == nil ? .transportClose : .transportError, error)
    }
}

extension ReceivedPacket {
    /// Nil if the text is empty or begins with no packet type.
    @inline(__always)
    fileprivate var packetType: EnginePacketType? { withText { $0.first.flatMap(EnginePacketType.init(rawValue:)) } }
}
