import Foundation
import NIOCore
import NIOEmbedded
import NIOHTTP1
import SocketIOCore
import Testing
import WebSocketCore

@testable import SocketIOServer

@Suite("What comes behind a request for an upgrade")
struct UpgradeSafetyTests {
    private static let start = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n"
    private static let key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

    @Test(
        "a tab in Connection makes no upgrade, since the HTTP parser goes on behind such a request",
        arguments: ["Upgrade\t", "Upgrade \t", "Upgrade\t, keep-alive", "keep-alive,\tUpgrade\t"])
    func tab(connection: String) throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let next = "GET /socket.io/ HTTP/1.1\r\nHost: x\r\n\r\n"
            try peer.send("\(Self.start)Upgrade: websocket\r\nConnection: \(connection)\r\n\(Self.key)\r\n\(next)")
            #expect(try peer.output().hasPrefix("HTTP/1.1 400 "))
            #expect(io.statistics.connections == 0)
            peer.finish()
        }
    }

    @Test("frames that a client sends right behind its request are not lost")
    func early() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            var bytes = ByteBuffer(string: "\(Self.start)Upgrade: websocket\r\nConnection: Upgrade\r\n\(Self.key)\r\n")
            WebSocketEncoder.write(opcode: .text, payload: ByteBuffer(string: "40"), mask: 7, into: &bytes)
            try peer.channel.writeInbound(bytes)
            let output = try peer.output()
            #expect(output.hasPrefix("HTTP/1.1 101 ") && output.contains("40{\"sid\":"))
            peer.finish()
        }
    }

    @Test("a frame that meets the HTTP handlers is refused")
    func strayFrame() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            // A request that comes in pieces is one for the HTTP handlers.
            try peer.send("G")
            let written = peer.channel.writeAndFlush(ByteBuffer(string: "frame"))
            loop.run()
            #expect(throws: (any Error).self) { try written.wait() }
            #expect(try peer.output() == "")
            peer.finish()
        }
    }

    @Test("a session of another loop that ends in the middle of an upgrade")
    func remoteEnd() throws {
        let other = EmbeddedEventLoop()
        try withEmbeddedServer { io, loop in
            for isReset in [false, true] {
                let poller = try EmbeddedPeer(io, loop: loop)
                let target = try poller.openPolling()
                poller.finish()
                let socket = try EmbeddedPeer(io, loop: other)
                let upgrade = target.replacingOccurrences(of: "=polling", with: "=websocket")
                let head = (["GET \(upgrade) HTTP/1.1", "Host: x"] + EmbeddedPeer.upgradeHeaders).joined(separator: "\r\n")
                try socket.send(head + "\r\n\r\n")
                loop.run()
                for connection in io.shard(for: loop).shard.value.connections.all { connection.close(.transportClose) }
                if isReset {
                    socket.finish()
                } else {
                    #expect(try socket.output().hasPrefix("HTTP/1.1 101 "))
                    loop.run()
                    _ = try socket.output()
                    #expect(socket.isOutputClosed)
                }
                #expect(io.statistics.connections == 0)
                socket.finish()
            }
            other.run()
        }
        try other.close()
    }

    @Test("parts that a parser still produces behind an upgrade reach nobody")
    func lateParts() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.send(Self.start)
            try peer.send("Upgrade: websocket\r\nConnection: Upgrade\r\n\(Self.key)\r\n")
            let decoder = try peer.channel.pipeline.syncOperations.context(handlerType: ByteToMessageHandler<RequestDecoder>.self)
            let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/socket.io/")
            for part in [HTTPServerRequestPart.head(head), .body(ByteBuffer(string: "x")), .end(nil)] {
                decoder.fireChannelRead(NIOAny(part))
            }
            #expect(try peer.output().components(separatedBy: "HTTP/1.1 ").count == 2)
            try peer.text("40")
            #expect(try peer.output().contains("40{\"sid\":"))
            peer.finish()
        }
    }

    @Test("what follows a refused upgrade is read and dropped up to the limit, never kept")
    func refused() throws {
        var configuration = SocketIOConfiguration()
        configuration.maximumDrainedBytes = 4_000_000
        try withEmbeddedServer(configuration) { io, loop in
            for asks in ["Connection: Upgrade\r\nUpgrade: websocket\r\n", "Connection: Upgrade\r\nUpgrade: h2c\r\n"] {
                let peer = try EmbeddedPeer(io, loop: loop)
                try peer.send("\(Self.start)\(asks)\r\n")
                #expect(try peer.output().hasPrefix("HTTP/1.1 400 "))
                for _ in 0..<4 { try peer.channel.writeInbound(ByteBuffer(repeating: 0x78, count: 1_000_000)) }
                loop.run()
                #expect(peer.channel.isActive, "the client may still be sending what it began")
                try peer.send("x")
                loop.run()
                #expect(!peer.channel.isActive)
                peer.finish()
            }
        }
    }

    @Test("what follows an upgrade that is not decided is kept up to the limit")
    func undecided() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            try peer.send("GET \(target) HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
            try peer.channel.writeInbound(ByteBuffer(repeating: 0x78, count: 1 << 20))
            loop.run()
            #expect(peer.channel.isActive)
            try peer.send("x")
            loop.run()
            #expect(!peer.channel.isActive)
            peer.finish()
        }
    }
}
