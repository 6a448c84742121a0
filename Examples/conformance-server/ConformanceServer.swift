import ArgumentParser
import Foundation
import Hummingbird
import Logging
import NIOPosix
import SocketIOHummingbird

/// The server that the official protocol suites of Engine.IO 4 and Socket.IO 5 are run against.
@main
struct ConformanceServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance-server",
        abstract: "Answers the official protocol suites.",
        discussion: """
            With --engine it echoes each message of a bare Engine.IO session at /engine.io/. Without it, it speaks Socket.IO in the namespaces \
            / and /custom: it emits auth with the client's handshake, answers message with message-back, and acknowledges message-with-ack.

            Example: conformance-server --port 3000 --engine
            """)

    @Option(help: "The address to listen on.")
    var hostname = "127.0.0.1"

    @Option(help: "The port to listen on; 0 picks a free one.")
    var port = 3000

    @Flag(help: "Serve Engine.IO without Socket.IO above it.")
    var engine = false

    func run() async throws {
        var configuration = SocketIOConfiguration()
        configuration.pingInterval = .milliseconds(300)
        configuration.pingTimeout = .milliseconds(200)
        configuration.maximumHTTPBufferBytes = 1_000_000
        configuration.cors = CORSPolicy(origins: .any)
        if engine {
            try await serve(ConformanceServer.echo(configuration))
        } else {
            try await serve(ConformanceServer.answer(configuration))
        }
    }

    /// A bare Engine.IO server.
    private static func echo(_ base: SocketIOConfiguration) -> EngineIO {
        var configuration = base
        configuration.path = "/engine.io/"
        let engine = EngineIO(configuration: configuration)
        engine.onConnection { socket in socket.onMessage { socket.send($0) } }
        return engine
    }

    private static func answer(_ base: SocketIOConfiguration) -> SocketIO {
        var configuration = base
        configuration.connectTimeout = .seconds(1)
        let io = SocketIO(configuration: configuration)
        for name in ["/", "/custom"] {
            io.of(name).onConnection { socket in
                if let auth = socket.handshake.auth { socket.emit("auth", auth) } else { socket.emit("auth", JSONObject { _ in }) }
                socket.on("message") { $0.socket.emit("message-back", $0.arguments) }
                socket.on("message-with-ack") { $0.acknowledge?($0.arguments) }
            }
        }
        return io
    }

    private func serve(_ io: SocketIO) async throws { try await application(SocketIOService(io)).socketIO(io).runService() }

    private func serve(_ engine: EngineIO) async throws {
        try await application(SocketIOService(engine)).engineIO(engine).runService()
    }

    private func application(_ service: SocketIOService) -> some ApplicationProtocol {
        let hostname = hostname
        return Application(
            router: Router(), configuration: ApplicationConfiguration(address: .hostname(hostname, port: port), serverName: nil),
            services: [service],
            onServerRunning: { channel in
                print("listening on http://\(hostname):\(channel.localAddress?.port ?? 0)")
                // A pipe reads the line at once, not when the buffer is full.
                fflush(nil)
            },
            // The suites send requests that depend on each other over several connections, a few milliseconds apart.
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup(numberOfThreads: 1)))
    }
}
