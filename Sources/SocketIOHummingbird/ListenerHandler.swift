import HummingbirdCore
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOSSL
import SocketIOServer

/// Takes the connections that a Hummingbird server's listener accepts, before the server does: a task, a future and three changes of threads
/// for each of them would be most of what accepting costs. Hummingbird gets a connection back with its first request for a route.
///
/// Stands in the listener's pipeline before NIO's `AcceptHandler`, and behind the handlers that count connections.
final class ListenerHandler: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private let exit: ListenerExit
    private let configure: @Sendable (any Channel) throws -> Void
    private(set) var context: ChannelHandlerContext?

    init(exit: ListenerExit, configure: @escaping @Sendable (any Channel) throws -> Void) {
        self.exit = exit
        self.configure = configure
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let connection = unwrapInboundIn(data)
        let configure = configure
        connection.eventLoop.execute {
            do {
                try connection.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
                try configure(connection)
            } catch {
                connection.close(promise: nil)
            }
        }
        // The channel registers itself with its loop in a later step of that loop, hence behind the one above.
        exit.accept(data)
    }
}

/// The last handler of the listener: from here a connection reaches the listener itself, which begins to serve it.
final class ListenerExit: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private var context: ChannelHandlerContext?
    /// Connections on their way to Hummingbird, which the listener serves already.
    private var returning: Set<ObjectIdentifier> = []

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func accept(_ connection: NIOAny) { context?.fireChannelRead(connection) }

    func expect(_ connection: any Channel) { returning.insert(ObjectIdentifier(connection)) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if returning.remove(ObjectIdentifier(unwrapInboundIn(data))) == nil { context.fireChannelRead(data) }
    }
}

extension ListenerHandler {
    /// Puts the two handlers into a listener's pipeline, and keeps the connections that return to Hummingbird.
    final class Installer: Sendable {
        private let io: SocketIO
        private let tls: NIOSSLContext?
        private let logger: Logger
        private let returning = NIOLockedValueBox<[ObjectIdentifier: RouteChannel]>([:])
        private let entry = NIOLockedValueBox<NIOLoopBound<Entry>?>(nil)

        private struct Entry {
            let handler: ListenerHandler
            let exit: ListenerExit
            /// Of NIO's `AcceptHandler`: what is fired from here reaches the server.
            let server: ChannelHandlerContext
        }

        init(io: SocketIO, tls: NIOSSLContext?, logger: Logger) {
            self.io = io
            self.tls = tls
            self.logger = logger
        }

        /// Without a handler of that name everything works as before, at a higher cost.
        private static let nameOfAcceptHandler = "AcceptHandler"

        func install(in listener: any Channel, handle: @escaping @Sendable (RouteChannel) async -> Void) async {
            try? await listener.eventLoop.submit { try self.installOnLoop(listener, handle) }.get()
        }

        private func installOnLoop(_ listener: any Channel, _ handle: @escaping @Sendable (RouteChannel) async -> Void) throws {
            let operations = listener.pipeline.syncOperations
            let server = try operations.context(name: Installer.nameOfAcceptHandler)
            let secure = tls != nil
            let fallback = HTTPFallback { [self] connection in
                deliver(try RouteChannels.install(on: connection, secure: secure), handle)
            } abandon: {
            }
            let channels = SocketIOChannel(io: io, secure: secure, fallback: fallback, abort: TLSLayer.abort)
            let exit = ListenerExit()
            let handler = ListenerHandler(exit: exit) { [tls] connection in
                try TLSLayer.add(tls, to: connection)
                try channels.configure(connection)
            }
            try operations.addHandler(AcceptPause(logger: logger), position: .first)
            try operations.addHandler(exit, position: .last)
            try operations.addHandler(handler, position: .before(server.handler))
            let bound = NIOLoopBound(Entry(handler: handler, exit: exit, server: server), eventLoop: listener.eventLoop)
            entry.withLockedValue { $0 = bound }
            // Connections come in bursts.
            try listener.syncOptions?.setOption(.maxMessagesPerRead, value: 32)
        }

        /// A connection has its first request for a route.
        private func deliver(_ routes: RouteChannel, _ handle: @escaping @Sendable (RouteChannel) async -> Void) {
            guard let bound = entry.withLockedValue({ $0 }), let listener = routes.channel.parent else { return }
            returning.withLockedValue { $0[ObjectIdentifier(routes.channel)] = routes }
            listener.eventLoop.execute { [self] in
                let entry = bound.value
                // After the end of the listener the server takes no connection any more, and this one still gets its answer.
                guard entry.handler.context != nil else {
                    if let routes = takeRoutes(of: routes.channel) { Task { await handle(routes) } }
                    return
                }
                entry.exit.expect(routes.channel)
                entry.server.fireChannelRead(NIOAny(routes.channel))
            }
        }

        /// The asynchronous channel of a connection that returns, once.
        func takeRoutes(of connection: any Channel) -> RouteChannel? {
            returning.withLockedValue { $0.removeValue(forKey: ObjectIdentifier(connection)) }
        }
    }
}
