import EngineIOCore
import Foundation
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing
import WebSocketCore

@testable import SocketIOServer

/// What the official Engine.IO 4 suite asks, case by case, without sockets and with time by hand. The cases that the Socket.IO 5 suite asks
/// too run against both servers. `docs/CONFORMANCE.md` names the case that each test stands for.
@Suite("Engine.IO 4, as the official suite asks")
struct EngineSuiteTests {
    // MARK: Handshake

    @Test("a GET opens a session and tells its five fields", arguments: SuiteServer.all)
    func pollingHandshake(_ server: SuiteServer) throws {
        try server.run { peer throws in
            let response = try peer.request("GET", server.polling)
            #expect(response.hasPrefix("HTTP/1.1 200 "))
            let open = try openPacket(response.components(separatedBy: "\r\n\r\n").last ?? "")
            #expect(Set(open.members.map(\.key)) == ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"])
            #expect(open["sid"]?.string?.isEmpty == false)
            #expect(open["upgrades"]?.description == #"["websocket"]"#)
            #expect(open["pingInterval"]?.int == 300 && open["pingTimeout"]?.int == 200 && open["maxPayload"]?.int == 1_000_000)
        }
    }

    @Test(
        "a handshake with another EIO or transport, or by another method than GET, gets 400", arguments: SuiteServer.all,
        [
            ("GET", "transport=polling"), ("GET", "EIO=abc&transport=polling"), ("GET", "EIO=4"), ("GET", "EIO=4&transport=abc"),
            ("POST", "EIO=4&transport=polling"), ("PUT", "EIO=4&transport=polling"),
        ])
    func refusedPolling(_ server: SuiteServer, _ request: (method: String, query: String)) throws {
        try server.run { peer throws in
            #expect(try peer.request(request.method, "\(server.path)?\(request.query)").hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test("a WebSocket opens a session that has nothing to upgrade to", arguments: SuiteServer.all)
    func webSocketHandshake(_ server: SuiteServer) throws {
        try server.run { peer throws in
            let open = try openPacket(try #require(try server.open(peer).first))
            #expect(Set(open.members.map(\.key)) == ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"])
            #expect(open["upgrades"]?.description == "[]")
            #expect(open["pingInterval"]?.int == 300 && open["pingTimeout"]?.int == 200 && open["maxPayload"]?.int == 1_000_000)
        }
    }

    @Test(
        "a WebSocket with another EIO or transport is refused and closed", arguments: SuiteServer.all,
        ["transport=websocket", "EIO=abc&transport=websocket", "EIO=4", "EIO=4&transport=abc"])
    func refusedWebSocket(_ server: SuiteServer, query: String) throws {
        try server.run { peer throws in
            let response = try peer.upgrade("\(server.path)?\(query)")
            #expect(response.hasPrefix("HTTP/1.1 400 ") && response.contains("Connection: close"))
            #expect(peer.isOutputClosed)
        }
    }

    // MARK: Messages

    @Test(
        "a payload of one packet, of several, and of text and binary comes back as it was",
        arguments: ["4hello", "4test1\u{1e}4test2\u{1e}4test3", "4hello\u{1e}bAQIDBA=="])
    func pollingMessages(payload: String) throws {
        try SuiteServer.engine.run { peer throws in
            let target = try SuiteServer.engine.openPolling(peer)
            #expect(try peer.request("POST", target, body: payload).hasSuffix("\r\n\r\nok"))
            let answer = try peer.request("GET", target)
            #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.hasSuffix("\r\n\r\n\(payload)"))
        }
    }

    @Test("an invalid payload ends the session")
    func invalidPayload() throws {
        try SuiteServer.engine.run { peer throws in
            let target = try SuiteServer.engine.openPolling(peer)
            #expect(try peer.request("POST", target, body: "abc").hasPrefix("HTTP/1.1 400 "))
            #expect(try peer.request("GET", target).hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test("a second GET ends the session: the first gets a close packet, the second 400")
    func duplicatePoll() throws {
        try SuiteServer.engine.run { peer throws in
            let target = try SuiteServer.engine.openPolling(peer)
            #expect(try peer.request("GET", target) == "")
            try SuiteServer.engine.beside(peer) { other throws in
                #expect(try other.request("GET", "\(target)&t=burst").hasPrefix("HTTP/1.1 400 "))
                let first = try peer.output()
                #expect(first.hasPrefix("HTTP/1.1 200 ") && first.hasSuffix("\r\n\r\n1"))
                #expect(try other.request("GET", target).hasPrefix("HTTP/1.1 400 "))
            }
        }
    }

    @Test("an aborted GET ends the session")
    func cancelledPoll() throws {
        try SuiteServer.engine.run { peer throws in
            let target = try SuiteServer.engine.openPolling(peer)
            #expect(try peer.request("GET", target) == "")
            peer.finish()
            try SuiteServer.engine.beside(peer) { other throws in
                #expect(try other.request("GET", target).hasPrefix("HTTP/1.1 400 "))
            }
        }
    }

    @Test("text and binary come back over a WebSocket")
    func webSocketMessages() throws {
        try SuiteServer.engine.run { peer throws in
            _ = try SuiteServer.engine.open(peer)
            try peer.text("4hello")
            #expect(try peer.messages() == ["4hello"])
            try peer.frame(.binary, ByteBuffer(bytes: [1, 2, 3, 4]))
            #expect(try peer.messages() == ["binary 4"])
        }
    }

    @Test("an invalid text closes the WebSocket")
    func invalidText() throws {
        try SuiteServer.engine.run { peer throws in
            _ = try SuiteServer.engine.open(peer)
            try peer.text("abc")
            #expect(try peer.messages() == ["close"])
        }
    }

    // MARK: Heartbeat

    @Test("a client that polls is pinged after each interval", arguments: SuiteServer.all)
    func pollingHeartbeat(_ server: SuiteServer) throws {
        try server.run { peer throws in
            let target = try server.openPolling(peer)
            for _ in 0..<3 {
                #expect(try peer.request("GET", target) == "")
                peer.loop.advanceTime(by: .milliseconds(300))
                #expect(try peer.output().hasSuffix("\r\n\r\n2"))
                #expect(try peer.request("POST", target, body: "3").hasPrefix("HTTP/1.1 200 "))
            }
        }
    }

    @Test("a client that polls exactly an interval and a time-out after the handshake is too late", arguments: SuiteServer.all)
    func pollingTimeout(_ server: SuiteServer) throws {
        try server.run { peer throws in
            let target = try server.openPolling(peer)
            peer.loop.advanceTime(by: .milliseconds(500))
            #expect(try peer.request("GET", target).hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test("a WebSocket is pinged after each interval", arguments: SuiteServer.all)
    func webSocketHeartbeat(_ server: SuiteServer) throws {
        try server.run { peer throws in
            _ = try server.open(peer)
            for _ in 0..<3 {
                peer.loop.advanceTime(by: .milliseconds(300))
                #expect(try peer.messages() == ["2"])
                try peer.text("3")
            }
        }
    }

    @Test("a WebSocket whose client does not answer is closed", arguments: SuiteServer.all)
    func webSocketTimeout(_ server: SuiteServer) throws {
        try server.run { peer throws in
            _ = try server.open(peer)
            peer.loop.advanceTime(by: .milliseconds(499))
            #expect(try peer.messages() == ["2"])
            peer.loop.advanceTime(by: .milliseconds(1))
            #expect(try peer.messages() == ["close"])
        }
    }

    // MARK: Closing

    @Test("a close packet by POST ends the session, and its GET gets a noop", arguments: SuiteServer.all)
    func pollingClose(_ server: SuiteServer) throws {
        try server.run { peer throws in
            let target = try server.openPolling(peer)
            #expect(try peer.request("GET", target) == "")
            try server.beside(peer) { other throws in
                #expect(try other.request("POST", target, body: "1").hasPrefix("HTTP/1.1 200 "))
                let answer = try peer.output()
                #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.hasSuffix("\r\n\r\n6"))
                #expect(try other.request("GET", target).hasPrefix("HTTP/1.1 400 "))
            }
        }
    }

    @Test("a close packet closes the WebSocket", arguments: SuiteServer.all)
    func webSocketClose(_ server: SuiteServer) throws {
        try server.run { peer throws in
            _ = try server.open(peer)
            try peer.text("1")
            #expect(try peer.messages() == ["close"])
        }
    }

    // MARK: Upgrade

    @Test("a session moves from polling to a WebSocket: a GET is released, and messages go the new way", arguments: SuiteServer.all)
    func upgrade(_ server: SuiteServer) throws {
        try server.run { peer throws in
            let target = try server.openPolling(peer)
            try server.beside(peer) { socket in
                #expect(try socket.upgrade(server.webSocket(target)).hasPrefix("HTTP/1.1 101 "))
                try socket.text("2probe")
                #expect(try socket.messages() == ["3probe"])
                #expect(try peer.request("GET", target).hasSuffix("\r\n\r\n6"))
                try socket.texts(["5", server.question])
                #expect(try socket.messages() == [server.answer])
            }
        }
    }

    @Test("after the upgrade polling is refused, and the WebSocket goes on", arguments: SuiteServer.all)
    func pollingAfterUpgrade(_ server: SuiteServer) throws {
        try server.run { peer throws in
            let target = try server.openPolling(peer)
            try server.beside(peer) { socket in
                _ = try socket.upgrade(server.webSocket(target))
                try socket.texts(["2probe", "5"])
                #expect(try peer.request("GET", target).hasPrefix("HTTP/1.1 400 "))
                try socket.text(server.question)
                #expect(try socket.messages() == ["3probe", server.answer])
            }
        }
    }

    @Test("after the upgrade a second WebSocket is accepted and closed, and the first goes on", arguments: SuiteServer.all)
    func webSocketAfterUpgrade(_ server: SuiteServer) throws {
        try server.run { peer throws in
            let target = try server.openPolling(peer)
            try server.beside(peer) { socket in
                _ = try socket.upgrade(server.webSocket(target))
                try socket.texts(["2probe", "5"])
                try server.beside(peer) { second throws in
                    #expect(try second.upgrade(server.webSocket(target)).hasPrefix("HTTP/1.1 101 "))
                    #expect(try second.messages() == ["close"])
                }
                try socket.text(server.question)
                #expect(try socket.messages() == ["3probe", server.answer])
            }
        }
    }

    private func openPacket(_ text: String) throws -> JSONSlice {
        try #require(text.hasPrefix("0"))
        return try JSONSlice(String(text.dropFirst()))
    }
}

/// The two servers of `conformance-server`, on a loop that stands still until told.
enum SuiteServer: CaseIterable, CustomTestStringConvertible {
    case engine
    case socketIO

    static let all: [SuiteServer] = [.engine, .socketIO]

    var testDescription: String { self == .engine ? "Engine.IO" : "Socket.IO" }
    var path: String { self == .engine ? "/engine.io/" : "/socket.io/" }
    var polling: String { "\(path)?EIO=4&transport=polling" }

    /// A message that this server answers once the session is open, joined or not.
    var question: String { self == .engine ? "4hello" : "40/random" }
    var answer: String { self == .engine ? "4hello" : #"44/random,{"message":"Invalid namespace"}"# }

    func run(_ body: (EmbeddedPeer) throws -> Void) throws {
        var configuration = SocketIOConfiguration()
        configuration.path = path
        configuration.pingInterval = .milliseconds(300)
        configuration.pingTimeout = .milliseconds(200)
        configuration.connectTimeout = .seconds(1)
        let loop = EmbeddedEventLoop()
        let io: SocketIO
        let engine: EngineIO?
        if self == .engine {
            let bare = EngineIO(configuration: configuration)
            bare.onConnection { socket in socket.onMessage { socket.send($0) } }
            (io, engine) = (bare.server, bare)
        } else {
            (io, engine) = (SocketIO(configuration: configuration), nil)
            for name in ["/", "/custom"] {
                io.of(name).onConnection { socket in
                    if let auth = socket.handshake.auth { socket.emit("auth", auth) } else { socket.emit("auth", JSONObject { _ in }) }
                    socket.on("message") { $0.socket.emit("message-back", $0.arguments) }
                    socket.on("message-with-ack") { $0.acknowledge?($0.arguments) }
                }
            }
        }
        let peer = try EmbeddedPeer(io, loop: loop)
        try body(peer)
        peer.finish()
        io.shard(for: loop).shard.value.end()
        #expect(io.statistics.connections == 0)
        withExtendedLifetime(engine) {}
        try loop.close()
    }

    /// One more connection to the same server.
    func beside(_ peer: EmbeddedPeer, _ body: (EmbeddedPeer) throws -> Void) throws {
        let other = try EmbeddedPeer(peer.io, loop: peer.loop)
        try body(other)
        other.finish()
    }

    /// A session over a WebSocket. Returns what came with it.
    func open(_ peer: EmbeddedPeer) throws -> [String] {
        _ = try peer.upgrade("\(path)?EIO=4&transport=websocket")
        return try peer.messages()
    }

    /// A session that polls. Returns the target of its requests.
    func openPolling(_ peer: EmbeddedPeer) throws -> String {
        let sid = try #require(try peer.request("GET", polling).components(separatedBy: "\"sid\":\"").last?.prefix(20))
        return "\(polling)&sid=\(sid)"
    }

    func webSocket(_ polling: String) -> String { polling.replacingOccurrences(of: "polling", with: "websocket") }
}
