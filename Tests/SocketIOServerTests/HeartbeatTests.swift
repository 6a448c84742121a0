import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing

@testable import SocketIOServer

@Suite("Heartbeats and time limits")
struct HeartbeatTests {
    @Test("the server pings an interval after the handshake and after each pong")
    func pings() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            for _ in 0..<3 {
                loop.advanceTime(by: .milliseconds(24_999))
                #expect(try peer.messages() == [])
                loop.advanceTime(by: .milliseconds(1))
                #expect(try peer.messages() == ["2"])
                try peer.text("3")
            }
            peer.finish()
        }
    }

    @Test("a client that does not answer is closed a ping timeout later")
    func pongOverdue() throws {
        try withEmbeddedServer { io, loop in
            let reason = Recorder<DisconnectReason>()
            io.onConnection { $0.onDisconnect { reason.append($0) } }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            loop.advanceTime(by: .seconds(25) + .milliseconds(19_999))
            #expect(reason.all == [])
            loop.advanceTime(by: .milliseconds(1))
            #expect(reason.all == [.pingTimeout])
            #expect(io.statistics.connections == 0)
            peer.finish()
        }
    }

    @Test(
        "a ping that is sent a little late gives its client no more time, one that is much too late a whole time-out",
        arguments: [20, 5_000] as [Int64])
    func latePing(milliseconds: Int64) throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            let shard = io.shard(for: loop).shard.value
            let connection = try #require(shard.sessions.values.first)
            loop.advanceTime(by: .seconds(10))
            connection.deadlineDue(.ping, at: loop.now - .milliseconds(milliseconds), lateness: .zero)
            let left = TimeAmount.seconds(20) - (milliseconds < 100 ? .milliseconds(milliseconds) : .zero)
            loop.advanceTime(by: left - .milliseconds(1))
            #expect(io.statistics.connections == 1)
            loop.advanceTime(by: .milliseconds(1))
            #expect(io.statistics.connections == 0)
            peer.finish()
        }
    }

    @Test("a deadline that has come is carried out before a request that was read ahead of its timer")
    func requestAheadOfTimer() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            let shard = io.shard(for: loop).shard.value
            loop.advanceTime(by: .seconds(25))
            shard.timer?.cancel()
            loop.advanceTime(by: .seconds(20))
            let other = try EmbeddedPeer(io, loop: loop)
            #expect(try other.request("GET", target).contains("\"code\":1"))
            #expect(io.statistics.connections == 0)
            for peer in [peer, other] { peer.finish() }
        }
    }

    @Test("a client that joins no namespace is closed after the connect timeout")
    func connectTimeout() throws {
        var configuration = SocketIOConfiguration()
        configuration.connectTimeout = .seconds(5)
        try withEmbeddedServer(configuration) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            _ = try peer.upgrade()
            loop.advanceTime(by: .milliseconds(4_999))
            #expect(io.statistics.connections == 1)
            loop.advanceTime(by: .milliseconds(1))
            #expect(io.statistics.connections == 0)
            peer.finish()
        }
    }

    @Test("a request that is not complete in time closes the connection, however often a byte comes")
    func slowRequest() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            for character in "GET /" {
                try peer.send(String(character))
                loop.advanceTime(by: .milliseconds(1_799))
                #expect(peer.channel.isActive)
            }
            loop.advanceTime(by: .milliseconds(5))
            #expect(!peer.channel.isActive)
            peer.finish()
        }
    }

    @Test("where closing waits for the peer, the deadline does not")
    func abort() throws {
        try withEmbeddedServer { io, loop in
            let aborted = NIOLockedValueBox(0)
            let peer = try EmbeddedPeer(
                io, loop: loop,
                abort: { channel in
                    aborted.withLockedValue { $0 += 1 }
                    channel.close(promise: nil)
                })
            try peer.send("GET /")
            loop.advanceTime(by: .seconds(9))
            #expect(aborted.withLockedValue { $0 } == 1 && !peer.channel.isActive)
            peer.finish()
        }
    }

    @Test("a GET that waits has no deadline but the heartbeat's")
    func longPoll() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let response = try peer.request("GET", "/socket.io/?EIO=4&transport=polling")
            let sid = try #require(response.components(separatedBy: "\"sid\":\"").last?.prefix(20))
            _ = try peer.request("GET", "/socket.io/?EIO=4&transport=polling&sid=\(sid)")
            loop.advanceTime(by: .seconds(24))
            #expect(peer.channel.isActive)
            loop.advanceTime(by: .seconds(1))
            #expect(try peer.output().hasSuffix("\r\n\r\n2"))
            peer.finish()
        }
    }

    @Test("a server that ends answers its polls and waits for no client, not even in the middle of a request")
    func quiescing() throws {
        try withEmbeddedServer { io, loop in
            let poller = try EmbeddedPeer(io, loop: loop)
            let response = try poller.request("GET", "/socket.io/?EIO=4&transport=polling")
            let sid = try #require(response.components(separatedBy: "\"sid\":\"").last?.prefix(20))
            _ = try poller.request("GET", "/socket.io/?EIO=4&transport=polling&sid=\(sid)")
            let slow = try EmbeddedPeer(io, loop: loop)
            try slow.send("POST /socket.io/?EIO=4&transport=polling&sid=\(sid) HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n4")
            for peer in [poller, slow] { peer.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
            let answer = try poller.output()
            #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.contains("Connection: close\r\n"))
            loop.advanceTime(by: .milliseconds(250))
            #expect(!poller.channel.isActive && !slow.channel.isActive)
            #expect(io.statistics.connections == 0)
            poller.finish()
            slow.finish()
        }
    }
}
