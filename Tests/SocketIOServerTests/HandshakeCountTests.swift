import EngineIOCore
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing

@testable import SocketIOServer

@Suite("Handshakes are counted by result")
struct HandshakeCountTests {
    private static let polling = "/socket.io/?EIO=4&transport=polling"

    @Test("requests for a session")
    func handshakes() throws {
        var configuration = SocketIOConfiguration()
        configuration.originPolicy = .ownAnd([])
        configuration.maximumSessions = 2
        configuration.allowRequest = .immediate { $0.query["ban"] == nil ? nil : EngineRequestError.forbidden("banned") }
        try withEmbeddedServer(configuration) { io, loop in
            #expect(io.statistics.handshakes == Dictionary(uniqueKeysWithValues: HandshakeResult.allCases.map { ($0, 0) }))
            let peer = try EmbeddedPeer(io, loop: loop)
            _ = try peer.request("GET", Self.polling)
            _ = try EmbeddedPeer(io, loop: loop).join()
            _ = try EmbeddedPeer(io, loop: loop).request("GET", Self.polling)
            for (target, header) in [
                (Self.polling, "Origin: https://evil.example"), (Self.polling + "&ban=1", ""), ("/socket.io/?EIO=3&transport=polling", ""),
                ("/socket.io/?EIO=4&transport=pigeon", ""),
                // No handshakes: they belong to a session, if to any.
                (Self.polling + "&sid=unknown", ""), (Self.polling + "&sid=unknown", "Origin: https://evil.example"),
            ] {
                _ = try EmbeddedPeer(io, loop: loop).request("GET", target, headers: header.isEmpty ? [] : [header])
            }
            #expect(
                io.statistics.handshakes
                    == [.accepted: 2, .origin: 1, .badRequest: 2, .refused: 1, .overloaded: 1, .shuttingDown: 0])
        }
    }

    @Test("tries to join a namespace, one that there is and one that there is not")
    func joins() throws {
        try withEmbeddedServer { io, loop in
            #expect(io.statistics.joins == [.accepted: 0, .refused: 0, .failed: 0, .unknownNamespace: 0, .tooManyNamespaces: 0])
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.text("40/other,")
            #expect(try peer.messages().first?.contains("Invalid namespace") == true)
            #expect(io.statistics.joins == [.accepted: 1, .refused: 0, .failed: 0, .unknownNamespace: 1, .tooManyNamespaces: 0])
        }
    }
}
