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
        decoder = RESPDecoder(limits: limits)
    }

    func channelActive(context: ChannelHandlerContext) {
        if !waitsForTLS { driver.connected(generation, context.channel) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if waitsForTLS, case .handshakeCompleted? = event as? TLSUserEvent {
            driver.connected(generation, context.channel)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.append(unwrapInboundIn(data))
        do {
            while let value = try decoder.next() { driver.received(value, generation) }
        } catch {
            driver.ended(generation, RedisError(.protocolViolation, "\(error)"))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        driver.receivedBatch(generation)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = RedisError(.connectionLost, RedisDriver.summary(of: error))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        driver.ended(generation, failure ?? RedisError(.connectionLost, "closed by Redis"))
    }
}
