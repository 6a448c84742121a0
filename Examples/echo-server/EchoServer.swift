import ArgumentParser
import Foundation
import Hummingbird
import Logging
import SocketIOHummingbird

/// The server that benchmarks and conformance probes talk to: Socket.IO with the reference's defaults, open to every origin.
@main
struct EchoServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo-server",
        abstract: "Answers every event it knows with what it got.",
        discussion: """
            Events: echo (answered by the acknowledgement, or by the same event when none is asked), join ROOM (acknowledged), \
            say (sent to everybody in the room "room"). GET /stalls answers with the longest time, in microseconds, that each event loop was held.

            Example: echo-server --port 3000
            """)

    @Option(help: "The address to listen on.")
    var hostname = "127.0.0.1"

    @Option(help: "The port to listen on; 0 picks a free one.")
    var port = 3000

    @Flag(help: "Keep sessions and events for clients that come back.")
    var recovery = false

    @Flag(help: "Decode the argument of echo, {\"text\":string,\"count\":integer}, and encode the answer.")
    var typed = false

    private struct Note: Codable {
        let text: String
        let count: Int
    }

    func run() async throws {
        DescriptorLimit.raise()
        var configuration = SocketIOConfiguration()
        configuration.cors = CORSPolicy(origins: .any)
        // As many as its descriptors allow: measurements hold more clients than the default.
        configuration.maximumConnections = 1 << 20
        if recovery { configuration.recovery = RecoveryLimits() }
        var logger = Logger(label: "echo-server", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .warning
        let io = SocketIO(configuration: configuration, logger: logger)
        io.onConnection { [typed] socket in
            if typed {
                socket.on(Event<Note, Note>("echo")) { $0.payload }
            } else {
                socket.on("echo") { request in
                    if let acknowledge = request.acknowledge {
                        acknowledge(request.arguments)
                    } else {
                        request.socket.emit("echo", request.arguments)
                    }
                }
            }
            socket.on("join") { request in
                request.socket.join(request.arguments.first.string ?? "room")
                request.acknowledge?()
            }
            socket.on("say") { [io] request in io.to("room").emit("say", request.arguments.first) }
        }
        let router = Router()
        router.get("stalls") { [io] _, _ in "\(io.statistics.longestStalls.map { Int($0 / .microseconds(1)) })" }
        let hostname = hostname
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname(hostname, port: port), serverName: nil, backlog: 4_096),
            services: [SocketIOService(io)],
            onServerRunning: { channel in
                print("listening on http://\(hostname):\(channel.localAddress?.port ?? 0)")
                // A pipe reads the line at once, not when the buffer is full.
                fflush(nil)
            }, logger: logger)
        try await application.socketIO(io).runService()
    }
}
