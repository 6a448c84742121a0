import ChannelDescriptors
import NIOCore
import NIOTLS
import SocketIOCore
import WebSocketCore

/// The owner of a WebSocket. All calls are on its loop.
protocol WebSocketOwner: AnyObject {
    var loop: ClientLoop { get }
    var plan: ConnectionPlan { get }
    func reached(_ milestone: ConnectionMilestone)
    func webSocketOpened(_ handler: WebSocketClientHandler<Self>)
    /// A text message that nobody else holds.
    func receive(_ message: ReceivedPacket, from handler: WebSocketClientHandler<Self>)
    func receive(binary: ByteBuffer, from handler: WebSocketClientHandler<Self>)
    /// All messages of a read have been passed on.
    func readCompleted()
    /// Frames that were gathered during a read must leave before the next ones.
    func writeBatch()
    /// The last call.
    func webSocketEnded(_ handler: WebSocketClientHandler<Self>, _ error: SocketIOClientError?)
}

/// The only handler of a client's WebSocket, except for TLS. It performs the opening handshake, then decodes frames straight from the
/// received bytes.
final class WebSocketClientHandler<Owner: WebSocketOwner>: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How long the server may take to end TCP after a close frame of its own (RFC 6455 §7.1.1).
    private static var closeTime: TimeAmount { .seconds(2) }

    /// Refers to the connection until the channel ends, and the connection to this.
    private var connection: Owner?
    private let loop: ClientLoop
    private var context: ChannelHandlerContext?
    /// The state of the opening handshake. Boxed, so that an idle connection does not keep its memory.
    private var handshake: Handshake?
    private var decoder: WebSocketDecoder?
    /// The agreed compression. Nil if messages are not compressed.
    private var compression: ConnectionCompression?
    private var closing = WebSocketCloseHandshake(role: .client)
    /// The channel's descriptor, for direct writes. Nil under TLS, before the channel is active, and after it has ended.
    private var descriptor: NIOBSDSocket.Handle?
    /// Whether the channel may have bytes in its queue.
    private var mayBeQueued = false
    /// Bytes of an incomplete head or frame.
    private var partial = ByteBuffer()
    /// Of the time that the end of TCP may take.
    private var endTimer: LoopTimer?

    private final class Handshake {
        var value: WebSocketClientHandshake
        init(_ value: WebSocketClientHandshake) { self.value = value }
    }

    init(connection: Owner, handshake: WebSocketClientHandshake) {
        self.connection = connection
        loop = connection.loop
        self.handshake = Handshake(handshake)
        self.decoder = WebSocketDecoder(role: .client, limits: connection.plan.configuration.limits.webSocket)
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.descriptor = nil
        if let timer = endTimer.take() { loop.cancel(timer) }
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent { self.connection?.reached(.tls) }
        context.fireUserInboundEventTriggered(event)
    }

    private func start(_ context: ChannelHandlerContext) {
        guard let handshake else { return }
        self.connection?.reached(.tcp)
        var request = ByteBuffer()
        do throws(WebSocketHandshakeError) {
            try handshake.value.write(into: &request)
        } catch {
            return fail(.protocolViolation("\(error)"), context)
        }
        if self.connection?.plan.configuration.url.isSecure == false { self.descriptor = DirectWrite.descriptor(of: context) }
        write(request)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if self.handshake != nil {
            var rest = partial
            partial = ByteBuffer()
            _ = upgrade(&rest, context, isAtEnd: true)
        }
        end(nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(.connectFailed("\(error)"), context)
    }

    private func fail(_ error: SocketIOClientError, _ context: ChannelHandlerContext?) {
        end(error)
        context?.close(promise: nil)
    }

    private func end(_ error: SocketIOClientError?) {
        guard let connection = self.connection.take() else { return }
        partial = ByteBuffer()
        self.decoder = nil
        self.handshake = nil
        self.descriptor = nil
        connection.webSocketEnded(self, error)
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard self.connection != nil else { return }
        var received = unwrapInboundIn(data)
        loop.bytesReceived &+= received.readableBytes
        if partial.readableBytes > 0 {
            partial.writeImmutableBuffer(received)
            received = partial
            partial = ByteBuffer()
        }
        if self.handshake != nil, !upgrade(&received, context, isAtEnd: false) { return keep(received) }
        decode(&received)
        keep(received)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.connection?.readCompleted()
        context.fireChannelReadComplete()
    }

    var hasUnread: Bool { context.map(DirectWrite.hasUnread) ?? false }

    /// Copies the incomplete bytes: the receive buffer goes back to the channel's pool.
    private func keep(_ rest: ByteBuffer) {
        guard rest.readableBytes > 0, self.connection != nil else { return }
        var copy = ByteBuffer()
        copy.writeImmutableBuffer(rest)
        partial = copy
    }

    /// - Returns: whether the remaining bytes are frames.
    private func upgrade(_ input: inout ByteBuffer, _ context: ChannelHandlerContext, isAtEnd: Bool) -> Bool {
        guard let handshake else { return false }
        do throws(WebSocketHandshakeError) {
            guard let agreement = try handshake.value.receive(&input, isAtEnd: isAtEnd) else { return false }
            begin(agreement)
        } catch {
            input.clear()
            switch error {
            case .refused(let status, let body): fail(.handshakeRefused(status: status, body: body), context)
            case .connectionClosed: fail(.connectFailed("the server closed the connection"), context)
            default: fail(.protocolViolation("\(error)"), context)
            }
            return false
        }
        self.handshake = nil
        self.connection?.webSocketOpened(self)
        return true
    }

    private func begin(_ agreement: WebSocketClientHandshake.Agreement) {
        guard let deflate = agreement.deflate, let configuration = self.connection?.plan.configuration,
            let options = configuration.perMessageDeflate
        else { return }
        self.compression = ConnectionCompression(
            deflate, role: .client, options: options, shared: loop.compressors(level: options.level))
        self.decoder = WebSocketDecoder(
            role: .client, extensions: agreement.reservedBits, limits: configuration.limits.webSocket)
    }

    private func decode(_ input: inout ByteBuffer) {
        // Both are moved out of their properties for the whole batch: an access to a class's property across a call is checked at run time.
        guard var decoder = self.decoder.take() else { return }
        var scratch = ByteBuffer()
        swap(&scratch, &loop.scratch)
        defer {
            if self.connection != nil { self.decoder = decoder }
            if scratch.capacity <= 1 << 14 { loop.scratch = scratch }
        }
        do throws(WebSocketProtocolError) {
            while self.connection != nil {
                takeWholeTexts(&input, decoder)
                guard self.connection != nil, let event = try decoder.next(&input, scratch: &scratch) else { break }
                try handle(event)
            }
        } catch {
            self.connection?.writeBatch()
            if closing.begin() { writeClose(error.closeCode) }
            fail(.protocolViolation("\(error)"), self.context)
        }
    }

    /// The hot path: decodes all short messages with one access to the input, each into a packet object. An object that nobody kept is
    /// reused.
    private func takeWholeTexts(_ input: inout ByteBuffer, _ decoder: WebSocketDecoder) {
        guard closing.maySend else { return }
        var packet = loop.takePacket()
        let consumed = input.withUnsafeReadableBytes { bytes in
            var position = 0
            while let connection = self.connection, closing.maySend, let text = decoder.wholeText(in: bytes, at: position) {
                if text.count > packet.capacity || !isKnownUniquelyReferenced(&packet) {
                    packet = ReceivedPacket(capacity: max(text.count, ClientLoop.packetCapacity))
                }
                guard text.unmask(from: bytes, to: packet.bytes) else { break }
                packet.contents.pointee.count = text.count
                position = text.end
                connection.receive(packet, from: self)
            }
            return position
        }
        input.moveReaderIndex(forwardBy: consumed)
        loop.recycle(packet)
    }

    private func handle(_ event: WebSocketEvent) throws(WebSocketProtocolError) {
        switch event {
        case .text(let text): if closing.maySend { self.connection?.receive(ReceivedPacket(text: text), from: self) }
        case .binary(let bytes):
            // Copied: the decoder's buffer is reused, and an attachment may be kept.
            if closing.maySend { self.connection?.receive(binary: ByteBuffer(bytes: bytes.readableBytesView), from: self) }
        case .ping(let payload): if closing.maySend { send(opcode: .pong, payload) }
        case .pong: break
        case .extended(let opcode, _, let bytes): try inflate(bytes, opcode)
        case .close(let code, _):
            self.connection?.writeBatch()
            if case .reply(let code) = closing.receive(code) { writeClose(code) }
            end(nil)
            awaitEnd(Self.closeTime)
        }
    }

    /// Takes a compressed message, text or binary. The limit of messages applies to its decompressed size.
    private func inflate(_ bytes: ByteBuffer, _ opcode: WebSocketOpcode) throws(WebSocketProtocolError) {
        // Without an agreement the decoder refuses compressed messages.
        guard let compression, let limits = self.connection?.plan.configuration.limits else { return }
        let message = try compression.inflate(bytes, of: opcode, maximumBytes: limits.maximumMessageBytes)
        try handle(opcode == .text ? .text(message) : .binary(message))
    }

    // MARK: Writing

    /// Whether the server agreed to compress messages.
    var compresses: Bool { self.compression != nil }

    var isWritable: Bool { self.context?.channel.isWritable ?? false }

    /// Read only when much waits already.
    var bufferedBytes: Int {
        guard let options = self.context?.channel.syncOptions else { return 0 }
        return (try? options.getOption(.bufferedWritableBytes)) ?? 0
    }

    func write(_ frames: ByteBuffer) {
        guard let context, closing.maySend else { return }
        loop.bytesSent &+= frames.readableBytes
        var rest = frames
        rest.moveReaderIndex(forwardBy: writeDirectly(frames, context))
        guard rest.readableBytes > 0 else { return }
        mayBeQueued = true
        context.writeAndFlush(wrapOutboundOut(rest), promise: nil)
    }

    /// Passes bytes straight to the kernel, unless the channel has earlier bytes in its queue.
    ///
    /// - Returns: the number of bytes that the kernel took.
    private func writeDirectly(_ frames: ByteBuffer, _ context: ChannelHandlerContext) -> Int {
        guard let descriptor, context.channel.isActive else { return 0 }
        if mayBeQueued, bufferedBytes > 0 { return 0 }
        mayBeQueued = false
        return DirectWrite.send(frames, to: descriptor)
    }

    func send(opcode: WebSocketOpcode, _ payload: ByteBuffer) {
        var buffer = loop.takeSpare()
        append(opcode, payload, to: &buffer)
        write(buffer)
        loop.recycle(buffer)
    }

    /// Appends a frame, compressed if that was agreed on. It is sent next.
    func append(_ opcode: WebSocketOpcode, _ payload: ByteBuffer, to buffer: inout ByteBuffer) {
        let deflated = opcode.isControl ? nil : self.compression?.deflate(payload)
        WebSocketEncoder.write(
            opcode: opcode, payload: deflated ?? payload, reservedBits: deflated == nil ? [] : .rsv1, mask: loop.nextMask(),
            into: &buffer)
    }

    private func writeClose(_ code: WebSocketCloseCode?) {
        guard let context else { return }
        var buffer = ByteBuffer()
        WebSocketEncoder.writeClose(code: code, mask: loop.nextMask(), into: &buffer)
        mayBeQueued = true
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    /// Sends a close frame, and closes the channel when the server has answered, or after a time-out.
    func close() {
        let time = (self.connection?.plan.configuration.closeTimeout).map { TimeAmount($0) } ?? Self.closeTime
        self.connection = nil
        guard self.handshake == nil, closing.begin() else {
            self.context?.close(promise: nil)
            return
        }
        writeClose(.normal)
        awaitEnd(time)
    }

    /// Closes the channel at once, as a crash would.
    func abort() {
        self.connection = nil
        self.context?.close(promise: nil)
    }

    /// The server closes TCP first; this end does if that takes too long.
    private func awaitEnd(_ time: TimeAmount) {
        guard context != nil else { return }
        let timer = endTimer ?? LoopTimer()
        endTimer = timer
        loop.set(timer, for: loop.eventLoop.now + time, owner: self)
    }
}

extension WebSocketClientHandler: LoopTimerOwner {
    func timerFired(_ timer: LoopTimer) { self.context?.close(promise: nil) }
}
