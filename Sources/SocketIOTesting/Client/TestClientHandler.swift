import NIOCore
import SocketIOCore
import WebSocketCore

/// The client's end of the connection: the upgrade, then frames, Engine.IO packets and Socket.IO packets.
final class TestClientHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let key = "dGhlIHNhbXBsZSBub25jZQ=="

    private let configuration: TestClientConfiguration
    private let inboxes: TestClientInboxes
    private var isUpgraded = false
    private var input = ByteBuffer()
    private var scratch = ByteBuffer()
    private var decoder: WebSocketDecoder
    private var reassembler = BinaryReassembler(limits: SocketIOLimits(maximumAttachments: 1_000, maximumAttachmentBytes: .max))
    private var closure = TestClientClosure()

    init(configuration: TestClientConfiguration, inboxes: TestClientInboxes) {
        self.configuration = configuration
        self.inboxes = inboxes
        self.decoder = WebSocketDecoder(role: .client, limits: configuration.limits)
    }

    func channelActive(context: ChannelHandlerContext) {
        var query = "EIO=4&transport=websocket"
        for (name, value) in self.configuration.query { query += "&\(name)=\(value)" }
        var head = "GET \(self.configuration.path)?\(query) HTTP/1.1\r\nHost: \(self.configuration.host):\(self.configuration.port)\r\n"
        head += "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \(Self.key)\r\n"
        for (name, value) in self.configuration.headers { head += "\(name): \(value)\r\n" }
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: head + "\r\n")), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var received = self.unwrapInboundIn(data)
        if self.input.readableBytes == 0 { self.input = received } else { self.input.writeBuffer(&received) }
        if !self.isUpgraded, !self.upgrade(context) { return }
        do throws(WebSocketProtocolError) {
            while let event = try self.decoder.next(&self.input, scratch: &self.scratch) { self.receive(event, context) }
        } catch {
            self.fail("\(error)", context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !self.isUpgraded, let response = RawResponse(self.input, isComplete: true) {
            self.inboxes.fail(.upgradeRefused(status: response.status, body: response.body))
        }
        self.inboxes.close(self.closure)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// - Returns: Whether what is left of the input are frames.
    private func upgrade(_ context: ChannelHandlerContext) -> Bool {
        guard let response = RawResponse(self.input, isComplete: false) else { return false }
        guard response.status == 101 else {
            self.inboxes.fail(.upgradeRefused(status: response.status, body: response.body))
            context.close(promise: nil)
            return false
        }
        guard response["sec-websocket-accept"] == WebSocketHandshake.acceptKey(for: Self.key) else {
            self.fail("the upgrade was accepted with another key", context)
            return false
        }
        self.isUpgraded = true
        self.input.moveReaderIndex(forwardBy: response.headBytes)
        return true
    }

    private func receive(_ event: WebSocketEvent, _ context: ChannelHandlerContext) {
        switch event {
        case .text(let text): self.receive(text, context)
        case .binary(let binary):
            self.reassemble(context) { reassembler throws(SocketIOProtocolError) in try reassembler.receive(binary: binary) }
        case .ping(let payload): self.send(.pong, payload, context)
        case .pong: break
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
        switch text.readInteger(as: UInt8.self) {
        case UInt8(ascii: "0"):
            guard self.configuration.joinsNamespace else { return self.inboxes.joins.deliver("") }
            var connect = ByteBuffer(string: "4")
            SocketIOEncoder.connectRequest(namespace: self.configuration.namespace, auth: self.configuration.auth, into: &connect)
            self.send(.text, connect, context)
        case UInt8(ascii: "2"):
            if self.configuration.answersPings { self.send(.text, ByteBuffer(string: "3"), context) }
        case UInt8(ascii: "4"):
            do throws(SocketIOProtocolError) {
                let packet = try SocketIOPacket.decode(text, limits: SocketIOLimits(maximumAttachments: 1_000), from: .server)
                self.reassemble(context) { reassembler throws(SocketIOProtocolError) in try reassembler.receive(packet) }
            } catch {
                self.fail("\(error)", context)
            }
        case UInt8(ascii: "1"), UInt8(ascii: "6"): break
        default: self.fail("an unexpected Engine.IO packet", context)
        }
    }

    private func reassemble(
        _ context: ChannelHandlerContext, _ receive: (inout BinaryReassembler) throws(SocketIOProtocolError) -> BinaryReassembler.Outcome
    ) {
        do throws(SocketIOProtocolError) {
            if case .complete(let packet, let attachments) = try receive(&self.reassembler) { self.deliver(packet, attachments) }
        } catch {
            self.fail("\(error)", context)
        }
    }

    private func deliver(_ packet: SocketIOPacket, _ attachments: [ByteBuffer]) {
        guard packet.namespace == self.configuration.namespace else { return }
        switch packet.kind {
        case .connect: self.inboxes.joins.deliver(packet.json?["sid"]?.string ?? "")
        case .connectError:
            let message = packet.json?["message"]?.string ?? packet.json?.string ?? ""
            self.inboxes.fail(.connectRefused(message: message, data: packet.json?["data"]))
        case .event, .binaryEvent:
            let arguments = Arguments(packet, attachments: attachments)
            self.inboxes.events.deliver(TestEvent(name: packet.eventName, arguments: arguments, id: packet.id))
        case .ack, .binaryAck:
            guard let id = packet.id else { return }
            self.inboxes.acknowledgements.deliver(.init(id: id, arguments: Arguments(packet, attachments: attachments)))
        case .disconnect:
            self.inboxes.disconnects.deliver(true)
            self.inboxes.fail(.disconnected)
        }
    }

    private func send(_ opcode: WebSocketOpcode, _ payload: ByteBuffer, _ context: ChannelHandlerContext) {
        var frame = ByteBuffer()
        WebSocketEncoder.write(opcode: opcode, payload: payload, mask: 0x5A17_C0DE, into: &frame)
        context.writeAndFlush(self.wrapOutboundOut(frame), promise: nil)
    }

    private func fail(_ violation: String, _ context: ChannelHandlerContext) {
        self.inboxes.fail(.protocolViolation(violation))
        context.close(promise: nil)
    }
}
