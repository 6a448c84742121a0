import EngineIOCore
import NIOCore
import SocketIOCore
import WebSocketCore

/// Input from the WebSocket that is the transport, and from the one that probes.
extension SocketIOConnection: WebSocketOwner {
    func openWebSocket(sid: String?) -> WebSocketClientHandler<SocketIOConnection> {
        let configuration = self.plan.configuration
        let handler = WebSocketClientHandler(
            connection: self,
            handshake: WebSocketClientHandshake(
                target: configuration.target(.websocket, sid: sid), host: configuration.url.hostField, nonce: self.loop.nextNonce(),
                subprotocols: configuration.subprotocols, fields: configuration.headers, deflate: configuration.perMessageDeflate?.wish))
        let bound = NIOLoopBound(handler, eventLoop: self.loop.eventLoop)
        self.channels += 1
        let connected = ClientChannel.connect(self.plan, on: self.loop.eventLoop) { channel in
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

    func reached(_ milestone: ConnectionMilestone) {
        guard !self.engine.isOpen else { return }
        self.delegate?.connection(self, reached: milestone)
    }

    func webSocketOpened(_ handler: WebSocketClientHandler<SocketIOConnection>) {
        guard handler === self.probe else { return }
        guard self.engine.webSocketOpened() else { return self.abandonProbe() }
        var packet = ByteBuffer()
        packet.writeInteger(EnginePacketType.ping.rawValue)
        packet.writeStaticString("probe")
        handler.send(opcode: .text, packet)
    }

    /// A text message that nobody else holds: the hot path.
    func receive(_ message: ReceivedPacket, from handler: WebSocketClientHandler<SocketIOConnection>) {
        guard handler === self.webSocket else { return self.receiveProbe(message, from: handler) }
        self.beginReading()
        let type = message.text.isEmpty ? nil : EnginePacketType(rawValue: message.text[0])
        if type == .open, !self.engine.isOpen {
            return self.receiveOpen(ByteBuffer(bytes: message.text.dropFirst()))
        }
        switch self.engine.receive(type, now: self.loop.now) {
        case .deliver: self.receiveMessage(message, at: 1)
        case .pong:
            if let deadline = self.engine.heartbeatDeadline { self.arm(deadline) }
            self.send { buffer in
                buffer.writeInteger(EnginePacketType.pong.rawValue)
                buffer.writeBytes(message.text.dropFirst())
            }
        case .close(.parseError): self.violation("an unexpected Engine.IO packet")
        case .close(let reason): self.end(reason, nil)
        case .ignore, .probed, .abandonWebSocket: break
        }
    }

    func receive(binary: ByteBuffer, from handler: WebSocketClientHandler<SocketIOConnection>) {
        guard handler === self.webSocket else { return self.abandonProbe() }
        guard self.engine.isOpen else { return self.violation("a binary message before the open packet") }
        self.beginReading()
        self.receiveAttachment(binary)
    }

    private func receiveProbe(_ message: ReceivedPacket, from handler: WebSocketClientHandler<SocketIOConnection>) {
        guard handler === self.probe else { return }
        let type = message.text.isEmpty ? nil : EnginePacketType(rawValue: message.text[0])
        switch self.engine.receiveProbe(type, isProbe: message.text.dropFirst().elementsEqual("probe".utf8)) {
        case .probed: self.completeUpgrade()
        default: self.abandonProbe()
        }
    }

    /// The WebSocket takes over once no request is under way.
    func completeUpgrade() {
        guard let probe, self.engine.completeUpgrade() else { return }
        self.webSocket = probe
        self.probe = nil
        var packet = ByteBuffer()
        packet.writeInteger(EnginePacketType.upgrade.rawValue)
        probe.send(opcode: .text, packet)
        let waiting = self.polling?.takeQueue() ?? []
        self.polling.take()?.close()
        for packet in waiting {
            switch packet {
            case .text(let text): probe.send(opcode: .text, text)
            case .binary(let bytes): probe.send(opcode: .binary, bytes)
            }
        }
        self.delegate?.connectionUpgraded(self)
    }

    func abandonProbe() {
        self.engine.abandonUpgrade()
        self.probe.take()?.close()
        self.polling?.proceed()
    }

    /// The WebSocket has ended, or could not be opened.
    func webSocketEnded(_ handler: WebSocketClientHandler<SocketIOConnection>, _ error: SocketIOClientError?) {
        if handler === self.probe { return self.abandonProbe() }
        guard handler === self.webSocket else { return }
        self.readCompleted()
        self.webSocket = nil
        if case .protocolViolation = error { return self.end(.parseError, error) }
        self.end(error == nil ? .transportClose : .transportError, error)
    }
}
