import SocketIOServer
import SocketIOTesting
import Testing

@Suite("Joins are counted by result")
struct JoinCountTests {
    private struct Broken: Error {}

    @Test("a middleware that refuses and one that breaks are told apart")
    func middlewares() async throws {
        let io = SocketIO()
        io.use { request in
            switch request.handshake.auth?["word"]?.string {
            case "refused": throw ConnectError(message: "no")
            case "broken": throw Broken()
            default: break
            }
        }
        try await withTestServer(io) { server in
            for word in ["refused", "broken", "refused"] {
                await #expect(throws: TestClientError.self) { _ = try await server.connect(auth: JSONObject { $0.field("word", word) }) }
            }
            _ = try await server.connect()
            #expect(io.statistics.joins == [.accepted: 1, .refused: 2, .failed: 1, .unknownNamespace: 0, .tooManyNamespaces: 0])
        }
    }
}
