import Foundation
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing
import WebSocketCore

@testable import SocketIOServer

@Suite("What one client can make the server keep")
struct BoundsTests {
    private func configuration(_ change: (inout SocketIOConfiguration) -> Void) -> SocketIOConfiguration {
        var configuration = SocketIOConfiguration()
        change(&configuration)
        return configuration
    }

    @Test("a client that reads gets packets larger than the limit, and many at once")
    func largePackets() throws {
        try withEmbeddedServer(configuration { $0.maximumQueuedBytes = 1_000 }) { io, loop in
            io.onConnection { socket in socket.on("echo") { $0.acknowledge?($0.arguments) } }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            let text = String(repeating: "x", count: 900)
            try peer.texts((0..<5).map { "42\($0)[\"echo\",\"\(text)\"]" })
            #expect(try peer.messages().count == 5)
            try peer.text(#"453-7["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1},{"_placeholder":true,"num":2}]"#)
            for _ in 0..<3 { try peer.frame(.binary, ByteBuffer(repeating: 1, count: 2_000)) }
            #expect(try peer.messages().dropFirst() == ["binary 2000", "binary 2000", "binary 2000"])
            #expect(io.statistics.slowClientCloses == 0)
            peer.finish()
        }
    }

    @Test("attachments that do not come end the connection in time, and pongs do not lengthen it")
    func missingAttachments() throws {
        try withEmbeddedServer(configuration { $0.messageTimeout = .seconds(10) }) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.text(#"452-["x"]"#)
            try peer.frame(.binary, ByteBuffer(string: "a"))
            loop.advanceTime(by: .milliseconds(9_999))
            try peer.text("3")
            #expect(io.statistics.connections == 1)
            loop.advanceTime(by: .milliseconds(1))
            #expect(io.statistics.connections == 0)
            peer.finish()
        }
    }

    @Test("attachments that come in time leave the connection alone")
    func attachmentsInTime() throws {
        try withEmbeddedServer(configuration { $0.messageTimeout = .seconds(5) }) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.text(#"451-["x"]"#)
            try peer.frame(.binary, ByteBuffer(string: "a"))
            loop.advanceTime(by: .seconds(4))
            try peer.text(#"451-["x"]"#)
            loop.advanceTime(by: .seconds(4))
            #expect(io.statistics.connections == 1)
            loop.advanceTime(by: .seconds(5))
            #expect(io.statistics.connections == 0, "the second had at most twice the time")
            peer.finish()
        }
    }

    @Test("a client that is refused again and again has one deadline")
    func refusals() throws {
        try withEmbeddedServer(configuration { $0.connectTimeout = .seconds(5) }) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            _ = try peer.upgrade()
            let connection = try #require(io.shard(for: loop).shard.value.connections.all.first)
            for _ in 0..<1_000 { connection.armConnectDeadline() }
            #expect(connection.shard.deadlines[DeadlineKind.connect.rawValue].count == 1)
            loop.advanceTime(by: .seconds(5))
            #expect(io.statistics.connections == 0)
            peer.finish()
        }
    }

    @Test("a client that has joined once may leave without a new deadline")
    func leftAgain() throws {
        try withEmbeddedServer(configuration { $0.connectTimeout = .seconds(5) }) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.text("41")
            loop.advanceTime(by: .seconds(6))
            #expect(io.statistics.connections == 1)
            peer.finish()
        }
    }

    @Test("a polling client that closes late gets the disconnect packet first, then noop and close")
    func lateFarewell() throws {
        try withEmbeddedServer { io, loop in
            io.onConnection { socket in socket.on("bye") { $0.socket.disconnect(close: true) } }
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            _ = try peer.request("POST", target, body: "40")
            _ = try peer.request("GET", target)
            _ = try peer.request("POST", target, body: "42[\"bye\"]")
            #expect(try peer.request("GET", target).hasSuffix("\r\n\r\n41"))
            #expect(try peer.request("GET", target).hasSuffix("\r\n\r\n6\u{1e}1"))
            #expect(try peer.request("GET", target).contains("\"code\":1"))
            peer.finish()
        }
    }

    @Test("a room that is named after a socket does not take its messages away")
    func impostor() throws {
        try withEmbeddedServer { io, loop in
            let victimPeer = try EmbeddedPeer(io, loop: loop)
            try victimPeer.join()
            let victim = try #require(io.shard(for: loop).shard.value.main.sockets.values.first)
            let other = try EmbeddedPeer(io, loop: loop)
            try other.join()
            let impostor = try #require(io.shard(for: loop).shard.value.main.sockets.values.first { $0.id != victim.id })
            impostor.join(victim.id)
            let peers = [victimPeer, other]
            io.to(victim.id).emit("x")
            #expect(try peers.map { try $0.messages().count } == [1, 1])
            victim.to(victim.id).emit("x")
            #expect(try peers.map { try $0.messages().count } == [0, 0])
            for peer in peers { peer.finish() }
        }
    }

    @Test("a handler that is registered after the end is dropped, and with it the socket")
    func afterTheEnd() throws {
        final class Token: Sendable {
            let dropped: Recorder<Bool>
            init(_ dropped: Recorder<Bool>) { self.dropped = dropped }
            deinit { dropped.append(true) }
        }
        try withEmbeddedServer { io, loop in
            let dropped = Recorder<Bool>()
            io.onConnection { socket in
                let token = Token(dropped)
                socket.disconnect()
                socket.on("x") { _ in _ = (socket, token) }
                socket.onAny { _ in _ = (socket, token) }
                socket.onUnhandled { _ in _ = (socket, token) }
                socket.onDisconnect { _ in _ = (socket, token) }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            #expect(dropped.all == [true])
            peer.finish()
        }
    }
}
