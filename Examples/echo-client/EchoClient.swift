import ArgumentParser
import EngineIOCore
import NIOCore
import SocketIOClient

/// The other side of `echo-server`, for any Socket.IO server that answers the event `echo` with what it got.
@main
struct EchoClient: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo-client",
        abstract: "Sends events to a Socket.IO server and checks what comes back.",
        discussion: """
            Without --clients one client sends texts, numbers and binary values, each with and without an acknowledgement. With it, that \
            many clients keep one event each under way for --seconds, and the round trips per CPU-second of this process are printed.

            Example: echo-client http://127.0.0.1:3000 --transport upgrade
            """)

    enum Transport: String, ExpressibleByArgument, CaseIterable {
        case polling, websocket, upgrade

        var value: EngineClientSession.Transports {
            switch self {
            case .polling: .polling
            case .websocket: .webSocket
            case .upgrade: .pollingThenUpgrade
            }
        }
    }

    @Argument(help: "http(s)://host[:port][/namespace]")
    var url: String

    @Option(help: "How packets travel: \(Transport.allCases.map(\.rawValue).joined(separator: ", ")).")
    var transport = Transport.upgrade

    @Option(help: "Measure with this many clients.")
    var clients = 0

    @Option(help: "How long to measure.")
    var seconds = 5

    @Option(help: "How long the clients stay idle before they are measured, for reading the process's memory.")
    var idleSeconds = 0

    func run() async throws {
        var configuration = try SocketIOClientConfiguration(url)
        configuration.connection.transports = transport.value
        configuration.acknowledgementTimeout = .seconds(10)
        if clients > 0 {
            try await Load(clients: clients, seconds: seconds, idleSeconds: idleSeconds).run(configuration.connection)
        } else {
            configuration.reconnection = nil
            try await Self.check(configuration)
            print("ok")
        }
    }

    private static func check(_ configuration: SocketIOClientConfiguration) async throws {
        try await withSocketIOClient(configuration) { client in
            let text = "Grüße, 世界 🎈 \"\\\n"
            let answer = try await client.emitWithAck("echo", text, 42)
            guard answer[0].string == text, answer[1].int == 42 else { throw Mismatch(what: "the acknowledgement of a text and a number") }
            let bytes = ByteBuffer(bytes: (0..<1_000).map { UInt8(truncatingIfNeeded: $0) })
            let binary = try await client.emitWithAck("echo", attachments: [bytes]) { $0.placeholder(0) }
            guard binary.binary(at: 0) == bytes else { throw Mismatch(what: "the acknowledgement of a binary value") }
            let events = client.events("echo")
            var iterator = events.makeAsyncIterator()
            try await client.emit("echo", text)
            guard try await iterator.next()?.arguments.first.string == text else { throw Mismatch(what: "the event") }
            for number in 0..<100 { try await client.emit("echo", number) }
            for number in 0..<100 {
                guard try await iterator.next()?.arguments.first.int == number else { throw Mismatch(what: "the order of events") }
            }
        }
    }

    struct Mismatch: Error, CustomStringConvertible {
        let what: String
        var description: String { "\(what) came back as something else" }
    }
}
