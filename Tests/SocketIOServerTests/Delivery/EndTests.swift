import EngineIOCore
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOPosix
import SocketIOCore
import Testing

@testable import SocketIOServer

@Suite("The end of a server")
struct EndTests {
    private func configuration(_ change: (inout SocketIOConfiguration) -> Void = { _ in }) -> SocketIOConfiguration {
        var configuration = SocketIOConfiguration()
        change(&configuration)
        return configuration
    }

    @Test("handlers that run have a time of grace, in which they are not cancelled", .timeLimit(.minutes(10)))
    func grace() async throws {
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let (closed, close) = AsyncStream.makeStream(of: Void.self)
        let wasCancelled = Recorder<Bool>()
        try await withLinkedClient(
            configuration { $0.handlerGracePeriod = .seconds(3_600) },
            register: { io in
                io.onConnection { socket in
                    socket.on(
                        "n",
                        perform: { _ in
                            begin.yield()
                            for await _ in closed { break }
                            wasCancelled.append(Task.isCancelled)
                        })
                    socket.onDisconnect { _ in close.yield() }
                }
            }
        ) { io, loop, client in
            try await loop.submit { client.value.receive([#"42["n"]"#]) }.get()
            for await _ in begun { break }
            await io.shutdown()
            #expect(wasCancelled.all == [false])
        }
    }

    @Test("handlers that go on after their grace are cancelled", .timeLimit(.minutes(10)))
    func cancelled() async throws {
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let wasCancelled = Recorder<Bool>()
        try await withLinkedClient(
            configuration {
                $0.handlerGracePeriod = .zero
                $0.handlerCancellationTimeout = .seconds(3_600)
            },
            register: { io in
                io.onConnection { socket in
                    socket.on(
                        "n", concurrently: true,
                        perform: { _ in
                            begin.yield()
                            await forever()
                            wasCancelled.append(Task.isCancelled)
                        })
                }
            }
        ) { io, loop, client in
            io.use { _ in
                begin.yield()
                await forever()
                wasCancelled.append(Task.isCancelled)
            }
            try await loop.submit { client.value.receive([#"42["n"]"#, #"42["n"]"#, "41", "40"]) }.get()
            var count = 0
            for await _ in begun {
                count += 1
                if count == 3 { break }
            }
            await io.shutdown()
            #expect(wasCancelled.all == [true, true, true])
        }
    }

    @Test("a handler that ignores its cancellation does not keep the server", .timeLimit(.minutes(10)))
    func stubborn() async throws {
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let (released, release) = AsyncStream.makeStream(of: Void.self)
        let (done, finish) = AsyncStream.makeStream(of: Void.self)
        let ended = Recorder<Bool>()
        try await withLinkedClient(
            configuration {
                $0.handlerGracePeriod = .zero
                $0.handlerCancellationTimeout = .zero
            },
            register: { io in
                io.onConnection { socket in
                    socket.on(
                        "n",
                        perform: { _ in
                            begin.yield()
                            // Waits in a task of its own, which nobody cancels.
                            await Task { for await _ in released { break } }.value
                            ended.append(true)
                            finish.finish()
                        })
                }
            }
        ) { io, loop, client in
            try await loop.submit { client.value.receive([#"42["n"]"#]) }.get()
            for await _ in begun { break }
            await io.shutdown()
            #expect(ended.all == [])
            release.yield()
            for await _ in done {}
            #expect(ended.all == [true])
        }
    }

    @Test("what was sent before the end still reaches its clients")
    func lastWords() async throws {
        try await withLinkedClient { io, loop, client in
            try await loop.submit {
                client.value.socket.join("r")
                for number in 0..<3 { io.to("r").emit("n", number) }
            }.get()
            await io.shutdown()
            try await loop.submit {
                #expect(client.value.link.messages.suffix(3) == (0..<3).map { "42[\"n\",\($0)]" })
                #expect(client.value.link.isClosed)
            }.get()
        }
    }

    @Test("handlers and middlewares are let go, and none is registered any more")
    func registered() async throws {
        let gone = Recorder<Int>()
        let io = SocketIO()
        for number in 0..<2 {
            let canary = Canary { gone.append(number) }
            if number == 0 { io.use { _ in canary.touch() } } else { io.onConnection { _ in canary.touch() } }
        }
        await io.shutdown()
        #expect(gone.all.sorted() == [0, 1])
        let late = Canary { gone.append(2) }
        io.use { _ in late.touch() }
        #expect(io.of("/").middlewares.isEmpty)
    }

    @Test("a handler's end may use the server, whose lock is not held then", .timeLimit(.minutes(10)))
    func endUsesServer() async throws {
        let io = SocketIO()
        let counts = Recorder<Int>()
        func register() {
            let canary = Canary { [weak io] in counts.append(io?.statistics.sockets ?? -1) }
            io.onConnection { _ in canary.touch() }
        }
        register()
        await io.shutdown()
        #expect(counts.all == [0])
    }

    @Test("a session that opens while the server ends is closed, also on a loop that had none")
    func lateSession() async throws {
        try await withLinkedClient { io, loop, _ in
            await io.shutdown()
            #expect(!io.openSession(from: "", polls: false, handshakeBytes: 0))
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            for loop in [loop, group.next()] {
                let isClosed = try await loop.submit { () -> Bool in
                    let shard = io.shard(for: loop).shard.value
                    let connection = EngineConnection(
                        shard: shard, sid: shard.makeSessionID(), handshake: Handshake(), transport: .websocket)
                    connection.open()
                    return connection.session.isClosed && shard.sessions.isEmpty
                }.get()
                #expect(isClosed)
            }
            try await group.shutdownGracefully()
        }
    }

    @Test("whoever still holds a socket or a reference after the end may use it, and nothing happens")
    func heldOn() async throws {
        let loop = EmbeddedEventLoop()
        weak var server: SocketIO?
        var held: LinkedClient?
        do {
            let io = SocketIO(logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
            server = io
            held = LinkedClient(io, on: loop)
            io.shard(for: loop).shard.value.end()
        }
        #expect(server == nil)
        let client = try #require(held)
        let reference = client.socket.reference
        client.socket.emit("x")
        client.socket.to("r").emit("x")
        client.socket.broadcast.emit("x")
        client.socket.join("r")
        client.socket.disconnect(close: true)
        reference.emit("x")
        reference.join("r")
        reference.perform { $0.emit("x") }
        client.transport.receive(LinkedClient.frames([#"42["x"]"#]))
        client.transport.shutDown()
        client.transport.inactive(error: true)
        loop.run()
        loop.advanceTime(by: .seconds(60))
        #expect(client.link.messages.count == 2)
        #expect(client.socket.rooms.isEmpty)
        try loop.close()
    }

    @Test("nothing is left of a server, its sessions and its handlers, whatever they were in the middle of", .timeLimit(.minutes(10)))
    func nothingIsLeft() async throws {
        let watched = Watched()
        try await watched.run(
            configuration {
                $0.handlerGracePeriod = .zero
                $0.handlerCancellationTimeout = .seconds(3_600)
            })
        #expect(watched.survivors == [])
        #expect(watched.count > 20)
    }
}

/// Waits until it is cancelled.
private func forever() async {
    let (never, _) = AsyncStream.makeStream(of: Void.self)
    for await _ in never {}
}

/// Tells when it goes.
private final class Canary: Sendable {
    private let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    func touch() {}
    deinit { body() }
}

/// A server with clients in the middle of everything, and weak references to its parts.
private final class Watched: Sendable {
    private struct Reference: @unchecked Sendable {
        let name: String
        // Only ever read after the loops and tasks have ended that could change it.
        weak var object: AnyObject?
    }

    private let references = NIOLockedValueBox<[Reference]>([])

    var count: Int { references.withLockedValue { $0.count } }
    var survivors: [String] { references.withLockedValue { $0.filter { $0.object != nil }.map(\.name) } }

    private func watch(_ object: AnyObject, _ name: String) {
        references.withLockedValue { $0.append(Reference(name: name, object: object)) }
    }

    func run(_ configuration: SocketIOConfiguration) async throws {
        let (began, begin) = AsyncStream.makeStream(of: Void.self)
        try await LoopPair.with(configuration) { pair in
            let io = pair.io
            watch(io, "server")
            io.use { [self] request in
                watch(Token(request.namespace), "a middleware's value")
                request.data = Token("data")
                if request.handshake.auth != nil {
                    begin.yield()
                    await forever()
                }
            }
            io.onConnection { [self] socket in
                watch(socket, "socket")
                if let data = socket.data as? Token { watch(data, "data") }
                let state = Token("state of a handler")
                watch(state, "state of a handler")
                socket.join("r")
                // A handler that holds its socket, as many do.
                socket.on("n") { [io] request in
                    _ = (socket, state)
                    io.to("r").emit("n", String(repeating: "n", count: 50_000))
                    request.socket.emit("ask", timeout: .hours(1)) { _ in _ = (socket, state) }
                }
                socket.on(
                    "wait",
                    perform: { request in
                        begin.yield()
                        await forever()
                        request.acknowledge?(1)
                    })
                socket.onAny { _ in _ = socket }
                socket.onUnhandled { _ in _ = socket }
                socket.onDisconnect { _ in _ = (socket, state) }
            }
            let clients = try await connect(pair)
            // Broadcasts on their way, acknowledgements that are owed, handlers that wait, and events behind them.
            clients[0].send([#"42["n"]"#, #"420["wait",1]"#, #"42["n"]"#, #"42["other"]"#])
            clients[1].send([#"42["wait"]"#, #"42["n"]"#, "452-[\"n\",1]"])
            var count = 0
            for await _ in began {
                count += 1
                if count == 3 { break }
            }
            for loop in pair.loops {
                try await loop.submit { [self] in
                    let shard = io.shard(for: loop).shard.value
                    watch(shard, "shard")
                    for connection in shard.connections.all {
                        watch(connection, "connection")
                        watch(connection.sockets, "sockets of a connection")
                        for transport in [connection.webSocket, connection.probe] {
                            if let transport {
                                watch(transport, "transport")
                                watch(transport.link, "link")
                            }
                        }
                    }
                    for room in shard.main.rooms.values { watch(room, "room") }
                }.get()
            }
            for peer in peers.withLockedValue({ $0 }) {
                try await peer.eventLoop.submit { [self] in
                    let operations = peer.pipeline.syncOperations
                    if let handler = try? operations.handler(type: WebSocketHandler.self) { watch(handler, "WebSocket handler") }
                    if let handler = try? operations.handler(type: HTTPFrontHandler.self) { watch(handler, "HTTP handler") }
                    if let handler = try? operations.handler(type: OpeningHandler.self) { watch(handler, "first handler") }
                }.get()
            }
            await io.shutdown()
            for client in clients { try? await client.close() }
            for peer in peers.withLockedValue({ $0 }) { try? await peer.closeFuture.get() }
            peers.withLockedValue { $0 = [] }
        }
    }

    private let peers = NIOLockedValueBox<[any Channel]>([])

    /// Two that have joined, one whose middleware decides, one that has not joined, one that polls, one in the middle of an upgrade to
    /// another loop, and one in the middle of a request.
    private func connect(_ pair: LoopPair) async throws -> [SocketClient] {
        let webSocket = "/socket.io/?EIO=4&transport=websocket"
        var clients: [SocketClient] = []
        func open() async throws -> SocketClient {
            let (client, peer) = try await pair.connect()
            peers.withLockedValue { $0.append(peer) }
            clients.append(client)
            return client
        }
        for message in ["40", "40", #"40{"wait":1}"#, nil] {
            let client = try await open().upgrade(webSocket)
            _ = try await client.next()
            guard let message else { continue }
            client.send([message])
            if message == "40" { _ = try await client.next() }
        }
        let poller = try await open()
        let handshake = try await poller.ask("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n", until: "}")
        let sid = String(handshake.split(separator: "\"sid\":\"").last?.prefix(20) ?? "")
        let upgrading = try await open().upgrade("\(webSocket)&sid=\(sid)")
        upgrading.send(["2probe"])
        _ = try await upgrading.next()
        _ = try await open().ask("GET /socket.io/?EIO=3 HTTP/1.1\r\nHost: x\r\n\r\nPOST /socket.io/", until: "}")
        return clients
    }

    private final class Token: Sendable {
        let name: String
        init(_ name: String) { self.name = name }
    }
}
