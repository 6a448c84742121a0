import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing

@testable import SocketIOServer

@Suite("What a channel reads while it writes")
struct ReentranceTests {
    /// Every frame is more than the limit, so that each is written at once where nothing forbids it.
    private var small: SocketIOConfiguration {
        var configuration = SocketIOConfiguration()
        configuration.maximumQueuedBytes = 100
        return configuration
    }

    private let big = String(repeating: "x", count: 200)

    @Test("a broadcast reaches all its receivers before what a failed write makes one of them say")
    func order() throws {
        try withEmbeddedServer(small) { io, loop in
            let (peers, sockets) = try joinedPeers(5, io, loop)
            for socket in sockets {
                socket.join("r")
                socket.on("speak") { request in
                    io.to("r").emit("nested")
                    request.socket.emit("to myself")
                }
            }
            try peers[2].failNextWrite(.reading([EmbeddedPeer.frames(#"42["speak"]"#)]))
            io.to("r").emit("big", big)
            for (index, peer) in peers.enumerated() where index != 2 {
                #expect(try peer.messages() == ["42[\"big\",\"\(big)\"]", #"42["nested"]"#], "peer \(index)")
            }
            for peer in peers { peer.finish() }
        }
    }

    @Test("an excluded socket does not get a broadcast, though another broadcast is made in the middle")
    func excluded() throws {
        try withEmbeddedServer(small) { io, loop in
            let (peers, sockets) = try joinedPeers(6, io, loop)
            for socket in sockets {
                socket.join("r")
                socket.join("s")
                socket.on("speak") { request in
                    io.to("r").to("s").emit("nested")
                    request.socket.emit("to myself")
                }
            }
            try peers[1].failNextWrite(.reading([EmbeddedPeer.frames(#"42["speak"]"#)]))
            let excluded = [4, 5]
            var target = io.to("r").to("s")
            for index in excluded { target = target.except(sockets[index].id) }
            target.emit("big", big)
            let received = try peers.map { try $0.messages() }
            for index in excluded { #expect(received[index] == [#"42["nested"]"#], "peer \(index)") }
            for index in [0, 2, 3] { #expect(received[index] == ["42[\"big\",\"\(big)\"]", #"42["nested"]"#], "peer \(index)") }
            for peer in peers { peer.finish() }
        }
    }

    @Test("a handler may leave, join and disconnect anybody, whoever's write made it run")
    func changes() throws {
        try withEmbeddedServer(small) { io, loop in
            let (peers, sockets) = try joinedPeers(6, io, loop)
            let all = sockets
            for socket in sockets {
                socket.join("r")
                socket.on("upset") { _ in
                    for other in all[3...] { other.leave("r") }
                    all[0].disconnect(close: true)
                    all[4].disconnect()
                    all[5].join("s")
                }
            }
            try peers[1].failNextWrite(.reading([EmbeddedPeer.frames(#"42["upset"]"#)]))
            io.to("r").emit("big", big)
            let expected = "42[\"big\",\"\(big)\"]"
            #expect(try peers[0].messages() == [expected, "41", "close"])
            #expect(try peers[2].messages() == [expected])
            #expect(try peers[3].messages() == [expected])
            #expect(try peers[4].messages() == [expected, "41"])
            #expect(try peers[5].messages() == [expected])
            #expect(io.shard(for: loop).shard.value.main.rooms["r"]?.members.map(\.id) == [sockets[2].id])
            for peer in peers { peer.finish() }
            loop.run()
            #expect(io.statistics.connections == 0)
        }
    }

    @Test("packets that are read within a write of the same connection come after those before them, and none is lost")
    func ownPackets() throws {
        try withEmbeddedServer(small) { io, loop in
            let seen = Recorder<Int>()
            io.onConnection { socket in
                socket.on("n") { request in
                    seen.append(request.arguments.first.int ?? -1)
                    request.socket.emit("big", String(repeating: "x", count: 200))
                    seen.append(-(request.arguments.first.int ?? -1))
                }
                socket.onDisconnect { _ in seen.append(0) }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            let late = EmbeddedPeer.frames(#"42["n",4]"#)
            try peer.failNextWrite(.reading([EmbeddedPeer.frames(#"42["n",3]"#), late]))
            try peer.texts([#"42["n",1]"#, #"42["n",2]"#])
            loop.run()
            #expect(seen.all == [1, -1, 2, -2, 3, -3, 4, -4, 0])
            #expect(io.statistics.connections == 0)
            peer.finish()
        }
    }

    @Test("an error within a write reaches the session when the handler that wrote is done")
    func error() throws {
        try withEmbeddedServer(small) { io, loop in
            let seen = Recorder<String>()
            io.onConnection { socket in
                socket.on("n") { request in
                    request.socket.emit("big", String(repeating: "x", count: 200))
                    seen.append("handled")
                }
                socket.onDisconnect { seen.append($0.rawValue) }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.failNextWrite(.error)
            try peer.text(#"42["n"]"#)
            loop.run()
            #expect(seen.all == ["handled", "transport error"])
            peer.finish()
        }
    }

    @Test("a channel that becomes writable within a write gets everything once, in order")
    func writable() throws {
        try withEmbeddedServer(small) { io, loop in
            io.onConnection { socket in
                socket.on("n") { request in
                    for number in 0..<3 { request.socket.emit("big", number, String(repeating: "x", count: 200)) }
                }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.failNextWrite(.writable)
            try peer.text(#"42["n"]"#)
            #expect(try peer.messages() == (0..<3).map { "42[\"big\",\($0),\"\(big)\"]" })
            peer.finish()
        }
    }

    @Test("what a channel reads within a write is kept up to a limit, and beyond it the connection ends", arguments: [(0, 3), (1, 1)])
    func limit(extra: Int, handled: Int) throws {
        try withEmbeddedServer(small) { io, loop in
            let seen = Recorder<Int>()
            io.onConnection { socket in
                socket.on("n") { request in
                    seen.append(request.arguments.packet.byteCount)
                    request.socket.emit("big", String(repeating: "x", count: 200))
                }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            // A client's frame of more than 65,535 bytes has a header of 14; the event's own text has 10 beside the padding.
            let half = (1 << 19) - 14 - 10
            let frames = [half, half + extra].map { EmbeddedPeer.frames("42[\"n\",\"" + String(repeating: "x", count: $0) + "\"]") }
            #expect(frames.reduce(0) { $0 + $1.readableBytes } == (1 << 20) + extra)
            try peer.failNextWrite(.reading(frames))
            try peer.text(#"42["n",1]"#)
            loop.run()
            #expect(seen.all.count == handled + (extra == 0 ? 0 : 1))
            #expect(io.statistics.connections == 0)
            peer.finish()
        }
    }
}
