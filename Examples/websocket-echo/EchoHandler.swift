import NIOCore
import WebSocketCore

/// Sends every message back, and reads no further while the client does not take what it gets.
final class EchoHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let maximumMessageBytes = 1 << 25

    private var decoder: WebSocketDecoder
    private var closing = WebSocketCloseHandshake(role: .server)
    private let compression: ConnectionCompression?
    /// Bytes of a frame that is not complete.
    private var input = ByteBuffer()
    private var scratch = ByteBuffer()
    /// What a read batch produced; it leaves with one write.
    private var output = ByteBuffer()
    private var isReadHeld = false

    init(_ agreement: PerMessageDeflate?) {
        decoder = WebSocketDecoder(
            role: .server, extensions: agreement?.reservedBits ?? [],
            limits: WebSocketLimits(maximumMessageBytes: Self.maximumMessageBytes, maximumFragments: 1 << 20))
        var options = PerMessageDeflateOptions()
        options.threshold = 0
        compression = agreement.map {
            ConnectionCompression($0, role: .server, options: options, shared: SharedCompressors(level: options.level))
        }
    }

    // MARK: Reading

    func read(context: ChannelHandlerContext) {
        isReadHeld = !context.channel.isWritable
        if !isReadHeld { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if isReadHeld, context.channel.isWritable {
            isReadHeld = false
            context.read()
        }
        context.fireChannelWritabilityChanged()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        input.writeBuffer(&bytes)
        do throws(WebSocketProtocolError) {
            while closing.state != .closed, let event = try decoder.next(&input, scratch: &scratch) { try handle(event, context) }
        } catch {
            if closing.begin() { WebSocketEncoder.writeClose(code: error.closeCode, into: &output) }
            end(context)
        }
        input.discardReadBytes()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        write(context)
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func handle(_ event: WebSocketEvent, _ context: ChannelHandlerContext) throws(WebSocketProtocolError) {
        switch event {
        case .text(let text): send(.text, text)
        case .binary(let bytes): send(.binary, bytes)
        case .extended(let opcode, _, let bytes):
            // The decoder refuses the bit unless it was agreed on.
            guard let compression else { return }
            send(opcode, try compression.inflate(bytes, of: opcode, maximumBytes: Self.maximumMessageBytes))
        case .ping(let payload): WebSocketEncoder.write(opcode: .pong, payload: payload, into: &output)
        case .pong: break
        case .close(let code, _):
            if case .reply(let code) = closing.receive(code) { WebSocketEncoder.writeClose(code: code, into: &output) }
            end(context)
        }
    }

    // MARK: Writing

    private func send(_ opcode: WebSocketOpcode, _ payload: ByteBuffer) {
        if let deflated = compression?.deflate(payload) {
            WebSocketEncoder.write(opcode: opcode, payload: deflated, reservedBits: .rsv1, into: &output)
        } else {
            WebSocketEncoder.write(opcode: opcode, payload: payload, into: &output)
        }
    }

    private func write(_ context: ChannelHandlerContext) {
        guard output.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(output), promise: nil)
        output = ByteBuffer()
    }

    /// The server ends TCP (RFC 6455 §7.1.1).
    private func end(_ context: ChannelHandlerContext) {
        write(context)
        context.close(promise: nil)
    }
}
