import EngineIOCore
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing
import WebSocketCore

@testable import SocketIOServer

@Suite("A bare Engine.IO server")
struct EngineIOTests {
    /// - Parameter isStrict: a session has a second to be used, and no other may wait beside it.
    private func with(
        isStrict: Bool = false, _ handler: @escaping @Sendable (EngineSocket) -> Void, _ body: (EngineIO, EmbeddedPeer) throws -> Void
    ) throws {
        var configuration = SocketIOConfiguration()
        if isStrict {
            configuration.connectTimeout = .seconds(1)
            configuration.maximumUnconfirmedSessions = 1
        }
        let engine = EngineIO(configuration: configuration)
        engine.onConnection(handler)
        let loop = EmbeddedEventLoop()
        let peer = try EmbeddedPeer(engine.server, loop: loop)
        try body(engine, peer)
        peer.finish()
        engine.server.shard(for: loop).shard.value.end()
        try loop.close()
    }

    @Test("a handler sends before the first message, hears the messages and then the end, and sends nothing after it")
    func life() throws {
        let seen = Recorder<String>()
        try with { socket in
            socket.send("hello \(socket.handshake.query["name"] ?? "")")
            socket.onMessage { message in
                if case .text(let text) = message { seen.append(String(buffer: text)) }
            }
            socket.onClose { reason in
                seen.append("\(reason.rawValue) \(socket.isOpen)")
                socket.send("late")
                socket.close()
            }
        } _: { engine, peer in
            _ = try peer.upgrade("/socket.io/?EIO=4&transport=websocket&name=ann")
            #expect(try peer.messages().last == "4hello ann")
            try peer.texts(["4one", "442[]", "1"])
            #expect(try peer.messages() == ["close"])
            #expect(seen.all == ["one", "42[]", "transport close false"])
            #expect(engine.statistics.connections == 0 && engine.statistics.sockets == 0)
        }
    }

    @Test("a server that closes says so over polling, after what it sent")
    func close() throws {
        try with { socket in
            socket.onMessage { message in
                socket.send(message)
                socket.close()
            }
        } _: { engine, peer in
            let target = try peer.openPolling()
            _ = try peer.request("POST", target, body: "4bye")
            #expect(try peer.request("GET", target).hasSuffix("\r\n\r\n4bye"))
            #expect(try peer.request("GET", target).hasSuffix("\r\n\r\n6\u{1e}1"))
            #expect(engine.statistics.connections == 0)
        }
    }

    @Test(
        "nobody has to join anything; a message shows that a session is used, and makes room for another", arguments: ["4x", "bAQID", "3"])
    func unconfirmed(packet: String) throws {
        try with(isStrict: true, { _ in }) { engine, peer in
            let target = try peer.openPolling()
            #expect(try peer.request("GET", "/socket.io/?EIO=4&transport=polling").hasPrefix("HTTP/1.1 503 "))
            _ = try peer.request("POST", target, body: packet)
            let next = try peer.request("GET", "/socket.io/?EIO=4&transport=polling")
            #expect(next.hasPrefix(packet == "3" ? "HTTP/1.1 503 " : "HTTP/1.1 200 "))
            peer.loop.advanceTime(by: .seconds(2))
            #expect(engine.statistics.connections == (packet == "3" ? 1 : 2))
        }
    }

    @Test("nothing holds a handler after the end of its session, or of the server")
    func released() async throws {
        final class Witness: Sendable {}
        weak var ofSocket: Witness?
        weak var ofServer: Witness?
        do {
            let (one, two) = (Witness(), Witness())
            (ofSocket, ofServer) = (one, two)
            try with { [two] socket in
                socket.onMessage { [one] _ in withExtendedLifetime((one, socket)) {} }
                withExtendedLifetime(two) {}
            } _: { engine, peer in
                _ = try peer.upgrade()
                _ = try peer.messages()
                #expect(engine.statistics.connections == 1)
            }
        }
        #expect(ofSocket == nil)
        #expect(ofServer == nil)
    }
}
