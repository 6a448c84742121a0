import NIOCore
import RedisClient
import RedisCore
import RedisTestSupport
import RedisTesting
import SocketIOClusterCore
import SocketIORedis
import SocketIOServer
import SocketIOTesting
import Testing

@Suite("Servers joined by Redis")
struct RedisAdapterTests {
    @Test("whatever stands on the channels is ignored and counted, and nothing stops", arguments: availableBackends)
    func garbage(_ backend: Backend) async throws {
        try await withRedisClients(3, backend) { clients in
            try await withCluster(Array(clients.prefix(2))) { nodes in
                let ann = try await nodes[1].server.connect()
                let channels = ["socket.io#/#", "socket.io-request#/#", "socket.io-response#/#", "socket.io#/#\(ann.id)#"]
                var random = SystemRandomNumberGenerator()
                let marks = "e" + String(repeating: "\u{327}\u{301}", count: 20_000)
                var texts: [ByteBuffer] = [
                    ByteBuffer(), ByteBuffer(string: "{"), ByteBuffer(string: #"{"type":5}"#),
                    ByteBuffer(string: #"{"type":99,"requestId":"x"}"#),
                    ByteBuffer(string: #"{"type":2,"opts":{"rooms":[{}],"except":[]},"rooms":["r"]}"#),
                    ByteBuffer(string: String(repeating: "[", count: 100_000)), ByteBuffer(bytes: [0xDF, 0xFF, 0xFF, 0xFF, 0xFF]),
                    ByteBuffer(bytes: [0x93, 0xA1, 0x78, 0x80, 0x80]),
                    // One letter with many marks: comparing it takes quadratic time.
                    ByteBuffer(string: #"{"type":2,"opts":{"rooms":[],"except":[]},"rooms":["\#(marks)"]}"#),
                    ByteBuffer(string: #"{"requestId":"\#(marks)"}"#),
                ]
                texts += (0..<200).map { _ in ByteBuffer(bytes: (0..<40).map { _ in UInt8.random(in: 0...255, using: &random) }) }
                for channel in channels {
                    for text in texts { _ = try await clients[2].send(RedisCommand("PUBLISH", .text(channel), .bytes(text))) }
                }
                nodes[0].io.emit("after")
                _ = try await ann.next("after")
                #expect(nodes[1].adapter.statistics.refused >= channels.count * 9)
                #expect(try await nodes[0].io.fetchSockets().map(\.id) == [ann.id])
            }
        }
    }

    @Test("the emitter reaches clients, rooms and servers", arguments: availableBackends)
    func emitter(_ backend: Backend) async throws {
        try await withRedisClients(3, backend) { clients in
            try await withCluster(Array(clients.prefix(2))) { nodes in
                let (ann, ben) = (try await nodes[0].server.connect(), try await nodes[1].server.connect())
                _ = try await ben.call("enter", "r")
                let heard = Heard()
                for node in nodes { node.io.of("/").onServerSide("hello") { event in heard.add(event.arguments[0].string ?? "") } }
                let emitter = RedisEmitter(clients[2])
                try await emitter.except("r").emit("x", 1)
                try await emitter.to("r").emit("y", 2)
                try await emitter.in(ann.id).socketsJoin("late")
                try await emitter.to("late").emit("z", 3)
                try await emitter.in("late").socketsLeave("late")
                try await emitter.to("late").emit("not any more")
                try await emitter.emit("end")
                #expect(try await names(ann) == ["x", "z"])
                #expect(try await names(ben) == ["y"])
                try await emitter.serverSideEmit("hello", "world")
                try await eventually { heard.all == ["world", "world"] }
                try await emitter.disconnectSockets(close: true)
                _ = try await ann.closed()
                _ = try await ben.closed()
            }
        }
    }

    @Test("a server that does not answer makes a question fail when its time is up")
    func silence() async throws {
        try await withRedisClients(2, .memory) { clients in
            try await withCluster([clients[0]]) { nodes in
                // It counts as a server, and says nothing.
                clients[1].subscribe(to: .channel("socket.io-request#/#")) { _ in }
                try await eventually { try await nodes[0].adapter.serverCount() == 2 }
                let error = await #expect(throws: RedisAdapterError.self) {
                    try await nodes[0].io.of("/").timeout(.milliseconds(20)).fetchSockets()
                }
                #expect(error?.code == .timedOut)
                #expect(error?.description == "timeout reached: only 0 responses received out of 1")
                #expect(nodes[0].adapter.statistics.pendingRequests == 0)
            }
        }
    }

    @Test("so many questions may wait, and no further one")
    func questions() async throws {
        try await withRedisClients(2, .memory) { clients in
            var configuration = RedisAdapterConfiguration.patient(.classic())
            configuration.maximumPendingRequests = 2
            try await withCluster([clients[0]], configuration) { nodes in
                clients[1].subscribe(to: .channel("socket.io-request#/#")) { _ in }
                try await eventually { try await nodes[0].adapter.serverCount() == 2 }
                let namespace = nodes[0].io.of("/")
                let waiting = (0..<2).map { _ in Task { try await namespace.serverSideEmitWithAck("x", timeout: .seconds(600)) } }
                try await eventually { nodes[0].adapter.statistics.pendingRequests == 2 }
                let error = await #expect(throws: RedisAdapterError.self) { try await namespace.serverSideEmitWithAck("x") }
                #expect(error?.code == .tooManyRequests)
                for task in waiting { task.cancel() }
                for task in waiting { await #expect(throws: CancellationError.self) { try await task.value } }
                #expect(nodes[0].adapter.statistics.pendingRequests == 0)
            }
        }
    }

    @Test("while Redis is away a server serves its own clients, and when it is back the others too")
    func absence() async throws {
        let redis = try await InMemoryRedis.start()
        try await withRedisClients(2, port: redis.port) { clients in
            try await withCluster(clients) { nodes in
                let (ann, ben) = (try await nodes[0].server.connect(), try await nodes[1].server.connect())
                await redis.refuseConnections()
                nodes[0].io.emit("alone")
                _ = try await ann.next("alone")
                redis.acceptConnections()
                for node in nodes { try await eventually { (try? await node.adapter.serverCount()) == 2 } }
                nodes[0].io.emit("again")
                _ = try await ben.next("again")
            }
        }
        await redis.shutDown()
    }

    @Test("in a dynamic mode a room has a channel of its own as long as somebody is in it", arguments: availableBackends)
    func dynamicChannels(_ backend: Backend) async throws {
        try await withRedisClients(2, backend) { clients in
            try await withCluster(clients, .patient(.sharded(mode: .dynamic))) { nodes in
                let ben = try await nodes[1].server.connect()
                _ = try await ben.call("enter", "r")
                func listeners() async throws -> Int64? {
                    try await clients[0].send("PUBSUB", "SHARDNUMSUB", "socket.io#/#r#").elements?.last?.integer
                }
                try await eventually { try await listeners() == 1 }
                nodes[0].io.to("r").emit("x")
                nodes[0].io.to(ben.id).emit("y")
                nodes[0].io.emit("end")
                #expect(Set(try await names(ben)) == ["x", "y"])
                nodes[0].io.to("r").disconnectSockets()
                try await eventually { try await listeners() == 0 }
            }
        }
    }

    /// The names of the events before "end".
    private func names(_ client: TestClient) async throws -> [String] {
        var names: [String] = []
        while names.last != "end" { names.append(try await client.next { _ in true }.name) }
        return names.dropLast()
    }
}
