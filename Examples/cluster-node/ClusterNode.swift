import ArgumentParser
import Foundation
import Hummingbird
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import RedisClient
import RedisCore
import SocketIOClusterCore
import SocketIOHummingbird
import SocketIORedis

/// One of several servers that Redis joins, together with servers on Node: what a client asks for here happens on all of them.
@main
struct ClusterNode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster-node",
        abstract: "A Socket.IO server in a cluster, beside others in Swift or on Node.",
        discussion: """
            Events, each acknowledged: join ROOM; broadcast ROOM TEXT (the room gets "news"); fetch ROOM (ids of the members); \
            socketsJoin ROOM OTHER and socketsLeave ROOM OTHER; askServers TEXT (answers of the other servers to "question"); \
            askClients ROOM TEXT (answers of the clients to "question").

            Example: cluster-node --port 3000 --redis redis://localhost --adapter classic
            """)

    enum AdapterName: String, ExpressibleByArgument { case classic, sharded, streams }

    @Option(help: "The port to listen on; 0 picks a free one.")
    var port = 3000

    @Option(help: "The server of Redis.")
    var redis = "redis://localhost"

    @Option(help: "The adapter that all servers of the cluster use.")
    var adapter: AdapterName = .classic

    @Option(help: "What this server calls itself when others ask.")
    var name = "swift"

    func run() async throws {
        let logger = Logger(label: "cluster-node", factory: { StreamLogHandler.standardError(label: $0) })
        func connect() async throws -> RedisClient {
            let client = try RedisClient(
                RedisConfiguration(url: redis), on: MultiThreadedEventLoopGroup.singleton.next(), logger: logger)
            try await client.ready(within: .seconds(5))
            return client
        }
        let (client, reader) = (try await connect(), try await connect())
        let kind: RedisAdapterKind =
            switch adapter {
            case .classic: .classic()
            case .sharded: .sharded()
            case .streams: .streams()
            }
        var configuration = SocketIOConfiguration()
        configuration.cors = CORSPolicy(origins: .any)
        configuration.adapter = RedisAdapter.factory(
            client, reader: reader, configuration: RedisAdapterConfiguration(kind), logger: logger)
        let io = SocketIO(configuration: configuration, logger: logger)
        let (namespace, name) = (io.of("/"), name)
        namespace.onServerSide("question") { event in event.acknowledge("\(name): \(event.arguments.first?.string ?? "")") }
        io.onConnection { socket in serve(socket, namespace) }
        let port = port
        let application = Application(
            router: Router(), configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port), serverName: nil),
            services: [SocketIOService(io)],
            onServerRunning: { channel in
                // A line at once, not when a buffer is full.
                try? FileHandle.standardOutput.write(
                    contentsOf: Data("listening on http://127.0.0.1:\(channel.localAddress?.port ?? 0)\n".utf8))
            }, logger: logger)
        try await application.socketIO(io).runService()
        await client.close()
        await reader.close()
    }
}

private func serve(_ socket: ServerSocket, _ namespace: Namespace) {
    socket.data = "on Swift"
    socket.on("join") { request in
        request.socket.join(request.arguments[0].string ?? "")
        request.acknowledge?()
    }
    socket.on("broadcast") { request in
        namespace.to(request.arguments[0].string ?? "").emit("news", request.arguments[1])
        request.acknowledge?()
    }
    socket.on("socketsJoin") { request in
        namespace.in(request.arguments[0].string ?? "").socketsJoin(request.arguments[1].string ?? "")
        request.acknowledge?()
    }
    socket.on("socketsLeave") { request in
        namespace.in(request.arguments[0].string ?? "").socketsLeave(request.arguments[1].string ?? "")
        request.acknowledge?()
    }
    socket.on("fetch", concurrently: true) { request in
        let sockets = try? await namespace.in(request.arguments[0].string ?? "").fetchSockets()
        request.acknowledge?((sockets ?? []).map(\.id).sorted())
    }
    socket.on("askServers", concurrently: true) { request in
        let answers = try? await namespace.serverSideEmitWithAck("question", request.arguments[0])
        request.acknowledge?(answers ?? [])
    }
    socket.on("askClients", concurrently: true) { request in
        let packet = EventPacket("question", [request.arguments[1]])
        guard let servers = try? await namespace.adapter.serverCount() else { return }
        let collected = NIOLockedValueBox((missingServers: servers, missingAnswers: 0, answers: [JSONSlice]()))
        let finish: @Sendable () -> Void = {
            let answers = collected.withLockedValue { $0.missingServers == 0 && $0.missingAnswers == 0 ? $0.answers : nil }
            if let answers { request.acknowledge?(answers) }
        }
        let room = request.arguments[0].string ?? ""
        namespace.adapter.broadcastWithAck(packet, to: BroadcastOptions(rooms: [room])) { count in
            collected.withLockedValue {
                $0.missingServers -= 1
                $0.missingAnswers += count
            }
            finish()
        } acknowledgement: { answer in
            collected.withLockedValue {
                $0.missingAnswers -= 1
                $0.answers.append(answer.value)
            }
            finish()
        }
    }
}
