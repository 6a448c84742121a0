public import HummingbirdCore
public import NIOSSL
public import SocketIOServer

extension HTTPServerBuilder {
    /// Serves Socket.IO beside the application's routes, on one port: `Application(router: router, server: .socketIO(io))`. For
    /// applications that have to choose their server this way; ``SocketIOApplication`` accepts connections at a lower cost.
    public static func socketIO(_ io: SocketIO) -> HTTPServerBuilder {
        HTTPServerBuilder { SocketIOChildChannel(responder: $0, io: io) }
    }

    /// The same under TLS.
    public static func socketIO(_ io: SocketIO, tls configuration: TLSConfiguration) throws -> HTTPServerBuilder {
        let context = try NIOSSLContext(configuration: configuration)
        return HTTPServerBuilder { SocketIOChildChannel(responder: $0, io: io, tls: context) }
    }
}
