import SocketIOCore
import SocketIOServer
import SocketIOTesting
import Testing

@Suite("Acknowledgements of clients of several servers", .timeLimit(.minutes(10)))
struct ClusterAcknowledgementTests {
    @Test("all clients of all servers are waited for, those of one server if the event is local")
    func all() async throws {
        let bus = ServerBus()
        try await withServers(bus, 3, []) { servers in
            let first = servers[0].io
            async let answers = first.emitWithAck("question")
            for (number, server) in servers.enumerated() {
                try await server.client.acknowledge(try await server.client.next { $0.name == "question" }, number)
            }
            let numbers = try await answers.map { $0.value.int ?? -1 }
            #expect(numbers.sorted() == [0, 1, 2])
            async let local = first.local.emitWithAck("question")
            try await servers[0].client.acknowledge(try await servers[0].client.next { $0.name == "question" }, 7)
            let ownNumbers = try await local.map { $0.value.int }
            #expect(ownNumbers == [7])
        }
    }

    private struct Server: Sendable {
        let io: SocketIO
        let client: TestClient
    }

    private func withServers(
        _ bus: ServerBus, _ count: Int, _ servers: [Server], _ body: ([Server]) async throws -> Void
    ) async throws {
        guard count > 0 else { return try await body(servers) }
        var configuration = SocketIOConfiguration()
        configuration.adapter = { BusAdapter($0, bus) }
        let io = SocketIO(configuration: configuration)
        try await withTestServer(io) { server in
            try await withServers(bus, count - 1, servers + [Server(io: io, client: try await server.connect())], body)
        }
    }
}
