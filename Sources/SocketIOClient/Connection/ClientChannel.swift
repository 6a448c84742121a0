import NIOCore
import NIOPosix

/// Opens the TCP connections of a client, with TLS if the URL asks for it.
enum ClientChannel {
    /// - Parameter configure: adds the handlers behind TLS, on the channel's loop.
    static func connect(
        _ plan: ConnectionPlan, on loop: any EventLoop, _ configure: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        let configuration = plan.configuration
        let tls: ClientTLS?
        do { tls = try plan.tls?.get() } catch { return loop.makeFailedFuture(error) }
        let initialize: @Sendable (any Channel) throws -> Void = { channel in
            try tls?.add(to: channel, host: configuration.url.host)
            try configure(channel)
        }
        // In a later turn of the loop: a connection of TCP is never open before this call returns either.
        if let openChannel = configuration.openChannel { return loop.flatSubmit { openChannel(loop, initialize) } }
        var bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(configuration.timeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            // Most connections are idle and their messages small, so a large buffer would be most of their memory.
            .channelOption(.recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 512, maximum: 1 << 16))
            .channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try initialize(channel) } }
        if let local = configuration.localAddress { bootstrap = bootstrap.bind(to: local) }
        if let address = configuration.address { return bootstrap.connect(to: address) }
        return bootstrap.connect(host: configuration.url.host, port: configuration.url.port)
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

    public init(_ configuration: ConnectionConfiguration) {
        self.configuration = configuration
        self.tls = configuration.url.isSecure ? Result { try ClientTLS(configuration) } : nil
    }

    /// A plan for the same server under the same TLS rules: only other fields, queries, time-outs and the like.
    public init(_ configuration: ConnectionConfiguration, sharingTLSOf other: ConnectionPlan) {
        self.configuration = configuration
        tls = other.tls
    }
}
