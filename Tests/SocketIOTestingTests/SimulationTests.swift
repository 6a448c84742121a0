import NIOConcurrencyHelpers
import NIOCore
import SocketIOServer
import SocketIOTesting
import Testing

@Suite("A server in simulated time, over a simulated network", .timeLimit(.minutes(5)))
struct SimulationTests {
    @Test("heartbeats and time-outs come when the test moves the clock, and not before")
    func clock() async throws {
        let io = SocketIO()
        let reasons = NIOLockedValueBox<[DisconnectReason]>([])
        io.onConnection { socket in socket.onDisconnect { reason in reasons.withLockedValue { $0.append(reason) } } }
        try await withTestServer(simulating: io) { server, clock in
            let silent = try await server.connect { $0.answersPings = false }
            let ann = try await server.connect()
            await clock.advance(by: .seconds(44))
            #expect(silent.isConnected && clock.now == .seconds(44))
            await clock.advance(by: .seconds(1))
            try await silent.closed()
            #expect(reasons.withLockedValue { $0 } == [.pingTimeout])
            await clock.advance(by: .seconds(1_000))
            #expect(ann.isConnected, "it has answered every ping")
        }
        #expect(io.statistics.connections == 0)
    }

    @Test("an acknowledgement that does not come is given up after its time")
    func acknowledgement() async throws {
        let io = SocketIO()
        io.onConnection { socket in
            socket.on("start") { request in
                request.socket.timeout(.seconds(30)).emit("question") { result in
                    if case .failure(let error) = result { request.socket.emit("gave up", "\(error)") }
                }
                request.acknowledge?()
            }
        }
        try await withTestServer(simulating: io) { server, clock in
            let ann = try await server.connect()
            _ = try await ann.call("start")
            try await ann.expect("question")
            await clock.advance(by: .milliseconds(29_999))
            try await ann.expectNothing()
            await clock.advance(by: .milliseconds(1))
            try await ann.expect("gave up")
        }
    }

    private func talk(_ network: SimulatedNetwork) async throws -> [String] {
        let io = makeEchoRoom()
        return try await withTestServer(simulating: io, network: network) { server, _ in
            let ann = try await server.connect(), ben = try await server.connect(), cleo = try await server.connect()
            for member in [ann, ben, cleo] { _ = try await member.call("join", "r") }
            for number in 0..<20 {
                try await ann.emit("say", "r", number)
                try await ben.emit("say", "r", 100 + number)
            }
            for member in [ann, ben] { _ = try await member.call("echo", "last") }
            _ = try await cleo.call("echo", "last")
            return try await (0..<40).reduceAsync { try await cleo.next("said").first.description }
        }
    }

    @Test("frames that arrive in pieces and late are whole, and in their connection's order", arguments: [1, 2, 3] as [UInt64])
    func pieces(seed: UInt64) async throws {
        var network = SimulatedNetwork(seed: seed)
        network.maximumPieceBytes = 3
        network.maximumDelay = 40
        let heard = try await talk(network).compactMap(Int.init)
        #expect(heard.filter { $0 < 100 } == Array(0..<20))
        #expect(heard.filter { $0 >= 100 } == Array(100..<120))
    }

    @Test("a perfect network changes no order")
    func perfect() async throws {
        #expect(try await talk(SimulatedNetwork()).compactMap(Int.init) == (0..<20).flatMap { [$0, 100 + $0] })
    }

    @Test("a connection that breaks is noticed at both ends")
    func cut() async throws {
        let io = makeEchoRoom()
        try await withTestServer(simulating: io) { server, _ in
            let ann = try await server.connect()
            await ann.drop()
            let ben = try await server.connect()
            _ = try await ben.call("echo", 1)
            #expect(io.statistics.connections == 1)
        }
        var network = SimulatedNetwork()
        network.cutsOneIn = 1
        await #expect(throws: TestClientError.self) {
            try await withTestServer(simulating: makeEchoRoom(), network: network) { server, _ in _ = try await server.connect() }
        }
    }

    @Test("a plain connection works, too")
    func raw() async throws {
        try await withTestServer(simulating: makeEchoRoom()) { server, clock in
            let connection = try await server.open()
            try await connection.write("GET /socket.io/?EIO=3&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await connection.response().status == 400)
            let slow = try await server.open()
            try await slow.write("GET /socket.io/")
            await clock.advance(by: .seconds(9))
            _ = try await slow.readToEnd()
        }
    }
}

extension Range<Int> {
    fileprivate func reduceAsync(_ next: () async throws -> String) async rethrows -> [String] {
        var all: [String] = []
        for _ in self { all.append(try await next()) }
        return all
    }
}

@Suite("What a client expects")
struct ExpectationTests {
    @Test("a failure says what arrived")
    func failures() async throws {
        // On one event loop what Ann says has reached Ben before she is answered.
        try await withTestServer(simulating: makeEchoRoom()) { server, _ in
            let ann = try await server.connect(), ben = try await server.connect()
            for member in [ann, ben] { _ = try await member.call("join", "r") }
            try await ben.expectNothing()
            for number in 1...3 { _ = try await ann.call("say", "r", number) }
            try await ben.expect("said", 1)
            await #expect { try await ben.expect("said", 7) } throws: {
                "\($0)" == #"expected ["said",7], but ["said",2], ["said",3] arrived"#
            }
            await #expect { try await ben.expect("other", timeout: .zero) } throws: {
                "\($0)" == #"expected ["other"], but ["said",3] arrived"#
            }
            await #expect { try await ben.expectNothing() } throws: { "\($0)" == #"expected nothing, but ["said",3] arrived"# }
            try await ben.expect("said")
            await #expect { try await ben.expect("said", timeout: .zero) } throws: {
                "\($0)" == #"expected ["said"], but nothing arrived"#
            }
        }
    }

    @Test("each namespace of a connection expects for itself, and a test's own ping is nobody's")
    func namespaces() async throws {
        let io = SocketIO()
        io.of("/a").onConnection { $0.emit("hello", 1) }
        try await withTestServer(inProcess: io) { server in
            let ann = try await server.connect()
            let other = try await ann.of("/a")
            try await ann.send(opcode: .ping, payload: ByteBuffer(integer: 1 as UInt64))
            try await ann.expectNothing()
            await #expect(throws: UnmetExpectation.self) { try await other.expectNothing() }
            try await other.expect("hello", 1)
            try await other.expectNothing()
        }
    }
}
