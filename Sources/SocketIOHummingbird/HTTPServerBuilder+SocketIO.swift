public import HummingbirdCore
import HummingbirdTLS
public import NIOSSL
public import SocketIOServer

extension HTTPServerBuilder {
    /// Serves Socket.IO beside the application's routes, on one port:
    /// `Application(router: router, server: .socketIO(io))`.
    public static func socketIO(_ io: SocketIO) -> HTTPServerBuilder {
        HTTPServerBuilder { SocketIOChildChannel(responder: $0, io: io, secure: false) }
    }

    /// The same under TLS.
    public static func socketIO(_ io: SocketIO, tls configuration: TLSConfiguration) throws -> HTTPServerBuilder {
        try .tls(HTTPServerBuilder { SocketIOChildChannel(responder: $0, io: io, secure: true) }, tlsConfiguration: configuration)
    }
}
