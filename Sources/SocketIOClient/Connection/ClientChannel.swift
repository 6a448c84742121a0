import NIOCore
import NIOPosix
import NIOSSL

/// Opens the TCP connections of a client, with TLS where the URL asks for it.
enum ClientChannel {
    /// - Parameter configure: adds the handlers behind TLS, on the channel's loop.
    static func connect(
        _ plan: ConnectionPlan, on loop: any EventLoop, _ configure: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        let configuration = plan.configuration
        let tls: NIOSSLClientHandlerFactory?
        do { tls = try plan.tls() } catch { return loop.makeFailedFuture(error) }
        var bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(configuration.timeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            // Most connections are idle and their messages small: a large buffer each would be most of what they cost.
            .channelOption(.recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 512, maximum: 1 << 16))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(tls.make()) }
                    try configure(channel)
                }
            }
        if let local = configuration.localAddress { bootstrap = bootstrap.bind(to: local) }
        if let address = configuration.address { return bootstrap.connect(to: address) }
        return bootstrap.connect(host: configuration.url.host, port: configuration.url.port)
    }
}

/// A part of a connection that stands, for those who measure how long each takes.
public enum ConnectionMilestone: Sendable, Hashable {
    case tcp, tls
}

/// A configuration with what is made of it once for all connections: the TLS context is expensive.
public final class ConnectionPlan: Sendable {
    public let configuration: ConnectionConfiguration
    private let context: Result<NIOSSLContext, any Error>?

    public init(_ configuration: ConnectionConfiguration) {
        self.configuration = configuration
        self.context = configuration.url.isSecure ? Result { try NIOSSLContext(configuration: configuration.tls) } : nil
    }

    /// A plan for the same server under the same TLS rules: only other fields, queries, time-outs and the like.
    public init(_ configuration: ConnectionConfiguration, sharingTLSOf other: ConnectionPlan) {
        self.configuration = configuration
        self.context = other.context
    }

    func tls() throws -> NIOSSLClientHandlerFactory? {
        guard let context else { return nil }
        return NIOSSLClientHandlerFactory(context: try context.get(), host: self.configuration.url.host)
    }
}

/// Makes the TLS handler of each connection.
struct NIOSSLClientHandlerFactory: Sendable {
    let context: NIOSSLContext
    let host: String

    func make() throws -> NIOSSLClientHandler {
        // An address is no name to send with the handshake (RFC 6066 §3); it is verified all the same.
        let isAddress = (try? SocketAddress(ipAddress: self.host, port: 0)) != nil
        return try NIOSSLClientHandler(context: self.context, serverHostname: isAddress ? nil : self.host)
    }
}
