import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import SocketIOServer
import SocketIOTesting
import Testing

@testable import SocketIOHummingbird

@Suite("Socket.IO in a Hummingbird application")
struct ApplicationTests {
    private static let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    private static let anyPort = ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0), serverName: nil)

    private static func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.post("shout") { request, _ in
            var request = request
            return String(buffer: try await request.collectBody(upTo: 1_000)).uppercased()
        }
        return router
    }

    private static func use(_ server: TestServer) async throws {
        let connection = try await server.open()
        for word in ["one", "two", "three"] {
            try await connection.write("POST /shout HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(word.utf8.count)\r\n\r\n\(word)")
            #expect(try await connection.response().body == word.uppercased())
            try await connection.write("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(try await connection.response().body.hasPrefix("0{\"sid\":"))
        }
        try await connection.write(
            """
            GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n
            """)
        #expect(try await connection.response().status == 101)
        let client = try await server.connect()
        #expect(try await client.call("echo", "hello").first.string == "hello")
    }

    @Test("routes, polling and WebSockets share a port, and a connection")
    func onePort() async throws {
        let io = makeEchoRoom()
        try await withTestServer(
            running: { onServerRunning in
                Application(
                    router: Self.router(), configuration: Self.anyPort, services: [SocketIOService(io)],
                    onServerRunning: onServerRunning, logger: Self.silent
                ).socketIO(io)
            }, { try await Self.use($0) })
    }

    @Test("routes, polling and WebSockets also share a port if Hummingbird accepts the connections")
    func plainApplication() async throws {
        let io = makeEchoRoom()
        try await withTestServer(
            running: { onServerRunning in
                Application(
                    router: Self.router(), server: .socketIO(io), configuration: Self.anyPort, services: [SocketIOService(io)],
                    onServerRunning: onServerRunning, logger: Self.silent)
            }, { try await Self.use($0) })
    }

    @Test("the application takes its connections before Hummingbird does")
    func listener() async throws {
        let io = makeEchoRoom()
        let (found, continuation) = AsyncStream.makeStream(of: Bool.self)
        try await withTestServer(
            running: { onServerRunning in
                Application(
                    router: Router(), configuration: Self.anyPort, services: [SocketIOService(io)],
                    onServerRunning: { channel in
                        let isThere: Void? = try? await channel.eventLoop.submit {
                            _ = try channel.pipeline.syncOperations.handler(type: ListenerHandler.self)
                        }.get()
                        continuation.yield(isThere != nil)
                        await onServerRunning(channel)
                    }, logger: Self.silent
                ).socketIO(io)
            }, { _ in })
        #expect(await found.first { _ in true } == true)
    }

    @Test("an answer under way when the application ends is still sent")
    func shutdown() async throws {
        let io = SocketIO(logger: Self.silent)
        let (entries, entry) = AsyncStream.makeStream(of: Void.self)
        let (gates, gate) = AsyncStream.makeStream(of: Void.self)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let router = Router()
        router.get("slow") { _, _ in
            entry.yield()
            for await _ in gates { break }
            return "done"
        }
        let application = Application(
            router: router, configuration: Self.anyPort, services: [SocketIOService(io)],
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: Self.silent
        ).socketIO(io)
        let group = ServiceGroup(configuration: .init(services: [application], logger: Self.silent))
        async let running: Void = group.run()
        let connection = try await RawConnection.open(port: try #require(await ports.first { _ in true }))
        try await connection.write("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        _ = await entries.first { _ in true }
        await group.triggerGracefulShutdown()
        gate.yield()
        #expect(try await connection.response().body == "done")
        await connection.close()
        try await running
    }
}
