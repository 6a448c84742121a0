import Hummingbird
import NIOCore
import SocketIOServer
import SocketIOTesting
import Testing
import WebSocketCore

@Suite("The client and the server of the test kit")
struct TestClientTests {
    struct Note: Codable, Equatable { var text: String }
    static let echo = Event<Note, Note>("echo")
    static let said = Event<Note, Void>("said")

    @Test("a call returns its acknowledgement")
    func call() async throws {
        try await withTestServer(makeEchoRoom()) { server in
            let client = try await server.connect()
            #expect(!client.id.isEmpty)
            #expect(try await client.call("echo", "grün \"🦆\"").first.string == "grün \"🦆\"")
            #expect(try await client.call(Self.echo, Note(text: "typed")) == Note(text: "typed"))
        }
    }

    @Test("a message reaches the other members of the room, in order")
    func room() async throws {
        try await withTestServer(makeEchoRoom()) { server in
            let ann = try await server.connect(), ben = try await server.connect(), cleo = try await server.connect()
            for member in [ann, ben] { _ = try await member.call("join", "r") }
            for number in 0..<100 { try await ann.emit("say", "r", number) }
            _ = try await ann.call("say", "r", JSONObject { $0.field("text", "last") })
            for number in 0..<100 { #expect(try await ben.next("said").first.int == number) }
            #expect(try await ben.next(Self.said) == Note(text: "last"))
            #expect(ann.unread.count == 101)
            _ = try await cleo.call("echo")
            #expect(cleo.unread.isEmpty)
        }
    }

    @Test("a refused connect is thrown with its message and data")
    func refused() async throws {
        try await withTestServer(makeEchoRoom()) { server in
            do {
                _ = try await server.connect(auth: JSONObject { $0.field("token", "wrong") })
                Issue.record("connected")
            } catch TestClientError.connectRefused(let message, let data) {
                #expect(message == "unauthorized")
                #expect(data?["code"]?.string == "token_invalid")
            }
        }
    }

    @Test("an upgrade that is answered by HTTP is thrown with its status")
    func upgradeRefused() async throws {
        try await withTestServer(makeEchoRoom()) { server in
            do {
                _ = try await server.connect { $0.path = "/nowhere/" }
                Issue.record("connected")
            } catch TestClientError.upgradeRefused(let status, _) {
                #expect(status == 404)
            }
        }
    }

    @Test("a wait ends by its time-out, and the client lives on")
    func timeout() async throws {
        try await withTestServer(makeEchoRoom()) { server in
            let client = try await server.connect()
            await #expect(throws: TestClientError.self) { try await client.next("never", timeout: .zero) }
            await #expect(throws: TestClientError.self) { try await client.call("silence", timeout: .zero) }
            #expect(try await client.call("echo", 1).first.int == 1)
        }
    }

    @Test("a wait ends when its task is cancelled")
    func cancelled() async throws {
        try await withTestServer(makeEchoRoom()) { server in
            let client = try await server.connect()
            let waiting = Task { try await client.next("never") }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
        }
    }

    @Test("a server that disconnects the socket is noticed, and so is one that closes the connection")
    func disconnected() async throws {
        try await withTestServer(makeEchoRoom()) { server in
            let left = try await server.connect()
            try await left.emit("leave")
            try await left.disconnected()
            await #expect(throws: TestClientError.self) { try await left.next("anything") }

            let closed = try await server.connect()
            try await closed.emit("out")
            try await closed.closed()
            #expect(!closed.isConnected)
        }
    }

    @Test("a malformed packet closes the connection", arguments: ["42[]", "41{}", "44", "42[\"connect\"]", "9"])
    func malformed(text: String) async throws {
        try await withTestServer(makeEchoRoom()) { server in
            let client = try await server.connect()
            try await client.send(text: text)
            try await client.closed()
        }
    }

    @Test("a frame put together by hand is sent as it is")
    func frames() async throws {
        try await withTestServer(makeEchoRoom()) { server in
            let client = try await server.connect()
            try await client.send(opcode: .text, payload: ByteBuffer(string: "42[\"join\","), fin: false)
            try await client.send(opcode: .ping, payload: ByteBuffer())
            try await client.send(opcode: .continuation, payload: ByteBuffer(string: "\"by hand\"]"))
            _ = try await client.call("say", "by hand", 5)
            #expect(try await client.next("said").first.int == 5, "it is in the room that it joined by hand")
            try await client.send(frame: ByteBuffer(bytes: [0x81, 0x00]))
            #expect(try await client.closed().hasCloseFrame)
        }
    }

    @Test("a plain connection gets the routes' answers, and the server's")
    func raw() async throws {
        let router = Router()
        router.get("/hello") { _, _ in "hello" }
        try await withTestServer(makeEchoRoom(), router: router) { server in
            let connection = try await server.open()
            try await connection.write("GET /hello HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
            for _ in 0..<2 {
                let response = try await connection.response()
                #expect(response.status == 200)
                #expect(response.body == "hello")
            }
            let other = try await server.open()
            try await other.write("GET /socket.io/?EIO=3&transport=polling HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            let response = try await other.response()
            #expect(response.status == 400)
            #expect(response["Content-Type"]?.hasPrefix("application/json") == true)
            #expect(response.body.contains("Unsupported protocol version"))
            _ = try await other.readToEnd()
        }
    }

    @Test("what the test throws is what the server's scope throws")
    func throwsOn() async throws {
        struct Mistake: Error {}
        await #expect(throws: Mistake.self) {
            try await withTestServer(makeEchoRoom()) { server in
                _ = try await server.connect()
                throw Mistake()
            }
        }
    }

    @Test("a client that crashes is gone for the server")
    func drop() async throws {
        let io = makeEchoRoom()
        try await withTestServer(io) { server in
            let client = try await server.connect()
            await client.drop()
            #expect(!client.isConnected)
        }
        #expect(io.statistics.connections == 0)
    }
}

@Suite("A test's client in several namespaces")
struct TestClientNamespaceTests {
    @Test("each namespace over one connection has its own id, events, acknowledgements and end")
    func several() async throws {
        let io = SocketIO()
        for name in ["/", "/chat"] {
            io.of(name).onConnection { socket in socket.on("echo") { $0.acknowledge?($0.arguments) } }
        }
        io.of("/closed").use { (_: inout ConnectRequest) in throw ConnectError(message: "closed") }
        try await withTestServer(io) { server in
            let main = try await server.connect()
            let chat = try await main.of("/chat")
            #expect(main.id != chat.id && !chat.id.isEmpty)
            await #expect(throws: TestClientError.self) { _ = try await main.of("/closed") }
            await #expect(throws: TestClientError.self) { _ = try await main.of("/unheard") }
            await #expect(throws: TestClientError.self, "it is joined") { _ = try await main.of("/chat") }
            #expect(try await chat.call("echo", 1).first.int == 1)
            #expect(try await main.call("echo", 2).first.int == 2)
            io.of("/chat").emit("x", 1)
            io.emit("x", 2)
            #expect(try await main.next("x").first.int == 2)
            #expect(try await chat.next("x").first.int == 1)
            io.of("/chat").disconnectSockets()
            try await chat.disconnected()
            let again = try await main.of("/chat")
            #expect(again.id != chat.id)
            try await again.leave()
            #expect(try await main.call("echo", 3).first.int == 3)
            #expect(io.statistics.sockets == 1 && io.statistics.connections == 1)
        }
    }
}
