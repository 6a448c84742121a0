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

/// The way to a server in the same process.
enum TestLink: Sendable {
    case sockets(InProcessLink)
    case simulated(SimulatedLink)
}

/// Connections to a server in the same process: pairs of sockets, without a port or a listener.
struct InProcessLink: Sendable {
    let io: SocketIO

    /// A connection of which neither end has a channel yet.
    struct Connection: Sendable {
        /// The client's end: a channel for it comes first.
        let client: NIOBSDSocket.Handle
        private let server: NIOBSDSocket.Handle
        private let io: SocketIO

        init(to io: SocketIO) throws {
            #if canImport(Glibc)
            let type = CInt(SOCK_STREAM.rawValue)
            #else
            let type = CInt(SOCK_STREAM)
            #endif
            var ends: [CInt] = [-1, -1]
            guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw IOError(errnoCode: errno, reason: "socketpair") }
            (server, client) = (ends[0], ends[1])
            self.io = io
        }

        /// Closes the server's end, if the client's could not be opened.
        func abandon() { close(server) }

        /// Gives the server's end to the server. The client has sent its request by then: on a busy machine the server's deadline for it
        /// would otherwise pass while the client waits for a thread.
        func accept() -> EventLoopFuture<any Channel> {
            let io = io
            return ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton.any())
                .channelOption(.allowRemoteHalfClosure, value: true)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let none = HTTPFallback(install: { _ in }, abandon: {})
                        try SocketIOChannel(io: io, secure: false, fallback: none).configure(channel)
                    }
                }
                .withConnectedSocket(server)
        }
    }

    func open() throws -> Connection { try Connection(to: io) }

    /// Opens a connection, and gives one end to the server.
    ///
    /// - Parameters:
    ///   - loop: of the client's channel.
    ///   - configure: adds the client's handlers, on the loop.
    func open(
        on loop: any EventLoop, _ configure: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        let connection: Connection
        do { connection = try open() } catch { return loop.makeFailedFuture(error) }
        let opened = ClientBootstrap(group: loop)
            .channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try configure(channel) } }
            .withConnectedSocket(connection.client)
        opened.whenFailure { _ in connection.abandon() }
        return opened.flatMap { channel -> EventLoopFuture<any Channel> in
            let accepted = connection.accept()
            accepted.whenFailure { _ in channel.close(promise: nil) }
            return accepted.hop(to: loop).map { _ in channel }
        }
    }
}
