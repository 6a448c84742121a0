import EngineIOCore
import NIOCore
import NIOPosix
import WebSocketCore

/// Opens the TCP connections of a client, with TLS if the URL asks for it.
enum ClientChannel {
    /// Most connections are idle and their messages small, so a large buffer would be most of their memory.
    private static let receiveAllocator = AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 512, maximum: 1 << 16)

    /// - Parameter configure: adds the handlers behind TLS, on the channel's loop.
    static func connect(
        _ plan: ConnectionPlan, on loop: any EventLoop, _ configure: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        let tls: ClientTLS?
        do { tls = try plan.tls?.get() } catch { return loop.makeFailedFuture(error) }
        // It holds the plan and not the configuration, whose copy would take a reference to each of its parts.
        let initialize: @Sendable (any Channel) throws -> Void = { channel in
            try tls?.add(to: channel, host: plan.configuration.url.host)
            try configure(channel)
        }
        // In a later turn of the loop: a connection of TCP is never open before this call returns either.
        if let openChannel = plan.configuration.openChannel { return loop.flatSubmit { openChannel(loop, initialize) } }
        // The bootstrap sets TCP_NODELAY itself.
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(plan.configuration.timeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // Set here, because each option of a bootstrap costs two futures.
                    try channel.syncOptions?.setOption(.recvAllocator, value: Self.receiveAllocator)
                    try initialize(channel)
                }
            }
        if let local = plan.configuration.localAddress { _ = bootstrap.bind(to: local) }
        if let address = plan.configuration.address { return bootstrap.connect(to: address) }
        return bootstrap.connect(host: plan.configuration.url.host, port: plan.configuration.url.port)
    }
}

/// A stage of connecting that was reached, for measurements.
public enum ConnectionMilestone: Sendable, Hashable {
    case tcp, tls
}

/// A configuration with the objects that all connections share: a TLS context is expensive.
public final class ConnectionPlan: Sendable {
    public let configuration: ConnectionConfiguration
    /// Nil if the URL asks for no TLS.
    let tls: Result<ClientTLS, any Error>?
    /// Path and query of the request that opens a session over a WebSocket.
    let webSocketTarget: String
    /// The `Host` field of a WebSocket's request.
    private let host: String

    public convenience init(_ configuration: ConnectionConfiguration) {
        self.init(configuration, tls: configuration.url.isSecure ? Result { try ClientTLS(configuration) } : nil)
    }

    /// A plan for the same server under the same TLS rules: only other fields, queries, time-outs and the like.
    public convenience init(_ configuration: ConnectionConfiguration, sharingTLSOf other: ConnectionPlan) {
        self.init(configuration, tls: other.tls)
    }

    private init(_ configuration: ConnectionConfiguration, tls: Result<ClientTLS, any Error>?) {
        self.configuration = configuration
        self.tls = tls
        webSocketTarget = configuration.target(.websocket, sid: nil)
        host = configuration.url.hostField
    }

    func handshake(target: String, nonce: (UInt64, UInt64)) -> WebSocketClientHandshake {
        WebSocketClientHandshake(
            target: target, host: host, nonce: nonce, subprotocols: configuration.subprotocols, fields: configuration.headers,
            deflate: configuration.perMessageDeflate?.wish)
    }
}
