import EngineIOCore
import NIOConcurrencyHelpers
import NIOCore
import NIOSSL
import SocketIOServer
import SocketIOTesting
import Testing

@testable import SocketIOClient

@Suite("The client with a server of ours, on TCP", .timeLimit(.minutes(10)))
struct ClientTests {
    private static let transports: [EngineClientSession.Transports] = [.polling, .webSocket, .pollingThenUpgrade]

    @Test("an event is acknowledged, and comes back when it asks for nothing", arguments: transports)
    func roundTrip(transports: EngineClientSession.Transports) async throws {
        try await withTestServer(makeServer()) { server in
            try await withSocketIOClient(server.client(transports)) { client in
                let events = client.events("echo")
                let answer = try await client.emitWithAck("echo", "hi", 7)
                #expect(answer.all.map(\.description) == [#""hi""#, "7"])
                try await client.emit("echo", true)
                var iterator = events.makeAsyncIterator()
                let next = try await iterator.next()
                let event = try #require(next)
                #expect(event.arguments.first.bool == true && event.acknowledge == nil)
            }
        }
    }

    @Test("binary travels both ways", arguments: transports)
    func binary(transports: EngineClientSession.Transports) async throws {
        try await withTestServer(makeServer()) { server in
            try await withSocketIOClient(server.client(transports)) { client in
                let bytes = ByteBuffer(bytes: (0..<70_000).map { UInt8(truncatingIfNeeded: $0) })
                let answer = try await client.emitWithAck("echo", attachments: [bytes, ByteBuffer(string: "b")]) { writer in
                    writer.placeholder(1)
                    writer.placeholder(0)
                }
                #expect(answer.binary(at: 0) == ByteBuffer(string: "b") && answer.binary(at: 1) == bytes)
            }
        }
    }

    @Test("many messages arrive in order, also while a WebSocket takes over", arguments: transports)
    func order(transports: EngineClientSession.Transports) async throws {
        try await withTestServer(makeServer()) { server in
            try await withSocketIOClient(server.client(transports)) { client in
                let events = client.events("echo")
                for number in 0..<500 { try await client.emit("echo", number) }
                var expected = 0
                for try await event in events {
                    #expect(event.arguments.first.int == expected)
                    expected += 1
                    if expected == 500 { break }
                }
            }
        }
    }

    @Test("a namespace that the server does not know is refused with its message")
    func refused() async throws {
        try await withTestServer(makeServer()) { server in
            try await withSocketIOClient(server.client(namespace: "/unheard")) { client in
                do {
                    try await client.joined()
                    Issue.record("joined")
                } catch SocketIOClientError.joinRefused(let message, _) {
                    #expect(message == "Invalid namespace")
                }
            }
        }
    }

    @Test("auth is asked for before each join, and a middleware sees it")
    func auth() async throws {
        let io = makeServer()
        io.use { request in
            guard request.handshake.auth?["token"]?.string == "secret" else { throw ConnectError(message: "no") }
        }
        try await withTestServer(io) { server in
            let asked = NIOLockedValueBox<[String]>([])
            let configuration = try server.client {
                $0.authentication = .provider { namespace in
                    asked.withLockedValue { $0.append(namespace) }
                    return try JSONSlice(#"{"token":"secret"}"#)
                }
            }
            try await withSocketIOClient(configuration) { client in
                let id = try await client.joined()
                #expect(!id.isEmpty)
            }
            #expect(asked.withLockedValue { $0 } == ["/"])
            let wrong = try server.client { $0.authentication = .value(try! JSONSlice(#"{"token":"x"}"#)) }
            try await withSocketIOClient(wrong) { client in
                _ = await #expect(throws: SocketIOClientError.self) { try await client.joined() }
            }
        }
    }

    @Test("an acknowledgement that does not come ends with its time")
    func acknowledgementTimeout() async throws {
        try await withTestServer(makeServer()) { server in
            try await withSocketIOClient(server.client()) { client in
                do {
                    _ = try await client.emitWithAck("silent", timeout: .milliseconds(20))
                    Issue.record("it was acknowledged")
                } catch SocketIOClientError.acknowledgementTimeout {}
                _ = try await client.emitWithAck("echo")
            }
        }
    }

    @Test("a server that ends the namespace ends what waits, and nobody returns unasked")
    func kicked() async throws {
        try await withTestServer(makeServer()) { server in
            try await withSocketIOClient(server.client()) { client in
                let events = client.events()
                try await client.joined()
                do {
                    _ = try await client.emitWithAck("kick")
                    Issue.record("it was acknowledged")
                } catch SocketIOClientError.disconnected {}
                for try await event in events { Issue.record("an event: \(event.name)") }
                await #expect(throws: SocketIOClientError.self) { try await client.emit("echo") }
                client.connect()
                _ = try await client.emitWithAck("echo")
            }
        }
    }

    @Test("a lost connection is made again after the reference's delay, and what was sent meanwhile arrives", arguments: transports)
    func reconnect(transports: EngineClientSession.Transports) async throws {
        let io = makeServer()
        try await withTestServer(io) { server in
            let clock = InstantClock()
            let configuration = try server.client(transports) {
                $0.clock = clock
                $0.random = { 0.5 }
            }
            try await withSocketIOClient(configuration) { client in
                let first = try await client.joined()
                var states = client.states.makeAsyncIterator()
                let present = await states.next()
                #expect(present == .connected)
                client.abortConnection()
                while let state = await states.next() {
                    if case .waiting = state { break }
                }
                let answer = try await client.emitWithAck("echo", 1)
                #expect(answer.first.int == 1)
                let second = try await client.joined()
                #expect(first != second)
            }
            #expect(clock.sleeps.count == 1)
            #expect(abs((clock.sleeps.first ?? .zero) / .seconds(1) - 1.25) < 0.01)
        }
    }

    @Test("attempts that are used up end the client, and nobody waits in vain")
    func attempts() async throws {
        let clock = InstantClock()
        // Nobody listens on port 1.
        var configuration = try SocketIOClientConfiguration("http://127.0.0.1:1")
        configuration.clock = clock
        configuration.reconnection = ReconnectionPolicy(maximumAttempts: 3)
        try await withSocketIOClient(configuration) { client in
            await #expect(throws: SocketIOClientError.self) { try await client.emitWithAck("echo") }
            await #expect(throws: SocketIOClientError.self) { try await client.emit("echo") }
        }
        #expect(clock.sleeps.count == 3)
    }

    @Test("TLS settings that are of no use end a client at once, instead of failing each of its attempts")
    func unusableTLS() async throws {
        var configuration = try SocketIOClientConfiguration("https://127.0.0.1:1")
        configuration.connection.tls.trustRoots = .file("/nowhere/roots.pem")
        do {
            try await withSocketIOClient(configuration) { _ -> Void in Issue.record("it has begun") }
            Issue.record("nothing was thrown")
        } catch SocketIOClientError.connectFailed {}
    }

    @Test("with retries an event is sent until it is acknowledged, with one offset for all tries")
    func retries() async throws {
        let io = makeServer()
        let seen = NIOLockedValueBox<[String]>([])
        io.onConnection { socket in
            socket.on("save") { request in
                let offsets = seen.withLockedValue { seen in
                    seen.append(request.arguments.all.last?.string ?? "")
                    return seen
                }
                if offsets.count >= 3 { request.acknowledge?("saved") }
            }
        }
        try await withTestServer(io) { server in
            let configuration = try server.client {
                $0.retries = .init(maximumRetries: 1_000, acknowledgementTimeout: .milliseconds(100), appendsOffset: true)
            }
            try await withSocketIOClient(configuration) { client in
                let answer = try await client.emitWithAck("save", "x")
                #expect(answer.first.string == "saved")
                try await client.emit("save", "y")
            }
            let offsets = seen.withLockedValue { $0 }
            #expect(Set(offsets.prefix(3)).count == 1 && offsets.count >= 4 && offsets[0] != offsets[offsets.count - 1])
        }
    }

    @Test("a try is not made more often than the policy says")
    func retriesEnd() async throws {
        let io = makeServer()
        let tries = NIOLockedValueBox(0)
        io.onConnection { socket in socket.on("lost") { _ in tries.withLockedValue { $0 += 1 } } }
        try await withTestServer(io) { server in
            let configuration = try server.client { $0.retries = .init(maximumRetries: 2, acknowledgementTimeout: .milliseconds(10)) }
            try await withSocketIOClient(configuration) { client in
                _ = await #expect(throws: SocketIOClientError.self) { try await client.emit("lost") }
            }
            #expect(tries.withLockedValue { $0 } == 3)
        }
    }

    @Test("as many events wait for a connection as the limit says, and an event that may be lost waits never")
    func bufferLimit() async throws {
        try await withTestServer(makeServer()) { server in
            let gate = AsyncStream.makeStream(of: Void.self)
            let configuration = try server.client {
                $0.limits.maximumBufferedEvents = 2
                $0.authentication = .provider { _ in
                    for await _ in gate.stream { break }
                    return nil
                }
            }
            try await withSocketIOClient(configuration) { client in
                let events = client.events("echo")
                try await client.emit("echo", 1)
                try await client.emit("echo", 2)
                await #expect(throws: SocketIOClientError.self) { try await client.emit("echo", 3) }
                try await client.emitVolatile("echo", 4)
                gate.continuation.yield()
                try await client.joined()
                try await client.emit("echo", 5)
                var numbers: [Int?] = []
                for try await event in events {
                    numbers.append(event.arguments.first.int)
                    if numbers.count == 3 { break }
                }
                #expect(numbers == [1, 2, 5])
            }
        }
    }

    @Test("a sequence holds as many events as the limit says, and the next one ends it with an error")
    func unreadLimit() async throws {
        try await withTestServer(makeServer()) { server in
            let configuration = try server.client { $0.limits.maximumUnreadEvents = 2 }
            try await withSocketIOClient(configuration) { client in
                let events = client.events("echo")
                for number in 0..<3 { try await client.emit("echo", number) }
                _ = try await client.emitWithAck("echo")
                var count = 0
                await #expect(throws: SocketIOClientError.self) { for try await _ in events { count += 1 } }
                #expect(count == 2)
            }
        }
    }

    @Test("a cancelled wait ends at once, and the client with its task")
    func cancelled() async throws {
        try await withTestServer(makeServer()) { server in
            let configuration = try server.client { $0.acknowledgementTimeout = nil }
            let task = Task {
                try await withSocketIOClient(configuration) { client in
                    try await client.joined()
                    _ = try await client.emitWithAck("silent")
                }
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test("handlers are called on the loop, and acknowledge what asks for it")
    func handlers() async throws {
        try await withTestServer(makeServer()) { server in
            try await withSocketIOClient(server.client()) { client in
                let (names, continuation) = AsyncStream.makeStream(of: String.self)
                client.on("echo") { event in
                    event.acknowledge?("taken")
                    continuation.yield("\(event.name) \(event.arguments.count) \(client.eventLoop.inEventLoop)")
                }
                try await client.emit("echo", 1, 2)
                var iterator = names.makeAsyncIterator()
                let called = await iterator.next()
                #expect(called == "echo 2 true")
                client.off("echo")
                let events = client.events("echo")
                try await client.emit("echo")
                var rest = events.makeAsyncIterator()
                _ = try await rest.next()
                continuation.finish()
                let last = await iterator.next()
                #expect(last == nil, "the handler is gone")
            }
        }
    }
}

extension ClientSocket {
    /// Loses the connection as a broken network would.
    fileprivate func abortConnection() { run { $0.abortConnection() } }
}
