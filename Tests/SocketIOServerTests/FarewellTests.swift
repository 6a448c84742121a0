import Foundation
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing
import WebSocketCore

@testable import SocketIOServer

@Suite("The last words of a connection")
struct FarewellTests {
    @Test("after a malformed request the client may finish sending, and reads its 400")
    func malformed() throws {
        var configuration = SocketIOConfiguration()
        configuration.maximumDrainedBytes = 1_000_000
        try withEmbeddedServer(configuration) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.send("GET / HTTP/1.1\r\n\u{1}\r\n\r\n")
            #expect(try peer.output().hasPrefix("HTTP/1.1 400 "))
            for _ in 0..<9 { try peer.send(String(repeating: "x", count: 100_000)) }
            loop.run()
            #expect(peer.channel.isActive && peer.isOutputClosed)
            try peer.send(String(repeating: "x", count: 200_000))
            loop.run()
            #expect(!peer.channel.isActive)
            peer.finish()
        }
    }

    @Test("a malformed request behind others is refused after their answers")
    func malformedBehind() throws {
        try withEmbeddedServer { io, loop in
            io.onConnection { $0.join("room") }
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            _ = try peer.request("POST", target, body: "40")
            _ = try peer.request("GET", target)
            try peer.send("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\nGET /socket.io/ HTTP/1.1\r\nHost: x\r\n\r\n\0\0\0")
            #expect(try peer.output() == "")
            #expect(peer.channel.isActive)
            io.to("room").emit("news")
            let parts = try peer.output().components(separatedBy: "HTTP/1.1 ").dropFirst()
            #expect(parts.map { String($0.prefix(3)) } == ["200", "400", "400"])
            #expect(parts.last?.contains("Connection: close") == true && peer.isOutputClosed)
            peer.finish()
        }
    }

    @Test("what follows a last request, and is no HTTP, does not cut off the answer")
    func malformedBehindLast() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.send("GET /socket.io/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n\0\0\0")
            #expect(try peer.output().hasPrefix("HTTP/1.1 400 "))
            #expect(peer.channel.isActive && peer.isOutputClosed)
            peer.finish()
        }
    }

    @Test("a server that ends closes its sessions part by part, and takes no new one meanwhile")
    func partByPart() throws {
        try withEmbeddedServer { io, loop in
            let peers = try (0..<10).map { _ in
                let peer = try EmbeddedPeer(io, loop: loop)
                try peer.join()
                return peer
            }
            let shard = io.shard(for: loop).shard.value
            var lefts: [Int] = []
            for parts in stride(from: 4, through: 1, by: -1) {
                lefts.append(shard.closeSessions(oneIn: parts))
                #expect(io.statistics.connections == lefts.last)
            }
            #expect(lefts == [7, 4, 2, 0])
            #expect(shard.closeSessions(oneIn: 1) == 0)
            for peer in peers {
                #expect(try peer.messages().last == "close 1012")
                peer.finish()
            }
        }
    }

    @Test("closing all sessions over a time begins with refusing new ones")
    func refusing() async throws {
        let io = SocketIO()
        await io.closeSessions(over: .seconds(60))
        #expect(io.isShuttingDown && !io.openChannel())
        await io.shutdown()
    }
}
