import NIOCore
import NIOTLS
import RedisCore

/// The end of a connection's pipeline: decodes what arrives and hands the values to the driver, with the number of its connection.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let driver: RedisDriver
    private let generation: UInt64
    private let waitsForTLS: Bool
    private var decoder: RESPDecoder
    private var failure: RedisError?

    init(driver: RedisDriver, generation: UInt64, waitsForTLS: Bool, limits: RESPLimits) {
        self.driver = driver
        self.generation = generation
        self.waitsForTLS = waitsForTLS
        self.decoder = RESPDecoder(limits: limits)
    }

    func channelActive(context: ChannelHandlerContext) {
        if !self.waitsForTLS { self.driver.connected(self.generation, context.channel) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if self.waitsForTLS, case .handshakeCompleted? = event as? TLSUserEvent {
            self.driver.connected(self.generation, context.channel)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.decoder.append(self.unwrapInboundIn(data))
        do {
            while let value = try self.decoder.next() { self.driver.received(value, self.generation) }
        } catch {
            self.driver.ended(self.generation, RedisError(.protocolViolation, "\(error)"))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.driver.receivedBatch(self.generation)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.failure = RedisError(.connectionLost, RedisDriver.summary(of: error))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.driver.ended(self.generation, self.failure ?? RedisError(.connectionLost, "closed by Redis"))
    }
}
