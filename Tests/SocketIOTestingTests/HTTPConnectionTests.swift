import NIOCore
import SocketIOServer
import SocketIOTesting
import Testing

@Suite("HTTP connections")
struct HTTPConnectionTests {
    @Test("behind a CONNECT the connection is closed, since its parser stops there")
    func connectMethod() async throws {
        var configuration = SocketIOConfiguration()
        // Else the connection would be closed sooner or later all the same.
        configuration.requestTimeout = .seconds(3_600)
        try await withTestServer(makeEchoRoom(configuration: configuration)) { server in
            let connection = try await server.open()
            try await connection.write("CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n")
            let response = try await connection.response()
            #expect(response.status == 404)
            #expect(response["Connection"] == "close")
            _ = try await connection.readToEnd()
        }
    }
}
