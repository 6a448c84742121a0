import Hummingbird
import NIOConcurrencyHelpers
import NIOCore
import SocketIOClient
import SocketIOHummingbird
import SocketIOServer
import SocketIOTesting
import Testing

// The calls of the page for those who come from Node. `scripts/check-examples` looks for each of them in this file.

@Suite("The calls that replace those of Node")
struct NodeCallsTests {
    private struct Refusal: Error {}

    private func configure(_ configuration: inout SocketIOConfiguration) {
        configuration.path = "/socket.io/"
        configuration.transports = [.polling, .websocket]
        configuration.allowUpgrades = true
        configuration.pingInterval = .seconds(25)
        configuration.pingTimeout = .seconds(20)
        configuration.connectTimeout = .seconds(45)
        configuration.upgradeTimeout = .seconds(10)
        configuration.maximumHTTPBufferBytes = 1_000_000
        configuration.perMessageDeflate = nil
        configuration.httpCompression = nil
        configuration.cors = CORSPolicy()
        configuration.cookie = nil
        configuration.servesClient = true
        configuration.adapter = { $0 }
        configuration.recovery = nil
        configuration.recoverySkipsMiddlewares = true
        configuration.cleanupEmptyChildNamespaces = true
        configuration.httpMiddlewares.append { request in if request.target.isEmpty { throw Refusal() } }
        configuration.allowRequest = .immediate { handshake in nil }
    }

    /// Not called: it would start a server.
    private func run(_ application: some ApplicationProtocol, _ configuration: SocketIOConfiguration) async throws {
        let io = SocketIO(configuration: configuration)
        try await application.socketIO(io).runService()
    }

    private func register(_ io: SocketIO, _ seen: NIOLockedValueBox<[String]>) {
        _ = io.of("/admin")
        _ = io.of(matching: /\/room-\d+/)
        _ = io.of { name, auth in name.hasPrefix("/tenant-") }
        io.use { request in
            guard request.handshake.auth?["token"]?.string == "x" else {
                throw ConnectError(message: "no", data: JSONSlice(writing: 1))
            }
        }
        io.of("/").onRoomEvent { event in seen.withLockedValue { if case .created(let room) = event { $0.append("room \(room)") } } }
        io.onServerSide("reload") { event in event.acknowledge() }
        io.onConnection { socket in
            let parts: [String?] = [socket.id, socket.rooms.first, socket.data as? String, socket.handshake.auth?["token"]?.string]
            let more: [String?] = [socket.handshake.query["x"], socket.handshake.header("x"), socket.handshake.address]
            #expect(parts.count + more.count == 7 && !socket.recovered)
            let any = socket.onAny { request in seen.withLockedValue { $0.append("any \(request.name)") } }
            socket.onAnyOutgoing { arguments in seen.withLockedValue { $0.append("out \(arguments.name)") } }
            socket.use { request in if request.name == "forbidden" { throw Refusal() } }
            socket.onError { error, request in seen.withLockedValue { $0.append("error \(request.name)") } }
            socket.once("ready") { _ in }
            socket.off("ready")
            socket.on("move") { request in
                request.acknowledge?(1, "x")
            }
            let reference = socket.reference
            socket.on("ask") { (request: AsyncEventRequest) in
                let answer = try? await reference.emitWithAck("question", timeout: .seconds(5))
                request.acknowledge?(answer?.first ?? .null)
            }
            socket.on("everything") { request in
                let socket = request.socket
                socket.offAny(any)
                socket.join("r")
                socket.leave("other")
                socket.emit("news", 1)
                socket.emit("file", ByteBuffer(bytes: [1, 2]))
                socket.volatile.emit("position", 1)
                socket.compress(false).emit("news", 2)
                socket.to("r").emit("news")
                socket.broadcast.emit("news")
                io.emit("news", 1)
                io.to("r").to("s").except("t").emit("news")
                io.local.volatile.compress(false).emit("news")
                io.in("r").socketsJoin("s")
                io.in("r").socketsLeave("s")
                io.in("t").disconnectSockets(close: true)
                io.serverSideEmit("reload", 1)
                socket.timeout(.seconds(5)).emit("question") { result in
                    if case .success(let answer) = result { request.acknowledge?(answer) }
                }
            }
            socket.on("out") { _ in socket.disconnect(close: true) }
            socket.onDisconnecting { reason in seen.withLockedValue { $0.append("leaves: \(reason.rawValue)") } }
            socket.onDisconnect { reason in seen.withLockedValue { $0.append("left: \(reason.rawValue)") } }
        }
    }

    @Test("the server's calls do what those of Node do")
    func server() async throws {
        var configuration = SocketIOConfiguration()
        configure(&configuration)
        let io = SocketIO(configuration: configuration)
        let seen = NIOLockedValueBox<[String]>([])
        register(io, seen)
        try await withTestServer(inProcess: io) { server in
            await #expect(throws: TestClientError.self) { try await server.connect() }
            let ann = try await server.connect(auth: JSONObject { $0.field("token", "x") })
            #expect(io.statistics.connections >= 1)
            #expect(try await ann.call("move", 1).all.map(\.description) == ["1", "\"x\""])
            async let asked = ann.call("ask")
            try await ann.acknowledge(try await ann.next { $0.name == "question" }, "yes")
            #expect(try await asked.first.string == "yes")
            async let answered = ann.call("everything")
            try await ann.acknowledge(try await ann.next { $0.name == "question" }, "again")
            #expect(try await answered.first.string == "again")
            try await ann.expect("news", 1)
            try await ann.expect("file")
            try await ann.expect("position", 1)
            try await ann.expect("news", 2)
            try await ann.expect("news", 1)
            try await ann.expect("news")
            try await ann.expect("news")
            try await ann.expectNothing()
            async let polled = try await io.timeout(.seconds(5)).emitWithAck("poll")
            try await ann.acknowledge(try await ann.next { $0.name == "poll" }, 7)
            #expect(try await polled.map(\.value.int) == [7])
            #expect(try await io.in("r").fetchSockets().map(\.id) == [ann.id])
            #expect(try await io.of("/").serverSideEmitWithAck("reload").isEmpty)
            try await ann.emit("forbidden")
            try await ann.emit("out")
            try await ann.closed()
        }
        await io.shutdown()
        let all = seen.withLockedValue { $0 }
        #expect(all.contains("any move") && all.contains("out news") && all.contains("room r") && all.contains("error forbidden"))
        #expect(all.suffix(2) == ["leaves: server namespace disconnect", "left: server namespace disconnect"])
    }

    @Test("the client's calls do what those of Node do")
    func client() async throws {
        let io = SocketIO()
        _ = io.of("/admin")
        io.onConnection { socket in
            socket.on("move") { request in
                request.socket.emit("news", request.arguments)
                request.acknowledge?()
            }
            socket.on("ask") { $0.acknowledge?(1) }
        }
        try await withTestServer(io) { server in
            var settings = try SocketIOClientConfiguration("http://127.0.0.1:\(server.port)")
            settings.authentication = .provider { namespace in nil }
            settings.authentication = .value(JSONSlice(writing: JSONObject { $0.field("token", "x") }))
            settings.connection.transports = .webSocket
            settings.reconnection = ReconnectionPolicy(delay: .seconds(1), maximumDelay: .seconds(5))
            settings.retries = .init(maximumRetries: 3, acknowledgementTimeout: .seconds(10))
            let seen = NIOLockedValueBox(0)
            try await withSocketIOClient(settings) { client in
                client.on("news") { event in seen.withLockedValue { $0 += event.arguments.first.int ?? 0 } }
                let events = client.events("news")
                #expect(try await !client.joined().isEmpty)
                let isRecovered = await client.isRecovered
                #expect(!isRecovered)
                try await client.emit("move", 1)
                try await client.emitVolatile("position", 1)
                for try await event in events {
                    #expect(event.arguments.first.int == 1)
                    break
                }
                let answer = try await client.emitWithAck("ask")
                #expect(answer.first.int == 1 && seen.withLockedValue { $0 } == 1)
                let admin = client.of("/admin")
                _ = try await admin.joined()
                client.disconnect()
                client.connect()
                _ = try await client.joined()
                for await state in client.states {
                    #expect(state == .connected)
                    break
                }
            }
        }
    }
}
