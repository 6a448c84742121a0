import SocketIOClient
import SocketIOServer
import SocketIOTesting
import Testing

// The examples of the documentation. `scripts/check-examples` compares them.

struct Message: Codable, Equatable {
    var room: String
    var text: String
}

enum Talk {
    static let join = Event<String, [String]>("talk:join")
    static let say = Event<Message, Void>("talk:say")
    static let said = Event<Message, Void>("talk:said")
}

extension Talk {
    static func register(on io: SocketIO) {
        io.onConnection { socket in
            socket.on(join) { request in
                request.socket.join(request.payload)
                return request.socket.rooms.subtracting([request.socket.id]).sorted()
            }
            socket.on(say) { request in
                request.socket.to(request.room).emit(said, request.payload)
            }
        }
    }
}

@Suite("The examples of the documentation")
struct DocumentationExampleTests {
    @Test("a server with declared events")
    func server() async throws {
        let io = SocketIO()
        Talk.register(on: io)
        try await withTestServer(inProcess: io) { server in
            let ann = try await server.connect(), ben = try await server.connect()
            for member in [ann, ben] { #expect(try await member.call(Talk.join, "swift") == ["swift"]) }
            try await ann.emit(Talk.say, Message(room: "swift", text: "Hello"))
            #expect(try await ben.next(Talk.said) == Message(room: "swift", text: "Hello"))
        }
    }

    @Test("a message reaches the other members of the room, and not its sender")
    func message() async throws {
        let io = SocketIO()
        Talk.register(on: io)
        try await withTestServer(inProcess: io) { server in
            let ann = try await server.connect(), ben = try await server.connect()
            for member in [ann, ben] { _ = try await member.call(Talk.join, "swift") }
            try await ann.emit(Talk.say, Message(room: "swift", text: "Hello"))
            #expect(try await ben.next(Talk.said).text == "Hello")
            try await ann.expectNothing()
        }
    }

    @Test("an expectation, simulated time and a bad network")
    func simulation() async throws {
        let io = SocketIO()
        Talk.register(on: io)
        try await withTestServer(simulating: io) { server, clock in
            let silent = try await server.connect { $0.answersPings = false }
            await clock.advance(by: .seconds(45))
            try await silent.closed()
        }
        var network = SimulatedNetwork(seed: 7)
        network.maximumPieceBytes = 3
        network.maximumDelay = 10
        let other = SocketIO()
        Talk.register(on: other)
        try await withTestServer(simulating: other, network: network) { server, _ in
            let ann = try await server.connect(), ben = try await server.connect()
            for member in [ann, ben] { _ = try await member.call(Talk.join, "swift") }
            try await ann.emit(Talk.say, Message(room: "swift", text: "Hello"))
            try await ben.expect(Talk.said, Message(room: "swift", text: "Hello"))
        }
    }

    @Test("a client that middleware refuses")
    func refusal() async throws {
        let io = SocketIO()
        io.use { request in
            guard let name = request.handshake.auth?["name"]?.string else { throw ConnectError(message: "Who are you?") }
            request.data = name
        }
        try await withTestServer(inProcess: io) { server in
            await #expect(throws: TestClientError.self) { try await server.connect(auth: JSONObject { $0.field("name", nil as String?) }) }
            let ann = try await server.connect(auth: JSONObject { $0.field("name", "Ann") })
            #expect(!ann.id.isEmpty)
        }
    }

    @Test("a client with declared events, and one that reads what is sent")
    func client() async throws {
        let io = SocketIO()
        Talk.register(on: io)
        try await withTestServer(io) { server in
            let url = "http://127.0.0.1:\(server.port)"
            let ben = try await server.connect()
            _ = try await ben.call(Talk.join, "swift")
            try await withSocketIOClient(url) { client in
                let rooms = try await client.emitWithAck(Talk.join, "swift")
                try await client.emit(Talk.say, Message(room: "swift", text: "Hello from \(rooms.count) rooms"))
            }
            #expect(try await ben.next(Talk.said).text == "Hello from 1 rooms")

            var configuration = try SocketIOClientConfiguration(url)
            configuration.acknowledgementTimeout = .seconds(10)
            configuration.retries = .init(maximumRetries: 3, acknowledgementTimeout: .seconds(2))
            try await withSocketIOClient(url) { client in
                let events = client.events(Talk.said.name)
                _ = try await client.emitWithAck(Talk.join, "swift")
                try await ben.emit(Talk.say, Message(room: "swift", text: "Bye"))
                for try await event in events {
                    let message = try event.arguments.decode(Message.self)
                    if message.text == "Bye" { break }
                }
            }
            #expect(configuration.retries?.maximumRetries == 3)
        }
    }
}
