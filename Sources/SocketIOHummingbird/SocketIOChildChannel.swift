public import HummingbirdCore
public import Logging
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
        let routes: EventLoopFuture<NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>?>
    }

    public let responder: HTTPChannelHandler.Responder
    let io: SocketIO
    let secure: Bool
    private let pause = AcceptPauseInstaller()

    init(responder: @escaping HTTPChannelHandler.Responder, io: SocketIO, secure: Bool) {
        self.responder = responder
        self.io = io
        self.secure = secure
    }

    public func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        pause.install(above: channel, logger: logger)
        return setUp(channel)
    }

    private func setUp(_ channel: any Channel) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let promise = channel.eventLoop.makePromise(of: NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>?.self)
            // `.tls(.socketIO(io), …)` is another way to have TLS below.
            let secure = secure || (try? channel.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)) != nil
            let fallback = HTTPFallback {
                channel in
                let operations = channel.pipeline.syncOperations
                try operations.addHandler(HTTP1ToHTTPServerCodec(secure: secure))
                let routes = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
                    wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                promise.succeed(routes)
            } abandon: {
                promise.succeed(nil)
            }
            try SocketIOChannel(io: io, secure: secure, fallback: fallback) { SocketIOChildChannel.abort($0) }.configure(channel)
            return Value(channel: channel, routes: promise.futureResult)
        }
    }

    /// Closes below TLS, which would wait several seconds for the peer's farewell.
    private static func abort(_ channel: any Channel) {
        if let context = try? channel.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) {
            context.close(promise: nil)
        } else {
            channel.close(promise: nil)
        }
    }

    public func handle(value: Value, logger: Logger) async {
        guard let routes = try? await value.routes.get() else { return }
        await handleHTTP(asyncChannel: routes, logger: logger)
    }
}
