import EngineIOCore
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing

@testable import SocketIOServer

@Suite("Memory of request bodies")
struct BodyMemoryTests {
    /// The capacity that a body of so many bytes gets: the next power of two.
    private static let body = String(repeating: "x", count: 8_192)

    private func withServer(
        _ change: (inout SocketIOConfiguration) -> Void, _ body: (SocketIO, EmbeddedEventLoop) throws -> Void
    ) throws {
        var configuration = SocketIOConfiguration()
        change(&configuration)
        try withEmbeddedServer(configuration, body)
    }

    /// Begins a POST, and sends this much of its body.
    private func begin(_ io: SocketIO, _ loop: EmbeddedEventLoop, _ body: String = BodyMemoryTests.body) throws -> EmbeddedPeer {
        let peer = try EmbeddedPeer(io, loop: loop)
        try peer.send("POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n\(body)")
        return peer
    }

    @Test(
        "unfinished bodies are limited per address and in total: a further one gets 503, until room comes back", arguments: [true, false])
    func limits(perAddress: Bool) throws {
        try withServer {
            if perAddress { $0.maximumBodyBytesPerAddress = 3 * 8_192 } else { $0.maximumBodyBytes = 3 * 8_192 }
        } _: { io, loop in
            for _ in 0..<2 {
                let peers = try (0..<3).map { _ in try begin(io, loop) }
                #expect(io.bodies.inUse == (3 * 8_192, 3 * 8_192))
                let refused = try begin(io, loop)
                let answer = try refused.output()
                #expect(answer.hasPrefix("HTTP/1.1 503 "))
                #expect(answer.contains("connection: close") || answer.contains("Connection: close"))
                #expect(io.bodies.inUse.all == 3 * 8_192)
                for peer in peers { #expect(try peer.output() == "") }
                for peer in [refused] + peers { peer.finish() }
                #expect(io.bodies.inUse == (0, 0), "given back with the connections")
            }
        }
    }

    @Test(
        "behind a trusted proxy a body counts to the client that it names, for sessions and for routes",
        arguments: ["/socket.io/", "/route"])
    func behindProxy(path: String) throws {
        try withServer {
            $0.trustedProxies = TrustedProxies(["127.0.0.1"]) ?? TrustedProxies()
            $0.maximumBodyBytesPerAddress = 8_192
        } _: { io, loop in
            func begin(for client: String) throws -> EmbeddedPeer {
                let peer = try EmbeddedPeer(io, loop: loop)
                let head =
                    "POST \(path)?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: \(client)\r\nContent-Length: 100000"
                try peer.send("\(head)\r\n\r\n\(BodyMemoryTests.body)")
                return peer
            }
            let peers = try ["1.1.1.1", "2.2.2.2"].map(begin)
            #expect(io.bodies.inUse.all == 16_384)
            let refused = try begin(for: "2.2.2.2")
            #expect(io.bodies.inUse.all == 16_384)
            for peer in peers + [refused] { peer.finish() }
            #expect(io.bodies.inUse == (0, 0))
        }
    }

    @Test("small bodies do not count, and always fit", arguments: [(4_096, 0), (4_097, 8_192)])
    func small(bytes: Int, counted: Int) throws {
        try withServer { _ in
        } _: { io, loop in
            let peer = try begin(io, loop, String(repeating: "x", count: bytes))
            #expect(io.bodies.inUse.all == counted)
            peer.finish()
        }
        try withServer {
            $0.maximumBodyBytes = 0
        } _: { io, loop in
            let peer = try begin(io, loop, String(repeating: "x", count: bytes))
            #expect(try peer.output().hasPrefix("HTTP/1.1 503 ") == (counted > 0))
            peer.finish()
        }
    }

    @Test("a body counts until its packets are taken, also when its connection has gone")
    func taken() throws {
        try withServer {
            $0.maximumMailItemsPerConnection = 0
        } _: { io, loop in
            let other = EmbeddedEventLoop()
            let shard = io.shard(for: other).shard.value
            io.onConnection { socket in socket.on("n") { _ in io.emit("x") } }
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            _ = try peer.request("POST", target, body: "40")
            let packet = "42[\"n\",\"\(String(repeating: "x", count: 5_000))\"]"
            let body = [packet, packet].joined(separator: "\u{1e}")
            try peer.send("POST \(target) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            loop.advanceTime(by: .milliseconds(5))
            let held = io.bodies.inUse.all
            #expect(held >= body.utf8.count, "the second packet is held, since the mail of the first waits for the other loop")
            peer.channel.close(promise: nil)
            #expect(io.bodies.inUse.all == held)
            for _ in 0..<3 {
                other.run()
                loop.advanceTime(by: .milliseconds(5))
            }
            #expect(io.bodies.inUse == (0, 0))
            peer.finish()
            shard.end()
            try other.close()
        }
    }

    @Test("an answered body is given back while its connection goes on")
    func answered() throws {
        try withServer { _ in
        } _: { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            _ = try peer.request("POST", target, body: "40")
            for _ in 0..<2 {
                let answer = try peer.request("POST", target, body: "42[\"n\",\"\(String(repeating: "x", count: 9_000))\"]")
                #expect(answer.hasSuffix("ok"))
                #expect(io.bodies.inUse == (0, 0))
            }
            peer.finish()
        }
    }

    @Test("what a route reads counts too, and no more than the largest body; without room its connection is closed")
    func routes() throws {
        try withServer {
            $0.maximumHTTPBufferBytes = 20_000
            $0.maximumBodyBytes = 50_000
        } _: { io, loop in
            func post() throws -> EmbeddedPeer {
                let peer = try EmbeddedPeer(io, loop: loop)
                try peer.send("POST /route HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n\(Self.body)")
                return peer
            }
            let first = try post()
            #expect(io.bodies.inUse.all == 8_192)
            for _ in 0..<2 { try first.send(Self.body) }
            #expect(io.bodies.inUse.all == 20_000)
            let others = try (0..<3).map { _ in try post() }
            #expect(io.bodies.inUse.all == 20_000 + 3 * 8_192)
            let refused = try post()
            #expect(!refused.channel.isActive)
            for peer in [first, refused] + others { peer.finish() }
            #expect(io.bodies.inUse == (0, 0))
        }
    }
}
