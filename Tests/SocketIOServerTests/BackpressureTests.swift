import Foundation
import NIOCore
import NIOEmbedded
import NIOHTTP1
import SocketIOCore
import Testing
import WebSocketCore

@testable import SocketIOServer

@Suite("Clients that do not read, or send too much at once")
struct BackpressureTests {
    @Test("no request is taken while earlier answers wait in memory")
    func unread() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            peer.setWritable(false)
            let request = "GET /socket.io/?EIO=4 HTTP/1.1\r\nHost: x\r\n\r\n"
            try peer.send(request + request)
            #expect(try peer.output() == "")
            peer.setWritable(true)
            #expect(try peer.output().components(separatedBy: "HTTP/1.1 400 ").count == 3)
            #expect(try peer.request("GET", "/socket.io/?EIO=4").hasPrefix("HTTP/1.1 400 "))
            peer.finish()
        }
    }

    @Test("requests that pile up behind one that is being answered end the connection")
    func pileUp() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            _ = try peer.request("GET", try peer.openPolling())
            // A request without a body has two parts.
            for _ in 0..<5_000 { try peer.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n") }
            #expect(peer.channel.isActive)
            try peer.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            loop.run()
            #expect(!peer.channel.isActive)
            peer.finish()
        }
    }
}
