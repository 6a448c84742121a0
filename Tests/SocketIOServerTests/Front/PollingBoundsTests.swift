import EngineIOCore
import Foundation
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing

@testable import SocketIOServer

@Suite("What a polling client can make the server hold, and how it is given back")
struct PollingBoundsTests {
    private func configuration(_ change: (inout SocketIOConfiguration) -> Void) -> SocketIOConfiguration {
        var configuration = SocketIOConfiguration()
        change(&configuration)
        return configuration
    }

    /// Everything that opens sessions, before it is refused.
    private func handshake(_ peer: EmbeddedPeer) throws -> Bool {
        try peer.request("GET", "/socket.io/?EIO=4&transport=polling").contains("0{\"sid\":")
    }

    @Test("small packets count with what each takes in memory: so many fit, one more closes, and a GET makes room for as many again")
    func queueWithOverhead() throws {
        // `42["news"]` takes 11 bytes with its separator; a queue of 6 stays under the mark from which sizes are looked at.
        let packet = 11 + PollingState.packetOverhead
        for (extra, connections) in [(0, 1), (1, 0)] {
            try withEmbeddedServer(configuration { $0.maximumQueuedBytes = 100 * packet }) { io, loop in
                io.onConnection { $0.join("room") }
                let peer = try EmbeddedPeer(io, loop: loop)
                let target = try peer.openPolling()
                _ = try peer.request("POST", target, body: "40")
                for _ in 0..<2 {
                    _ = try peer.request("GET", target)
                    for _ in 0..<100 { io.to("room").emit("news") }
                    loop.run()
                    #expect(io.statistics.connections == 1)
                }
                for _ in 0..<extra { io.to("room").emit("news") }
                loop.run()
                #expect(io.statistics.connections == connections)
                peer.finish()
            }
        }
    }

    @Test("a packet that nothing waits before may be larger than the limit")
    func onePacket() throws {
        try withEmbeddedServer(configuration { $0.maximumQueuedBytes = 1_000 }) { io, loop in
            io.onConnection { $0.join("room") }
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            _ = try peer.request("POST", target, body: "40")
            _ = try peer.request("GET", target)
            io.to("room").emit("news", String(repeating: "x", count: 5_000))
            #expect(try peer.request("GET", target).utf8.count > 5_000)
            peer.finish()
        }
    }

    @Test(
        "nothing less than joining a namespace makes a session count as used",
        arguments: ["6", "3", "40/other,", "GET", "probe", "5"])
    func lesserSigns(sign: String) throws {
        try withEmbeddedServer(configuration { $0.maximumUnconfirmedSessions = 2 }) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            for _ in 0..<2 {
                let target = try peer.openPolling()
                let other = try EmbeddedPeer(io, loop: loop)
                switch sign {
                case "GET": _ = try other.request("GET", target)
                case "probe":
                    _ = try other.upgrade(target.replacingOccurrences(of: "=polling", with: "=websocket"))
                    try other.text("2probe")
                    try other.text("x")
                default: _ = try other.request("POST", target, body: sign)
                }
            }
            #expect(io.statistics.connections == 2)
            #expect(try !handshake(peer))
            peer.finish()
        }
    }

    @Test("joining, a WebSocket that takes over, and the end make room for another session", arguments: ["40", "1", "5"])
    func confirmed(packet: String) throws {
        try withEmbeddedServer(configuration { $0.maximumUnconfirmedSessions = 1 }) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            #expect(try !handshake(peer))
            let other = try EmbeddedPeer(io, loop: loop)
            if packet == "5" {
                _ = try other.upgrade(target.replacingOccurrences(of: "=polling", with: "=websocket"))
                try other.texts(["2probe", "5"])
            } else {
                _ = try other.request("POST", target, body: packet)
            }
            #expect(try handshake(peer))
            #expect(try !handshake(peer))
            peer.finish()
            other.finish()
        }
    }

    @Test("a client that a middleware refuses has not joined")
    func refusedJoin() async throws {
        var configuration = SocketIOConfiguration()
        configuration.maximumUnconfirmedSessions = 1
        let (refusals, refused) = AsyncStream<Void>.makeStream()
        try await LiveServer.with(configuration) { server in
            server.io.use { _ in
                refused.yield()
                throw ConnectError(message: "no")
            }
            let (client, _, received) = try await server.connect()
            let polling = "/socket.io/?EIO=4&transport=polling"
            func request(_ line: String, body: String = "") -> ByteBuffer {
                ByteBuffer(string: "\(line) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            }
            client.writeAndFlush(request("GET \(polling)"), promise: nil)
            client.read()
            var answers = ""
            var hasPosted = false
            for await bytes in received {
                answers += String(buffer: bytes)
                if !hasPosted, let sid = answers.components(separatedBy: "\"sid\":\"").dropFirst().first?.prefix(20), sid.count == 20 {
                    hasPosted = true
                    client.writeAndFlush(request("POST \(polling)&sid=\(sid)", body: "40"), promise: nil)
                    for await _ in refusals { break }
                    client.writeAndFlush(request("GET \(polling)"), promise: nil)
                }
                if answers.contains("HTTP/1.1 503 ") || answers.components(separatedBy: "\"sid\"").count > 2 { break }
                client.read()
            }
            #expect(answers.contains("HTTP/1.1 503 "))
            try await client.close()
        }
    }

    @Test("unused sessions are limited per loop: a further one ends the oldest, and sessions that joined do not count")
    func newcomers() throws {
        try withEmbeddedServer(configuration { $0.maximumUnconfirmedSessionsPerLoop = 3 }) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let joined = try peer.openPolling()
            _ = try peer.request("POST", joined, body: "40")
            let targets = try (0..<3).map { _ in try peer.openPolling() }
            #expect(io.statistics.connections == 4)
            let last = try peer.openPolling()
            #expect(io.statistics.connections == 4)
            #expect(try peer.request("POST", targets[0], body: "6").contains("\"code\":1"), "the oldest")
            for target in [joined, targets[1], targets[2], last] { #expect(try peer.request("POST", target, body: "6").hasSuffix("ok")) }
            peer.finish()
        }
    }

    @Test("an unused session ends in time, whatever its client sends")
    func connectTimeout() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            for _ in 0..<8 {
                loop.advanceTime(by: .seconds(5))
                let other = try EmbeddedPeer(io, loop: loop)
                _ = try other.request("POST", target, body: "3")
            }
            #expect(io.statistics.connections == 1)
            loop.advanceTime(by: .seconds(5))
            #expect(io.statistics.connections == 0)
            #expect(io.shard(for: loop).shard.value.newcomers.count == 0)
            peer.finish()
        }
    }

    @Test("polling sessions are limited per address; an end or an upgrade frees a place")
    func address() throws {
        try withEmbeddedServer(configuration { $0.maximumPollingSessionsPerAddress = 2 }) { io, loop in
            let first = try EmbeddedPeer(io, loop: loop)
            let second = try EmbeddedPeer(io, loop: loop)
            let targets = [try first.openPolling(), try second.openPolling()]
            #expect(try !handshake(first))
            #expect(try EmbeddedPeer(io, loop: loop).upgrade().hasPrefix("HTTP/1.1 101 "), "a WebSocket holds a connection, which counts")
            _ = try second.request("POST", targets[0], body: "1")
            #expect(try handshake(second))
            #expect(try !handshake(EmbeddedPeer(io, loop: loop)))
            let socket = try EmbeddedPeer(io, loop: loop)
            _ = try socket.upgrade(targets[1].replacingOccurrences(of: "=polling", with: "=websocket"))
            try socket.texts(["2probe", "5"])
            #expect(try handshake(EmbeddedPeer(io, loop: loop)))
            for peer in [first, second, socket] { peer.finish() }
        }
    }

    @Test("a POST up to the limit of packets is taken; with one more none is, and the session ends")
    func packetsPerPayload() throws {
        for (count, isTaken) in [(1_000, true), (1_001, false)] {
            try withEmbeddedServer(configuration { $0.maximumPacketsPerPayload = 1_000 }) { io, loop in
                let peer = try EmbeddedPeer(io, loop: loop)
                let target = try peer.openPolling()
                let body = "40" + String(repeating: "\u{1e}42[\"a\"]", count: count - 1)
                #expect(try peer.request("POST", target, body: body).hasPrefix(isTaken ? "HTTP/1.1 200 " : "HTTP/1.1 400 "))
                #expect(io.statistics.eventsReceived == (isTaken ? 999 : 0))
                #expect(io.statistics.connections == (isTaken ? 1 : 0))
                peer.finish()
            }
        }
    }

    @Test("a second POST while the first is being taken ends the session")
    func overlappingPOSTs() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            // Each packet takes a whole turn.
            let time = Recorder<Int>()
            io.shard(for: loop).shard.value.clock = {
                time.append(0)
                return .uptimeNanoseconds(UInt64(time.all.count) * 10_000_000)
            }
            let body = "40" + String(repeating: "\u{1e}42[\"a\"]", count: 9)
            try peer.send("POST \(target) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            #expect(try EmbeddedPeer(io, loop: loop).request("POST", target, body: "6").hasPrefix("HTTP/1.1 400 "))
            loop.advanceTime(by: .milliseconds(1))
            #expect(try peer.output().hasSuffix("ok"), "the first has its answer all the same")
            #expect(io.statistics.connections == 0)
            peer.finish()
        }
    }

    @Test("a session that closes while a GET waits with nothing to fetch says noop and close")
    func farewell() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            _ = try peer.request("GET", target)
            io.shard(for: loop).shard.value.connections.all.first?.closeAfterFlush()
            #expect(try peer.output().hasSuffix("\r\n\r\n6\u{1e}1"))
            #expect(io.statistics.connections == 0)
            peer.finish()
        }
    }
}
