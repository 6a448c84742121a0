import EngineIOCore
import Foundation
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing
import WebSocketCore

@testable import SocketIOServer

/// What was emitted reaches the client before the connection ends.
@Suite("A server that emits and disconnects", .timeLimit(.minutes(5)))
struct PartingTests {
    /// Says goodbye when asked to.
    private func configure(_ io: SocketIO) {
        io.onConnection { socket in
            socket.on("leave") { request in
                request.socket.emit("bye", 1)
                request.socket.emit("bye", 2)
                request.socket.disconnect(close: true)
            }
        }
    }

    private static let goodbye = ["42[\"bye\",1]", "42[\"bye\",2]", "41"]

    /// A polling session in the namespace "/".
    private func joinPolling(_ peer: EmbeddedPeer) throws -> String {
        let target = try peer.openPolling()
        _ = try peer.request("POST", target, body: "40")
        _ = try peer.request("GET", target)
        return target
    }

    private func body(_ response: String) -> String { response.components(separatedBy: "\r\n\r\n").last ?? "" }

    @Test("over polling a GET that waits gets all of it, and the next one the end", arguments: [false, true])
    func polling(waits: Bool) throws {
        try withEmbeddedServer { io, loop in
            configure(io)
            let peer = try EmbeddedPeer(io, loop: loop)
            let other = try EmbeddedPeer(io, loop: loop)
            let target = try joinPolling(peer)
            if waits { #expect(try peer.request("GET", target) == "") }
            #expect(try other.request("POST", target, body: "42[\"leave\"]").hasSuffix("ok"))
            let first = waits ? try peer.output() : try peer.request("GET", target)
            #expect(body(first) == Self.goodbye.joined(separator: "\u{1e}"))
            #expect(try body(peer.request("GET", target)) == "6\u{1e}1")
            #expect(io.statistics.connections == 0)
            for peer in [peer, other] { peer.finish() }
        }
    }

    @Test("more than one answer holds is fetched with several")
    func severalAnswers() throws {
        var configuration = SocketIOConfiguration()
        configuration.maximumHTTPBufferBytes = 20
        try withEmbeddedServer(configuration) { io, loop in
            configure(io)
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try joinPolling(peer)
            _ = try peer.request("POST", target, body: "42[\"leave\"]")
            for expected in Self.goodbye.prefix(1) + ["42[\"bye\",2]\u{1e}41", "6\u{1e}1"] {
                #expect(try body(peer.request("GET", target)) == expected)
            }
            #expect(io.statistics.connections == 0)
            peer.finish()
        }
    }

    /// A session whose WebSocket has got as far, then asked to end.
    private func leave(
        _ io: SocketIO, _ loop: EmbeddedEventLoop, probes: Bool,
        _ rest: (_ poller: EmbeddedPeer, _ target: String, EmbeddedPeer) throws -> Void
    ) throws {
        configure(io)
        let poller = try EmbeddedPeer(io, loop: loop)
        let socket = try EmbeddedPeer(io, loop: loop)
        let target = try joinPolling(poller)
        _ = try socket.upgrade(target.replacing("polling", with: "websocket"))
        if probes {
            try socket.text("2probe")
            #expect(try socket.messages() == ["3probe"])
        }
        _ = try poller.request("POST", target, body: "42[\"leave\"]")
        try rest(poller, target, socket)
        #expect(io.statistics.connections == 0)
        for peer in [poller, socket] { peer.finish() }
    }

    @Test("a client that has left polling gets it over its WebSocket")
    func probed() throws {
        try withEmbeddedServer { io, loop in
            try leave(io, loop, probes: true) { _, _, socket throws in
                #expect(try socket.messages() == [])
                try socket.text("5")
                #expect(try socket.messages() == Self.goodbye + ["close"])
            }
        }
    }

    @Test("a client that polls on gets it there, and its WebSocket is closed", arguments: [false, true])
    func pollsOn(probes: Bool) throws {
        try withEmbeddedServer { io, loop in
            try leave(io, loop, probes: probes) { poller, target, socket throws in
                #expect(try socket.messages() == (probes ? [] : ["close"]))
                #expect(try body(poller.request("GET", target)) == Self.goodbye.joined(separator: "\u{1e}"))
                #expect(try body(poller.request("GET", target)) == "6\u{1e}1")
                #expect(try socket.messages() == (probes ? ["close"] : []))
            }
        }
    }

    @Test("a client that fetches nothing more is forgotten, and its WebSocket closed")
    func forgotten() throws {
        try withEmbeddedServer { io, loop in
            try leave(io, loop, probes: true) { _, _, socket throws in
                loop.advanceTime(by: .seconds(10))
                #expect(try socket.messages() == ["close"], "the time for an upgrade is over")
                loop.advanceTime(by: .seconds(20))
            }
            try leave(io, loop, probes: true) { _, _, _ in io.shard(for: loop).shard.value.end() }
        }
    }

    @Test("a WebSocket whose channel is full gets all of it")
    func fullChannel() throws {
        try withEmbeddedServer { io, loop in
            configure(io)
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            peer.setWritable(false)
            try peer.text("42[\"leave\"]")
            #expect(try peer.messages() == Self.goodbye + ["close"])
            #expect(peer.isOutputClosed && peer.channel.isActive, "it may still be reading")
            loop.advanceTime(by: .seconds(2))
            #expect(!peer.channel.isActive)
            peer.finish()
        }
    }

    @Test("more than the kernel takes at once arrives before the end", arguments: [false, true])
    func large(isForwarded: Bool) async throws {
        try await LoopPair.with { pair in
            pair.io.onConnection { socket in
                socket.on("leave") { request in
                    for number in 0..<60 { request.socket.emit("n", number, String(repeating: "z", count: 50_000)) }
                    request.socket.disconnect(close: true)
                }
            }
            let socket = try await pair.connect()
            var target = "/socket.io/?EIO=4&transport=websocket"
            if isForwarded {
                let handshake = try await socket.client.ask(
                    "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n", until: "}")
                target += "&sid=\(try #require(handshake.split(separator: "\"sid\":\"").last?.prefix(20)))"
            }
            let client = try await (isForwarded ? try await pair.connect() : socket).client.upgrade(target)
            if isForwarded { client.send(["2probe", "5"]) }
            client.send(["40"])
            let first = try await client.next()
            #expect(first.hasPrefix(isForwarded ? "3probe" : "0{"))
            #expect(try await client.next().hasPrefix("40{"))
            client.send(["42[\"leave\"]"])
            for number in 0..<60 { #expect(try await client.next().hasPrefix("42[\"n\",\(number),")) }
            #expect(try await client.next() == "41")
            // The server may have been faster.
            try? await client.close()
        }
    }
}

/// The reasons are the reference's: applications compare their texts.
@Suite("Why a socket has ended")
struct PartingReasonTests {
    private static let ends: [String: @Sendable (EmbeddedPeer) throws -> Void] = [
        "transport close": { $0.finish() },
        "transport error": { try $0.channel.writeInbound(ByteBuffer(bytes: [0x81, 0x01])) },
        "ping timeout": { $0.loop.advanceTime(by: .seconds(45)) },
        "parse error": { try $0.text("42[]") },
        "forced close": { peer in
            for connection in peer.io.shard(for: peer.loop).shard.value.connections.all { connection.close(.forcedClose) }
        },
        "forced server close": { try $0.text("40") },
        "server shutting down": { peer in peer.io.shard(for: peer.loop).shard.value.end() },
        "client namespace disconnect": { try $0.text("41") },
        "server namespace disconnect": { try $0.text(#"42["leave"]"#) },
    ]

    @Test("each end has its reason", arguments: DisconnectReason.allCases)
    func reasons(reason: DisconnectReason) throws {
        let end = try #require(Self.ends[reason.rawValue])
        try withEmbeddedServer { io, loop in
            let reasons = Recorder<DisconnectReason>()
            io.onConnection { socket in
                socket.onDisconnecting { reasons.append($0) }
                socket.onDisconnect { reasons.append($0) }
                socket.on("leave") { $0.socket.disconnect() }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try end(peer)
            #expect(reasons.all == [reason, reason])
            peer.finish()
        }
    }
}
