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
    /// The namespaces of the pings whose answers are awaited, by number.
    private var pings: [UInt64: String] = [:]
    private var lastPing: UInt64 = 0

    init(configuration: TestClientConfiguration, inboxes: TestClientInboxes) {
        self.configuration = configuration
        self.inboxes = [configuration.namespace: inboxes]
        decoder = WebSocketDecoder(role: .client, limits: configuration.limits)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        var query = "EIO=4&transport=websocket"
        for (name, value) in configuration.query { query += "&\(name)=\(value)" }
        var generator = SystemRandomNumberGenerator()
        let handshake = WebSocketClientHandshake(
            target: "\(configuration.path)?\(query)", host: "\(configuration.host):\(configuration.port)",
            nonce: (generator.next(), generator.next()), fields: configuration.headers)
        self.handshake = handshake
        var request = ByteBuffer()
        do {
            try handshake.write(into: &request)
            context.writeAndFlush(wrapOutboundOut(request), promise: nil)
        } catch {
            fail("\(error)", context)
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var received = unwrapInboundIn(data)
        if input.readableBytes == 0 { input = received } else { input.writeBuffer(&received) }
        if handshake != nil, !upgrade(context, isAtEnd: false) { return }
        do throws(WebSocketProtocolError) {
            while let event = try decoder.next(&input, scratch: &scratch) { receive(event, context) }
        } catch {
            fail("\(error)", context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if handshake != nil { _ = upgrade(context, isAtEnd: true) }
        for inboxes in self.inboxes.values { inboxes.close(closure) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// - Returns: Whether what is left of the input are frames.
    private func upgrade(_ context: ChannelHandlerContext, isAtEnd: Bool) -> Bool {
        do throws(WebSocketHandshakeError) {
            guard try handshake?.receive(&input, isAtEnd: isAtEnd) != nil else { return false }
            handshake = nil
            return true
        } catch {
            switch error {
            case .refused(let status, let body): failAll(.upgradeRefused(status: status, body: body))
            case .connectionClosed: break
            default: failAll(.protocolViolation("\(error)"))
            }
            context.close(promise: nil)
            return false
        }
    }

    private func receive(_ event: WebSocketEvent, _ context: ChannelHandlerContext) {
        switch event {
        case .text(let text): receive(text, context)
        case .binary(let binary):
            // A copy: the decoder's buffer is used again.
            let attachment = ByteBuffer(bytes: binary.readableBytesView)
            receive(context) { session throws(SocketIOProtocolError) in try session.receive(binary: attachment) }
        case .ping(let payload): send(.pong, payload, context)
        case .pong(let payload): receivePong(payload)
        case .extended: break
        case .close(let code, let reason):
            closure = TestClientClosure(code: code?.rawValue, reason: String(buffer: reason), hasCloseFrame: true)
            var payload = ByteBuffer()
            if let code { payload.writeInteger(code.rawValue) }
            send(.close, payload, context)
            context.close(promise: nil)
        }
    }

    /// An Engine.IO packet.
    private func receive(_ packet: ByteBuffer, _ context: ChannelHandlerContext) {
        var text = packet
        let type = text.readInteger(as: UInt8.self).flatMap(EnginePacketType.init)
        if type == .open, !engine.isOpen {
            guard let packet = OpenPacket(json: text) else { return fail("no open packet", context) }
            _ = engine.open(packet, now: .zero)
            return join(context)
        }
        // Tests keep the time themselves: no heartbeat is waited for.
        switch engine.receive(type, now: .zero) {
        case .deliver: receive(context) { session throws(SocketIOProtocolError) in try session.receive(text) }
        case .pong: if configuration.answersPings { self.send(.text, ByteBuffer(string: "3"), context) }
        case .close(.parseError): fail("an unexpected Engine.IO packet", context)
        case .ignore, .close, .probed, .abandonWebSocket: break
        }
    }

    /// Joins one more namespace.
    ///
    /// - Returns: false: the connection has ended, or the namespace is joined.
    func join(_ namespace: String, auth: JSONSlice?, _ inboxes: TestClientInboxes) -> Bool {
        var connect = ByteBuffer(string: "4")
        guard let context, engine.isOpen, session.join(namespace, auth: auth, into: &connect) else { return false }
        self.inboxes[namespace] = inboxes
        send(.text, connect, context)
        return true
    }

    /// Leaves a namespace. The connection and its other namespaces stay.
    func leave(_ namespace: String) {
        var packet = ByteBuffer(string: "4")
        guard let context, session.leave(namespace, into: &packet) != nil else { return }
        send(.text, packet, context)
    }

    private func join(_ context: ChannelHandlerContext) {
        var connect = ByteBuffer(string: "4")
        // The machine counts as joining either way: a test that says nothing may send a CONNECT by hand.
        guard session.join(configuration.namespace, auth: configuration.auth, into: &connect) else { return }
        guard configuration.joinsNamespace else {
            inboxes[configuration.namespace]?.joins.deliver("")
            return
        }
        send(.text, connect, context)
    }

    private func receive(
        _ context: ChannelHandlerContext,
        _ body: (inout SocketIOClientSession) throws(SocketIOProtocolError) -> SocketIOClientSession.Reception
    ) {
        do throws(SocketIOProtocolError) {
            deliver(try body(&session))
        } catch {
            fail("\(error)", context)
        }
    }

    private func deliver(_ reception: SocketIOClientSession.Reception) {
        switch reception {
        case .joined(let namespace, let sid, _): inboxes[namespace]?.joins.deliver(sid)
        case .refused(let namespace, let message, let data):
            inboxes[namespace]?.fail(.connectRefused(message: message, data: data))
        case .event(let arguments, let namespace):
            inboxes[namespace]?.events.deliver(
                TestEvent(name: arguments.name, arguments: arguments, id: arguments.acknowledgementID))
        case .acknowledgement(let id, let arguments, let namespace):
            inboxes[namespace]?.acknowledgements.deliver(.init(id: id, arguments: arguments))
        case .left(let namespace, _):
            inboxes[namespace]?.disconnects.deliver(true)
            inboxes[namespace]?.fail(.disconnected)
        case .incomplete, .ignored: break
        }
    }

    /// What somebody waits for now, in all namespaces.
    var waits: [String] { inboxes.values.flatMap(\.waits) }

    /// Pings the server. It answers behind what it has sent before.
    ///
    /// - Returns: the number that its answer will be known by.
    func ping(for namespace: String) -> UInt64 {
        lastPing += 1
        pings[lastPing] = namespace
        if let context { send(.ping, ByteBuffer(integer: lastPing), context) }
        return lastPing
    }

    /// A pong that a test asked for with a frame of its own is nobody's.
    private func receivePong(_ payload: ByteBuffer) {
        guard let number = payload.getInteger(at: payload.readerIndex, as: UInt64.self), let namespace = pings.removeValue(forKey: number)
        else { return }
        inboxes[namespace]?.pongs.deliver(number)
    }

    /// The id of an event that asks for an acknowledgement.
    func makeID(in namespace: String) -> UInt64? { self.session.makeID(in: namespace) }

    private func send(_ opcode: WebSocketOpcode, _ payload: ByteBuffer, _ context: ChannelHandlerContext) {
        var frame = ByteBuffer()
        WebSocketEncoder.write(opcode: opcode, payload: payload, mask: 0x5A17_C0DE, into: &frame)
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }

    private func fail(_ violation: String, _ context: ChannelHandlerContext) {
        failAll(.protocolViolation(violation))
        context.close(promise: nil)
    }

    private func failAll(_ error: TestClientError) {
        for inboxes in self.inboxes.values { inboxes.fail(error) }
    }
}
