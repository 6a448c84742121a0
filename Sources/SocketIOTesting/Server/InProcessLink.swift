import NIOCore
import NIOPosix
import SocketIOServer

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Connections to a server in the same process: pairs of sockets, without a port or a listener.
struct InProcessLink: Sendable {
    let io: SocketIO

    /// Opens a connection. The server's end is ready when this returns.
    /// - Returns: The client's end, which the caller has to close or to hand to a channel.
    func open() async throws -> NIOBSDSocket.Handle {
        #if canImport(Glibc)
        let type = CInt(SOCK_STREAM.rawValue)
        #else
        let type = CInt(SOCK_STREAM)
        #endif
        var ends: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw IOError(errnoCode: errno, reason: "socketpair") }
        let (server, client) = (ends[0], ends[1])
        let io = io
        do {
            _ = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton.any())
                .channelOption(.allowRemoteHalfClosure, value: true)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let none = HTTPFallback(install: { _ in }, abandon: {})
                        try SocketIOChannel(io: io, secure: false, fallback: none).configure(channel)
                    }
                }
                .withConnectedSocket(server).get()
        } catch {
            close(client)
            throw error
        }
        return client
    }
}
