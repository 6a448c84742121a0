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
        func accept() async throws {
            let io = io
            _ = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton.any())
                .channelOption(.allowRemoteHalfClosure, value: true)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let none = HTTPFallback(install: { _ in }, abandon: {})
                        try SocketIOChannel(io: io, secure: false, fallback: none).configure(channel)
                    }
                }
                .withConnectedSocket(server).get()
        }
    }

    func open() throws -> Connection { try Connection(to: io) }
}
