public import HummingbirdCore
public import Logging
import NIOConcurrencyHelpers
public import NIOCore
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOSSL
import SocketIOServer

/// A connection of a Hummingbird server that serves Socket.IO and the application's routes alike. A connection gets Hummingbird's
/// asynchronous channel, and a task, with its first request for a route; a WebSocket holds neither.
public struct SocketIOChildChannel: ServerChildChannel, HTTPChannelHandler {
    /// An accepted connection, and Hummingbird's channel once a request asks for it.
    public struct Value: ServerChildChannelValue {
        public let channel: any Channel
        let routes: EventLoopFuture<RouteChannel?>
    }

    public let responder: HTTPChannelHandler.Responder
    let io: SocketIO
    let tls: NIOSSLContext?
    private let pause = AcceptPauseInstaller()
    /// Nil: Hummingbird's server hands over every connection that it accepts.
    private let listener: ListenerHandler.Installer?

    init(
        responder: @escaping HTTPChannelHandler.Responder, io: SocketIO, tls: NIOSSLContext? = nil,
        listener: ListenerHandler.Installer? = nil
    ) {
        self.responder = responder
        self.io = io
        self.tls = tls
        self.listener = listener
    }

    public func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        if let routes = listener?.takeRoutes(of: channel) {
            return channel.eventLoop.makeSucceededFuture(Value(channel: channel, routes: channel.eventLoop.makeSucceededFuture(routes)))
        }
        if listener == nil { pause.install(above: channel, logger: logger) }
        return channel.eventLoop.makeCompletedFuture {
            let promise = channel.eventLoop.makePromise(of: RouteChannel?.self)
            try TLSLayer.add(tls, to: channel)
            // `.tls(.socketIO(io), …)` is another way to have TLS below.
            let secure = (try? channel.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)) != nil
            let fallback = HTTPFallback {
                promise.succeed(try RouteChannels.install(on: $0, secure: secure))
            } abandon: {
                promise.succeed(nil)
            }
            try SocketIOChannel(io: io, secure: secure, fallback: fallback, abort: TLSLayer.abort).configure(channel)
            return Value(channel: channel, routes: promise.futureResult)
        }
    }

    public func handle(value: Value, logger: Logger) async {
        guard let routes = try? await value.routes.get() else { return }
        await handleHTTP(asyncChannel: routes, logger: logger)
    }
}

typealias RouteChannel = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

/// What Hummingbird's responders read from and write to.
enum RouteChannels {
    /// Adds the handlers at the tail. Call on the channel's loop.
    static func install(on channel: any Channel, secure: Bool) throws -> RouteChannel {
        try channel.pipeline.syncOperations.addHandler(HTTP1ToHTTPServerCodec(secure: secure))
        return try RouteChannel(
            wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    }
}

/// TLS below the handlers of a connection.
enum TLSLayer {
    static func add(_ context: NIOSSLContext?, to channel: any Channel) throws {
        guard let context else { return }
        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
    }

    /// Closes below TLS, which would wait several seconds for the peer's farewell.
    @Sendable static func abort(_ channel: any Channel) {
        if let context = try? channel.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) {
            context.close(promise: nil)
        } else {
            channel.close(promise: nil)
        }
    }
}
