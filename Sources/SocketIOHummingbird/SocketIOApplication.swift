public import Hummingbird
public import HummingbirdCore
public import Logging
public import NIOCore
import NIOConcurrencyHelpers
public import NIOSSL
public import ServiceLifecycle
public import SocketIOServer

/// A Hummingbird application with Socket.IO on its port: routes, services, logging and shutdown are the application's own.
///
/// Accepts connections itself, and hands a connection to Hummingbird with its first request for a route. So it costs less than
/// `Application(…, server: .socketIO(io))`, which has Hummingbird accept them.
public struct SocketIOApplication<Base: ApplicationProtocol>: ApplicationProtocol {
    public typealias Responder = Base.Responder

    private let base: Base
    private let io: SocketIO
    private let tls: NIOSSLContext?
    private let listener: ListenerHandler.Installer
    private let child = NIOLockedValueBox<SocketIOChildChannel?>(nil)

    /// - Parameters:
    ///   - base: its `server` is not used.
    ///   - tls: nil: connections are not encrypted.
    /// - Throws: what is wrong with the certificates.
    public init(_ base: Base, io: SocketIO, tls: TLSConfiguration? = nil) throws {
        self.init(base, io: io, context: try tls.map { try NIOSSLContext(configuration: $0) })
    }

    init(_ base: Base, io: SocketIO, context: NIOSSLContext?) {
        self.base = base
        self.io = io
        tls = context
        listener = ListenerHandler.Installer(io: io, tls: context, logger: base.logger)
    }

    public var responder: Responder { get async throws { try await base.responder } }
    public var eventLoopGroup: any EventLoopGroup { base.eventLoopGroup }
    public var configuration: ApplicationConfiguration { base.configuration }
    public var logger: Logger { base.logger }
    public var services: [any Service] { base.services }
    public var processesRunBeforeServerStart: [@Sendable () async throws -> Void] { base.processesRunBeforeServerStart }

    public var server: HTTPServerBuilder {
        HTTPServerBuilder {
            let channel = SocketIOChildChannel(responder: $0, io: io, tls: tls, listener: listener)
            child.withLockedValue { $0 = channel }
            return channel
        }
    }

    public func onServerRunning(_ channel: any Channel) async {
        if let child = child.withLockedValue({ $0 }) {
            let logger = logger
            await listener.install(in: channel) { await child.handleHTTP(asyncChannel: $0, logger: logger) }
        }
        await base.onServerRunning(channel)
    }
}

extension ApplicationProtocol {
    /// Serves Socket.IO beside the application's routes, on one port: `try await Application(router: router).socketIO(io).runService()`.
    public func socketIO(_ io: SocketIO) -> SocketIOApplication<Self> { SocketIOApplication(self, io: io, context: nil) }

    /// The same under TLS.
    public func socketIO(_ io: SocketIO, tls: TLSConfiguration) throws -> SocketIOApplication<Self> {
        try SocketIOApplication(self, io: io, tls: tls)
    }

    /// Serves a bare Engine.IO server beside the application's routes.
    public func engineIO(_ engine: EngineIO) -> SocketIOApplication<Self> { SocketIOApplication(self, io: engine.server, context: nil) }
}
