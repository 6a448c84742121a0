import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing

@testable import SocketIOServer

@Suite("What one loop does in order")
struct MailOrderTests {
    @Test("work from other threads does not run in the middle of a handler that broadcasts and emits")
    func foreignWork() throws {
        try withEmbeddedServer { io, loop in
            let (peers, sockets) = try joinedPeers(1, io, loop)
            let seen = Recorder<String>()
            sockets[0].join("r")
            sockets[0].on("go") { request in
                seen.append("begins")
                io.to("r").emit("first")
                request.socket.emit("second")
                request.socket.emit("third", request.arguments)
                request.acknowledge?(request.arguments)
                request.acknowledge?()
                seen.append("ends")
            }
            io.shard(for: loop).enqueue(
                .perform {
                    seen.append("foreign")
                    io.to("r").emit("foreign")
                })
            try peers[0].text(#"421["go"]"#)
            #expect(
                try peers[0].messages() == [#"42["first"]"#, #"42["second"]"#, #"42["third"]"#, "431[]", "431[]", #"42["foreign"]"#])
            #expect(seen.all == ["begins", "ends", "foreign"])
            peers[0].finish()
        }
    }

    @Test("a handler's joins, leaves and disconnects keep their place among its broadcasts, behind work of others")
    func places() throws {
        try withEmbeddedServer { io, loop in
            let (peers, sockets) = try joinedPeers(2, io, loop)
            sockets[0].join("old")
            sockets[0].on("go") { request in
                io.emit("everybody")
                request.socket.leave("old")
                io.to("old").emit("too late")
                io.to("new").emit("too early")
                request.socket.join("new")
                io.to("new").emit("in time")
                request.socket.disconnect()
                io.emit("gone")
            }
            io.shard(for: loop).enqueue(.perform {})
            try peers[0].text(#"42["go"]"#)
            #expect(try peers[0].messages() == [#"42["everybody"]"#, #"42["in time"]"#, "41"])
            #expect(try peers[1].messages() == [#"42["everybody"]"#, #"42["gone"]"#])
            for peer in peers { peer.finish() }
        }
    }

    @Test("what work in the mailbox sends comes before the broadcasts that were made after it was mailed")
    func workBetween() throws {
        try withEmbeddedServer { io, loop in
            let (peers, sockets) = try joinedPeers(1, io, loop)
            let reference = sockets[0].reference
            sockets[0].on("go") { _ in
                io.emit("a")
                reference.perform { socket in
                    socket.emit("b")
                    io.emit("d")
                    socket.emit("e")
                }
                io.emit("c")
            }
            io.shard(for: loop).enqueue(.perform {})
            try peers[0].text(#"42["go"]"#)
            #expect(try peers[0].messages() == ["a", "b", "c", "d", "e"].map { "42[\"\($0)\"]" })
            peers[0].finish()
        }
    }

    @Test("hundreds of calls that broadcast and emit keep their order", arguments: [1, 127, 128, 129, 500])
    func many(count: Int) throws {
        try withEmbeddedServer { io, loop in
            let (peers, sockets) = try joinedPeers(1, io, loop)
            sockets[0].join("a")
            let reference = sockets[0].reference
            let mailbox = io.shard(for: loop)
            for number in 0..<count {
                mailbox.enqueue(
                    .perform {
                        io.to("a").emit("b", number)
                        reference.emit("d", number)
                    })
            }
            let expected = (0..<count).flatMap { ["42[\"b\",\($0)]", "42[\"d\",\($0)]"] }
            #expect(try peers[0].messages() == expected)
            peers[0].finish()
        }
    }

    @Test("a client that joins gets its CONNECT packet before a broadcast that is under way")
    func connectFirst() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            _ = try peer.upgrade()
            _ = try peer.messages()
            io.emit("news")
            try peer.channel.writeInbound(EmbeddedPeer.frames("40"))
            let messages = try peer.messages()
            #expect(messages.first?.hasPrefix("40{") == true)
            peer.finish()
        }
    }

    @Test("a value that emits while it is written loses no frame, on either transport")
    func emittingValue() throws {
        struct Nested: JSONWritable {
            let socket: ServerSocket
            let depth: Int
            func write(to writer: inout JSONWriter) {
                if depth > 0 { socket.emit("inner", Nested(socket: socket, depth: depth - 1)) }
                depth.write(to: &writer)
            }
        }
        try withEmbeddedServer { io, loop in
            io.onConnection { socket in
                socket.on("go") { request in
                    request.socket.emit("before")
                    request.socket.emit("outer", Nested(socket: request.socket, depth: 2))
                    request.socket.emit("after")
                }
            }
            let expected = [#"42["before"]"#, #"42["inner",0]"#, #"42["inner",1]"#, #"42["outer",2]"#, #"42["after"]"#]
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.text(#"42["go"]"#)
            #expect(try peer.messages() == expected)
            let poller = try EmbeddedPeer(io, loop: loop)
            let target = try poller.openPolling()
            _ = try poller.request("POST", target, body: "40")
            _ = try poller.request("GET", target)
            _ = try poller.request("POST", target, body: #"42["go"]"#)
            #expect(try poller.request("GET", target).hasSuffix("\r\n\r\n" + expected.joined(separator: "\u{1e}")))
            for peer in [peer, poller] { peer.finish() }
        }
    }

    @Test("a value that broadcasts and closes while it is written")
    func closingValue() throws {
        struct Closing: JSONWritable {
            let io: SocketIO
            let socket: ServerSocket
            func write(to writer: inout JSONWriter) {
                io.emit("broadcast")
                socket.disconnect(close: true)
                writer.null()
            }
        }
        try withEmbeddedServer { io, loop in
            io.onConnection { socket in
                socket.on("go") { request in
                    request.socket.emit("before")
                    request.socket.emit("never", Closing(io: io, socket: request.socket))
                    request.socket.emit("never")
                }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.text(#"42["go"]"#)
            #expect(try peer.messages() == [#"42["before"]"#, #"42["broadcast"]"#, "41", "close"])
            #expect(io.statistics.connections == 0)
            peer.finish()
        }
    }

    @Test("an acknowledgement after the end of its socket goes nowhere, on the loop and off it")
    func lateAcknowledgement() throws {
        try withEmbeddedServer { io, loop in
            let kept = Recorder<Acknowledgement>()
            io.onConnection { socket in
                socket.on("ask") { if let acknowledge = $0.acknowledge { kept.append(acknowledge) } }
                socket.on("bye") { $0.socket.disconnect() }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.texts([#"421["ask"]"#, #"422["ask","x"]"#, #"42["bye"]"#])
            #expect(try peer.messages() == ["41"])
            for acknowledge in kept.all {
                acknowledge(1)
                acknowledge(JSONSlice.null)
                acknowledge(try Arguments(SocketIOPacket.decode(ByteBuffer(string: "31[2]"), limits: SocketIOLimits())))
            }
            #expect(try peer.messages() == [])
            #expect(io.statistics.connections == 1)
            peer.finish()
        }
    }

    @Test("handlers that are replaced go when nothing of the socket is being changed")
    func replaced() throws {
        final class Canary {
            let body: () -> Void
            init(_ body: @escaping () -> Void) { self.body = body }
            deinit { body() }
        }
        try withEmbeddedServer { io, loop in
            let seen = Recorder<String>()
            io.onConnection { socket in
                let canary = Canary { [unowned socket] in
                    socket.on("x") { _ in seen.append("third") }
                    socket.onUnhandled { _ in }
                }
                socket.on("x") { _ in withExtendedLifetime(canary) {} }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            let socket = try #require(io.shard(for: loop).shard.value.main.sockets.values.first)
            socket.on("x") { _ in seen.append("second") }
            try peer.text(#"42["x"]"#)
            #expect(seen.all == ["third"])
            peer.finish()
        }
    }
}
