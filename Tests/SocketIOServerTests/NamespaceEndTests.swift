import NIOCore
import NIOEmbedded
import Testing

@testable import SocketIOServer

/// Leaving a namespace, and the ends of connection and server.
extension NamespaceTests {
    @Test("leaving one namespace leaves the others; each socket hears its own reason")
    func leaving() throws {
        try withEmbeddedServer { io, loop in
            let reasons = Recorder<String>()
            for name in ["/", "/a", "/b"] {
                io.of(name).onConnection { socket in
                    socket.onDisconnect { reasons.append("\(name) \($0.rawValue)") }
                    socket.on("bye") { $0.socket.disconnect(close: $0.arguments.first.bool ?? false) }
                }
            }
            let peer = try peer(io, loop, joining: ["40", "40/a,", "40/b,"])
            try peer.text("41/a,")
            #expect(reasons.all == ["/a client namespace disconnect"])
            try peer.text(#"42["bye"]"#)
            #expect(try peer.messages() == ["41"])
            #expect(reasons.all.last == "/ server namespace disconnect")
            try peer.texts(["40", "40/a,"])
            #expect(try peer.messages().count == 2)
            try peer.text(#"42/a,["bye",true]"#)
            #expect(try peer.messages().filter { $0.hasPrefix("41") }.sorted() == ["41", "41/a,", "41/b,"])
            #expect(
                reasons.all.suffix(3) == [
                    "/ server namespace disconnect", "/b server namespace disconnect", "/a server namespace disconnect",
                ])
            #expect(io.statistics.connections == 0 && io.statistics.sockets == 0)
            peer.finish()
        }
    }

    @Test("the end of the connection ends all its sockets with its reason, and nothing is left of their namespaces")
    func connectionEnds() throws {
        try withEmbeddedServer { io, loop in
            let reasons = Recorder<String>()
            for name in ["/", "/a"] {
                io.of(name).onConnection { socket in
                    socket.join("r")
                    socket.onDisconnect { reasons.append("\(name) \($0.rawValue)") }
                }
            }
            let peer = try peer(io, loop, joining: ["40", "40/a,"])
            let shard = io.shard(for: loop).shard.value
            #expect(shard.others.count == 1)
            peer.finish()
            #expect(reasons.all == ["/ transport close", "/a transport close"])
            #expect(shard.others.isEmpty && shard.main.isEmpty)
        }
    }

    @Test("a socket that ends in its own handler of the connection's end does no harm to the others")
    func endingEachOther() throws {
        try withEmbeddedServer { io, loop in
            let ended = Recorder<String>()
            for name in ["/", "/a", "/b"] {
                io.of(name).onConnection { socket in
                    socket.onDisconnect { _ in
                        ended.append(name)
                        for other in ["/", "/a", "/b"] { io.of(other).disconnectSockets(close: true) }
                    }
                }
            }
            let peer = try peer(io, loop, joining: ["40", "40/a,", "40/b,"])
            try peer.text("41/a,")
            loop.run()
            #expect(ended.all == ["/a", "/", "/b"])
            peer.finish()
        }
    }

    @Test("after the end of the server a namespace can be asked for and used, and nothing happens")
    func afterTheEnd() async {
        let io = SocketIO()
        await io.shutdown()
        let chat = io.of("/chat")
        chat.onConnection { _ in }
        chat.emit("x")
        #expect(chat.connectionHandlers.isEmpty)
        #expect(io.namespace(named: "/chat") == nil)
    }
}
