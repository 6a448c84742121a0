import NIOCore

#if TLS
import NIOSSL

/// TLS under a client's connections. Made once for all of them: its context is expensive.
struct ClientTLS: Sendable {
    private let context: NIOSSLContext

    init(_ configuration: ConnectionConfiguration) throws { context = try NIOSSLContext(configuration: configuration.tls) }

    /// Adds the handler of a connection, on the channel's loop.
    func add(to channel: any Channel, host: String) throws {
        // An address must not be sent as a server name (RFC 6066 §3). It is verified all the same.
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        let handler = try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
        try channel.pipeline.syncOperations.addHandler(handler)
    }
}
#else

/// Stands in for TLS in a build without the package's trait `TLS`.
struct ClientTLS: Sendable {
    init(_ configuration: ConnectionConfiguration) throws {
        throw SocketIOClientError.connectFailed("https and wss need the trait TLS of the package dunlin")
    }

    func add(to channel: any Channel, host: String) throws {}
}
#endif
