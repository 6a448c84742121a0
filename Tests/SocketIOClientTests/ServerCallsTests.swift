import EngineIOCore
import NIOConcurrencyHelpers
import NIOCore
import SocketIOCore
import SocketIOTesting
import Testing

@testable import SocketIOClient
@testable import SocketIOServer

@Suite("Calls between both ends that take time", .timeLimit(.minutes(10)))
struct ServerCallsTests {
    private struct Sum: Codable, Sendable { var a: Int; var b: Int }
    private static let add = Event<Sum, Int>("add")

    /// A server whose clients are in the room "r"; "sync" is acknowledged.
    private func makeServer(_ configuration: SocketIOConfiguration = .init()) -> SocketIO {
        let io = SocketIO(configuration: configuration)
        io.onConnection { socket in
            socket.join("r")
            socket.on("sync") { $0.acknowledge?() }
        }
        return io
    }

    @Test("a broadcast is acknowledged by all who were chosen, on whichever loops they are")
    func broadcast() async throws {
        let io = makeServer()
        try await withTestServer(io) { server in
            var made: [TestClient] = []
            for _ in 0..<8 { made.append(try await server.connect()) }
            let clients = made
            async let answers = io.to("r").except(clients[0].id).emitWithAck("question", 1)
            for (number, client) in clients.enumerated().dropFirst() {
                let event = try await client.next { $0.name == "question" }
                #expect(event.arguments.first.int == 1)
                try await client.acknowledge(event, number)
            }
            let numbers = try await answers.map { $0.value.int ?? -1 }
            #expect(numbers.sorted() == Array(1...7))
            _ = try await clients[0].call("sync")
            #expect(clients[0].unread.isEmpty)
            #expect(try await io.to("nobody").emitWithAck("question").isEmpty)
            #expect(try await io.to([]).emitWithAck("question").isEmpty)
        }
    }

    @Test("acknowledgements that do not come are missed after the time-out, with those that came")
    func missing() async throws {
        let io = makeServer()
        try await withTestServer(simulating: io) { server, clock in
            let ann = try await server.connect()
            let ben = try await server.connect()
            let asked = Task { try await io.timeout(.milliseconds(100)).emitWithAck("question") }
            for client in [ann, ben] { _ = try await client.next("question") }
            await clock.advance(by: .milliseconds(100))
            let failure = await #expect(throws: MissingAcknowledgements.self) { try await asked.value }
            #expect(failure?.answers.count == 0 && failure?.missing == 2)
        }
    }

    @Test("answers are complete when every server has told whom it asked, and all of them have answered")
    func answers() throws {
        var answers = BroadcastAnswers(servers: 2)
        let answer = BroadcastAnswer(value: try JSONSlice("7"))
        #expect(!answers.isComplete && answers.missing == nil)
        answers.count(1)
        answers.add(answer)
        #expect(!answers.isComplete && answers.missing == nil)
        answers.count(1)
        #expect(!answers.isComplete && answers.missing == 1)
        answers.add(answer)
        #expect(answers.isComplete && answers.missing == 0 && answers.answers.count == 2)
        // Another server may say anything.
        for count in [Int.max, Int.max, .min] { answers.count(count) }
        #expect(!answers.isComplete && answers.missing == .max - 2)
    }

    @Test("a socket is asked from any thread; its answer, its error, its end and its silence are told apart")
    func one() async throws {
        let references = NIOLockedValueBox<[SocketReference]>([])
        let io = makeServer()
        io.onConnection { socket in references.withLockedValue { [reference = socket.reference] in $0.append(reference) } }
        try await withTestServer(io) { server in
            let client = try await server.connect()
            let socket = try #require(references.withLockedValue { $0.first })
            async let sum = socket.emitWithAck(Self.add, Sum(a: 1, b: 2))
            try await client.acknowledge(try await client.next { $0.name == "add" }, 3)
            let answer = try await sum
            #expect(answer == 3)
            async let refused = Result { try await socket.emitWithAck(Self.add, Sum(a: 1, b: 2)) }
            try await client.acknowledge(try await client.next { $0.name == "add" }, SocketIOError(code: "no", message: "No."))
            let refusal = await refused
            #expect(throws: SocketIOError(code: "no", message: "No.")) { try refusal.get() }
            await #expect(throws: AcknowledgementError.timedOut) { try await socket.emitWithAck("x", timeout: .milliseconds(1)) }
            async let ended = Result { try await socket.emitWithAck("last") }
            _ = try await client.next("last")
            await client.disconnect()
            let end = await ended
            #expect(throws: AcknowledgementError.disconnected) { try end.get() }
            await #expect(throws: AcknowledgementError.disconnected) { try await socket.emitWithAck("x") }
        }
    }

    @Test("a socket that was fetched is asked, rooms are joined as a list, and a socket's flags hold for the others it chooses")
    func fetched() async throws {
        let io = makeServer()
        io.onConnection { socket in
            socket.on("enter") { request in
                let socket = request.socket
                socket.join(["a", "b"])
                socket.compress(false).in("r").emit("hello", 1)
                socket.compress(false).except(["r"]).emit("hello", 2)
                socket.compress(false).local.emit("hello", 3)
                request.acknowledge?()
            }
        }
        try await withTestServer(inProcess: io) { server in
            let ann = try await server.connect(), ben = try await server.connect()
            _ = try await ann.call("enter")
            for number in [1, 3] { #expect(try await ben.next("hello").first.int == number) }
            #expect(!ann.unread.contains { $0.name == "hello" })
            let fetched = try await io.in("b").fetchSockets()
            let remote = try #require(fetched.first)
            #expect(fetched.count == 1 && remote.rooms == ["r", "a", "b", ann.id])
            async let answer = remote.emitWithAck("question", 1)
            try await ann.acknowledge(try await ann.next { $0.name == "question" }, "yes")
            let value = try await answer.value.string
            #expect(value == "yes")
            remote.join(["c", "d"])
            #expect(try await io.in("d").fetchSockets().map(\.id) == [ann.id])
            let others = try await io.serverSideEmitWithAck("reload")
            #expect(others.isEmpty)
            await ann.disconnect()
            let failure = await #expect(throws: MissingAcknowledgements.self) { try await remote.emitWithAck("question") }
            #expect(failure?.missing == 1 && failure?.answers.isEmpty == true)
        }
    }

    @Test("asynchronous declared handlers answer, throw, and keep the order of a socket's events")
    func asynchronous() async throws {
        struct Secret: Error {}
        let io = makeServer()
        io.onConnection { socket in
            socket.on(Self.add) { request async throws -> Int in
                await Task.yield()
                guard request.a >= 0 else { throw SocketIOError(code: "negative", message: "Below zero.") }
                guard request.a > 0 else { throw Secret() }
                return request.a + request.payload.b
            }
        }
        try await withTestServer(io) { server in
            try await withSocketIOClient(server.client()) { client in
                let sum = try await client.emitWithAck(Self.add, Sum(a: 1, b: 2))
                #expect(sum == 3)
                await #expect(throws: SocketIOError(code: "negative", message: "Below zero.")) {
                    try await client.emitWithAck(Self.add, Sum(a: -1, b: 2))
                }
                await #expect(throws: SocketIOError.internalError) { try await client.emitWithAck(Self.add, Sum(a: 0, b: 2)) }
            }
        }
    }

    @Test(
        "binary values are arguments like others, from either end", arguments: [.polling, .webSocket] as [EngineClientSession.Transports])
    func binary(transports: EngineClientSession.Transports) async throws {
        let io = makeServer()
        io.onConnection { socket in
            socket.on("picture") { request in
                let picture = request.arguments.binary(at: 1) ?? ByteBuffer()
                request.acknowledge?(["copy": picture], request.arguments.first, picture)
            }
        }
        try await withTestServer(io) { server in
            try await withSocketIOClient(server.client(transports)) { client in
                let picture = ByteBuffer(bytes: [0, 255, 7])
                let answer = try await client.emitWithAck("picture", "name", picture)
                #expect(answer.count == 3 && answer[1].string == "name")
                #expect(answer.binary(at: 2) == picture)
                #expect(try answer.decode([String: ByteBuffer].self) == ["copy": picture])
            }
        }
    }

    @Test("an asynchronous middleware holds back the events behind it, and its error stops only its own")
    func middleware() async throws {
        let io = makeServer()
        io.onConnection { socket in
            socket.use(perform: { request in
                await Task.yield()
                if request.arguments.first.int == 3 { throw SocketIOError(code: "three", message: "Not three.") }
            })
            socket.use { request in if request.arguments.first.int == 5 { throw SocketIOError(code: "five", message: "Not five.") } }
            socket.on("count") { $0.socket.emit("counted", $0.arguments.first) }
        }
        try await withTestServer(io) { server in
            let client = try await server.connect()
            for number in 0..<8 { try await client.emit("count", number) }
            _ = try await client.call("sync")
            #expect(client.unread.map { $0.arguments.first.int } == [0, 1, 2, 4, 6, 7])
        }
    }

    @Test(
        "a client of ours comes back to its session: rooms, data and what it missed",
        arguments: [.polling, .webSocket] as [EngineClientSession.Transports])
    func recovery(transports: EngineClientSession.Transports) async throws {
        var configuration = SocketIOConfiguration()
        configuration.recovery = RecoveryLimits()
        let io = makeServer(configuration)
        let recovered = NIOLockedValueBox<[Bool]>([])
        io.onConnection { socket in
            recovered.withLockedValue { [isRecovered = socket.recovered] in $0.append(isRecovered) }
            socket.on("crash") { request in request.socket.connection.close(.transportError) }
        }
        try await withTestServer(io) { server in
            try await withSocketIOClient(server.client(transports)) { client in
                let events = client.events("news")
                let id = try await client.joined()
                var iterator = events.makeAsyncIterator()
                io.to("r").emit("news", 1)
                #expect(try await iterator.next()?.arguments.first.int == 1)
                var states = client.states.makeAsyncIterator()
                _ = await states.next()
                try await client.emit("crash")
                _ = await states.next()
                io.to("r").emit("news", 2)
                #expect(try await iterator.next()?.arguments.first.int == 2)
                #expect(try await client.joined() == id)
                #expect(await client.isRecovered)
                io.to("r").emit("news", 3)
                #expect(try await iterator.next()?.arguments.first.int == 3)
            }
            #expect(recovered.withLockedValue { $0 } == [false, true])
        }
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
