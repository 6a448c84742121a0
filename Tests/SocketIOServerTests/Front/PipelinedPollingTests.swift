import Foundation
import NIOCore
import NIOEmbedded
import NIOPosix
import SocketIOCore
import Testing

@testable import SocketIOServer

/// A GET that waits is answered from within the session, and the request behind it on the same connection may be of the same session.
@Suite("Requests of one session in one write")
struct PipelinedPollingTests {
    private func get(_ target: String) -> String { "GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n" }
    private func post(_ target: String, _ body: String) -> String {
        "POST \(target) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private func statuses(_ output: String) -> [String] {
        output.components(separatedBy: "HTTP/1.1 ").dropFirst().map { String($0.prefix(3)) }
    }

    @Test("two GETs: a POST on another connection answers the first, and the second waits in its place")
    func answeredByPOST() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let other = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            try peer.send(get(target) + get(target))
            #expect(try other.request("POST", target, body: "40").hasSuffix("ok"))
            #expect(try peer.output().contains("40{\"sid\":"))
            #expect(io.statistics.connections == 1)
            io.emit("news")
            #expect(try peer.output().hasSuffix("42[\"news\"]"), "the second GET")
            peer.finish()
            other.finish()
        }
    }

    @Test("a GET and a POST: the server's ping answers the first, and the second is taken")
    func answeredByPing() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            try peer.send(get(target) + post(target, "3"))
            loop.advanceTime(by: .seconds(25))
            #expect(try statuses(peer.output()) == ["200", "200"])
            loop.advanceTime(by: .seconds(19))
            #expect(io.statistics.connections == 1, "the pong has arrived")
            peer.finish()
        }
    }

    @Test("a GET and a POST: a probe answers the first, and the second is taken")
    func answeredByProbe() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let socket = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            try peer.send(get(target) + post(target, "40"))
            _ = try socket.upgrade(target.replacingOccurrences(of: "=polling", with: "=websocket"))
            try socket.text("2probe")
            #expect(try socket.messages() == ["3probe"])
            #expect(try statuses(peer.output()) == ["200", "200"])
            #expect(io.statistics.sockets == 1)
            peer.finish()
            socket.finish()
        }
    }

    @Test("a GET and two more behind it: the end of the session answers them all")
    func answeredByEnd() throws {
        try withEmbeddedServer { io, loop in
            io.onConnection { socket in socket.on("bye") { $0.socket.disconnect(close: true) } }
            for packet in ["1", "7", "42[\"bye\"]"] {
                let peer = try EmbeddedPeer(io, loop: loop)
                let other = try EmbeddedPeer(io, loop: loop)
                let target = try peer.openPolling()
                _ = try other.request("POST", target, body: "40")
                _ = try peer.request("GET", target)
                try peer.send(get(target) + get(target) + get(target))
                _ = try other.request("POST", target, body: packet)
                #expect(try statuses(peer.output()).count == 3)
                loop.advanceTime(by: .seconds(31))
                #expect(io.statistics.connections == 0)
                peer.finish()
                other.finish()
            }
        }
    }

    @Test("a client that closes its side at once gets its answers, also from a session of another loop")
    func halfClosed() throws {
        let other = EmbeddedEventLoop()
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            for loop in [loop, other] {
                let poster = try EmbeddedPeer(io, loop: loop)
                try poster.send(post(target, "6") + post(target, "3") + get("/socket.io/?EIO=4"))
                poster.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
                #expect(try statuses(poster.output()) == ["200", "200", "400"])
                #expect(!poster.channel.isActive)
            }
            #expect(io.statistics.connections == 1)
            peer.finish()
        }
        try other.close()
    }

    @Test("over TCP the process lives, and both requests are answered")
    func overTCP() async throws {
        try await LiveServer.with(SocketIOConfiguration()) { server in
            let (client, _, received) = try await server.connect()
            let (other, _, _) = try await server.connect()
            let polling = "/socket.io/?EIO=4&transport=polling"
            try await client.writeAndFlush(ByteBuffer(string: get(polling)))
            client.read()
            var answers = ""
            var isOpen = false
            for await bytes in received {
                answers += String(buffer: bytes)
                if !isOpen, answers.contains("}"), let sid = answers.components(separatedBy: "\"sid\":\"").last?.prefix(20) {
                    isOpen = true
                    let target = "\(polling)&sid=\(sid)"
                    try await client.writeAndFlush(ByteBuffer(string: get(target) + post(target, "6")))
                    try await other.writeAndFlush(ByteBuffer(string: post(target, "40")))
                }
                if answers.hasSuffix("ok") { break }
                client.read()
            }
            #expect(answers.contains("40{\"sid\":") && answers.hasSuffix("ok"))
            try await client.close()
            try await other.close()
        }
    }
}
