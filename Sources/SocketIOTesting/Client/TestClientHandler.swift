import EngineIOCore
import NIOCore
import SocketIOClient
import SocketIOCore
import WebSocketCore

/// The client's end of the connection: the upgrade, then frames, Engine.IO packets and Socket.IO packets.
final class TestClientHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let configuration: TestClientConfiguration
    /// By namespace.
    private var inboxes: [String: TestClientInboxes]
    private var context: ChannelHandlerContext?
    /// Until the connection is a WebSocket.
    private var handshake: WebSocketClientHandshake?
    private var input = ByteBuffer()
    private var scratch = ByteBuffer()
    private var decoder: WebSocketDecoder
    private var engine = EngineClientSession(transports: .webSocket)
    private var session = SocketIOClientSession(
        limits: .init(
            maximumPendingAcknowledgements: .max, packets: SocketIOLimits(maximumAttachments: 1_000, maximumAttachmentBytes: .max)))
    private var closure = TestClientClosure()

    init(configuration: TestClientConfiguration, inboxes: TestClientInboxes) {
        self.configuration = configuration
        self.inboxes = [configuration.namespace: inboxes]
        self.decoder = WebSocketDecoder(role: .client, limits: configuration.limits)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        var query = "EIO=4&transport=websocket"
        for (name, value) in self.configuration.query { query += "&\(name)=\(value)" }
        var generator = SystemRandomNumberGenerator()
        let handshake = WebSocketClientHandshake(
            target: "\(self.configuration.path)?\(query)", host: "\(self.configuration.host):\(self.configuration.port)",
            nonce: (generator.next(), generator.next()), fields: self.configuration.headers)
        self.handshake = handshake
        var request = ByteBuffer()
        do {
            try handshake.write(into: &request)
            context.writeAndFlush(self.wrapOutboundOut(request), promise: nil)
        } catch {
            self.fail("\(error)", context)
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var received = self.unwrapInboundIn(data)
        if self.input.readableBytes == 0 { self.input = received } else { self.input.writeBuffer(&received) }
        if self.handshake != nil, !self.upgrade(context, isAtEnd: false) { return }
        do throws(WebSocketProtocolError) {
            while let event = try self.decoder.next(&self.input, scratch: &self.scratch) { self.receive(event, context) }
        } catch {
            self.fail("\(error)", context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if self.handshake != nil { _ = self.upgrade(context, isAtEnd: true) }
        for inboxes in self.inboxes.values { inboxes.close(self.closure) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// - Returns: Whether what is left of the input are frames.
    private func upgrade(_ context: ChannelHandlerContext, isAtEnd: Bool) -> Bool {
        do throws(WebSocketHandshakeError) {
            guard try self.handshake?.receive(&self.input, isAtEnd: isAtEnd) != nil else { return false }
            self.handshake = nil
            return true
        } catch {
            switch error {
            case .refused(let status, let body): self.failAll(.upgradeRefused(status: status, body: body))
            case .connectionClosed: break
            default: self.failAll(.protocolViolation("\(error)"))
            }
            context.close(promise: nil)
            return false
        }
    }

    private func receive(_ event: WebSocketEvent, _ context: ChannelHandlerContext) {
        switch event {
        case .text(let text): self.receive(text, context)
        case .binary(let binary):
            // A copy: the decoder's buffer is used again.
            let attachment = ByteBuffer(bytes: binary.readableBytesView)
            self.receive(context) { session throws(SocketIOProtocolError) in try session.receive(binary: attachment) }
        case .ping(let payload): self.send(.pong, payload, context)
        case .pong, .extended: break
        case .close(let code, let reason):
            self.closure = TestClientClosure(code: code?.rawValue, reason: String(buffer: reason), hasCloseFrame: true)
            var payload = ByteBuffer()
            if let code { payload.writeInteger(code.rawValue) }
            self.send(.close, payload, context)
            context.close(promise: nil)
        }
    }

    /// An Engine.IO packet.
    private func receive(_ packet: ByteBuffer, _ context: ChannelHandlerContext) {
        var text = packet
        let type = text.readInteger(as: UInt8.self).flatMap(EnginePacketType.init)
        if type == .open, !self.engine.isOpen {
            guard let packet = OpenPacket(json: text) else { return self.fail("no open packet", context) }
            _ = self.engine.open(packet, now: .zero)
            return self.join(context)
        }
        // Tests keep the time themselves: no heartbeat is waited for.
        switch self.engine.receive(type, now: .zero) {
        case .deliver: self.receive(context) { session throws(SocketIOProtocolError) in try session.receive(text) }
        case .pong: if self.configuration.answersPings { self.send(.text, ByteBuffer(string: "3"), context) }
        case .close(.parseError): self.fail("an unexpected Engine.IO packet", context)
        case .ignore, .close, .probed, .abandonWebSocket: break
        }
    }

    /// Joins one more namespace.
    ///
    /// - Returns: false: the connection has ended, or the namespace is joined.
    func join(_ namespace: String, auth: JSONSlice?, _ inboxes: TestClientInboxes) -> Bool {
        var connect = ByteBuffer(string: "4")
        guard let context, self.engine.isOpen, self.session.join(namespace, auth: auth, into: &connect) else { return false }
        self.inboxes[namespace] = inboxes
        self.send(.text, connect, context)
        return true
    }

    /// Leaves a namespace. The connection and its other namespaces stay.
    func leave(_ namespace: String) {
        var packet = ByteBuffer(string: "4")
        guard let context, self.session.leave(namespace, into: &packet) != nil else { return }
        self.send(.text, packet, context)
    }

    private func join(_ context: ChannelHandlerContext) {
        var connect = ByteBuffer(string: "4")
        // The machine counts as joining either way: a test that says nothing may send a CONNECT by hand.
        guard self.session.join(self.configuration.namespace, auth: self.configuration.auth, into: &connect) else { return }
        guard self.configuration.joinsNamespace else {
            self.inboxes[self.configuration.namespace]?.joins.deliver("")
            return
        }
        self.send(.text, connect, context)
    }

    private func receive(
        _ context: ChannelHandlerContext,
        _ body: (inout SocketIOClientSession) throws(SocketIOProtocolError) -> SocketIOClientSession.Reception
    ) {
        do throws(SocketIOProtocolError) {
            self.deliver(try body(&self.session))
        } catch {
            self.fail("\(error)", context)
        }
    }

    private func deliver(_ reception: SocketIOClientSession.Reception) {
        switch reception {
        case .joined(let namespace, let sid, _): self.inboxes[namespace]?.joins.deliver(sid)
        case .refused(let namespace, let message, let data):
            self.inboxes[namespace]?.fail(.connectRefused(message: message, data: data))
        case .event(let arguments, let namespace):
            self.inboxes[namespace]?.events.deliver(
                TestEvent(name: arguments.name, arguments: arguments, id: arguments.acknowledgementID))
        case .acknowledgement(let id, let arguments, let namespace):
            self.inboxes[namespace]?.acknowledgements.deliver(.init(id: id, arguments: arguments))
        case .left(let namespace, _):
            self.inboxes[namespace]?.disconnects.deliver(true)
            self.inboxes[namespace]?.fail(.disconnected)
        case .incomplete, .ignored: break
        }
    }

    /// The id of an event that asks for an acknowledgement.
    func makeID(in namespace: String) -> UInt64? { self.session.makeID(in: namespace) }

    private func send(_ opcode: WebSocketOpcode, _ payload: ByteBuffer, _ context: ChannelHandlerContext) {
        var frame = ByteBuffer()
        WebSocketEncoder.write(opcode: opcode, payload: payload, mask: 0x5A17_C0DE, into: &frame)
        context.writeAndFlush(self.wrapOutboundOut(frame), promise: nil)
    }

    private func fail(_ violation: String, _ context: ChannelHandlerContext) {
        self.failAll(.protocolViolation(violation))
        context.close(promise: nil)
    }

    private func failAll(_ error: TestClientError) {
        for inboxes in self.inboxes.values { inboxes.fail(error) }
    }
}
