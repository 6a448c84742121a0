import Foundation
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing
import WebSocketCore

@testable import SocketIOServer

@Suite("Namespaces")
struct NamespaceTests {
    private func configuration(_ change: (inout SocketIOConfiguration) -> Void) -> SocketIOConfiguration {
        var configuration = SocketIOConfiguration()
        change(&configuration)
        return configuration
    }

    /// A peer that has joined these namespaces, with what the server said to each CONNECT.
    func peer(_ io: SocketIO, _ loop: EmbeddedEventLoop, joining connects: [String]) throws -> EmbeddedPeer {
        let peer = try EmbeddedPeer(io, loop: loop)
        _ = try peer.upgrade()
        _ = try peer.messages()
        try peer.texts(connects)
        #expect(try peer.messages().filter { $0.hasPrefix("40") }.count == connects.count)
        return peer
    }

    // MARK: Joining

    @Test("a client joins each namespace by itself, as another socket with an auth of its own")
    func joining() throws {
        try withEmbeddedServer { io, loop in
            let seen = Recorder<String>()
            for name in ["/", "/chat"] {
                io.of(name).onConnection { seen.append("\($0.namespace.name) \($0.id) \($0.handshake.auth?["user"]?.string ?? "-")") }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            _ = try peer.upgrade()
            _ = try peer.messages()
            try peer.texts([#"40/chat,{"user":"ann"}"#, #"40{"user":"ben"}"#])
            let answers = try peer.messages()
            let ids = answers.compactMap { $0.components(separatedBy: "\"sid\":\"").last?.prefix(20) }
            #expect(answers.map { String($0.prefix(8)) } == ["40/chat,", #"40{"sid""#])
            #expect(ids.count == 2 && ids[0] != ids[1])
            #expect(seen.all == ["/chat \(ids[0]) ann", "/ \(ids[1]) ben"])
            peer.finish()
        }
    }

    @Test("one namespace has one object, with and without the slash before its name")
    func of() {
        let io = SocketIO()
        #expect(io.of("/chat") === io.of("chat"))
        #expect(io.of("/") === io.of(""))
        #expect(io.of("/chat") !== io.of("/"))
        #expect(io.of("/chat").name == "/chat")
    }

    @Test("a namespace that is not there is refused, also one that only looks alike; the others go on")
    func invalid() throws {
        try withEmbeddedServer { io, loop in
            _ = io.of("/caf\u{e9}")
            let peer = try peer(io, loop, joining: ["40"])
            for name in ["/other", "/cafe\u{301}", "/chat?token=1", "/" + String(repeating: "x", count: 255)] {
                try peer.text("40\(name),")
                #expect(try peer.messages() == ["44\(name),{\"message\":\"Invalid namespace\"}"])
            }
            io.emit("x")
            #expect(try peer.messages() == [#"42["x"]"#])
            #expect(io.statistics.joins[.unknownNamespace] == 4)
            peer.finish()
        }
    }

    @Test("a client is not in a namespace that only looks like one of its own")
    func alike() throws {
        try withEmbeddedServer { io, loop in
            let seen = Recorder<String>()
            io.of("/caf\u{e9}").onConnection { socket in socket.onAny { seen.append($0.name) } }
            let peer = try peer(io, loop, joining: ["40/caf\u{e9},"])
            try peer.text("42/caf\u{e9},[\"a\"]")
            try peer.text("40/cafe\u{301},")
            #expect(try peer.messages() == ["44/cafe\u{301},{\"message\":\"Invalid namespace\"}"], "not a second CONNECT")
            try peer.text("42/cafe\u{301},[\"b\"]")
            #expect(seen.all == ["a"])
            #expect(io.statistics.socketsClosed == 1, "a packet for a namespace that is not joined closes the connection")
            peer.finish()
        }
    }

    @Test(
        "a second CONNECT to a namespace closes the connection, whether the first was decided or not", .timeLimit(.minutes(10)),
        arguments: [false, true])
    func twice(isWaiting: Bool) async throws {
        try await LoopPair.with { pair in
            let (never, release) = AsyncStream.makeStream(of: Void.self)
            if isWaiting { pair.io.of("/chat").use { _ in for await _ in never { break } } } else { _ = pair.io.of("/chat") }
            let (client, peer) = try await pair.connect()
            _ = try await client.upgrade("/socket.io/?EIO=4&transport=websocket").next()
            client.send(["40/chat,", "40/chat,"])
            var last = try await client.next()
            if last.hasPrefix("40/chat,") { last = try await client.next() }
            #expect(last == "close")
            try await peer.eventLoop.submit {}.get()
            #expect(pair.io.statistics.connections == 0)
            release.finish()
            try? await client.close()
        }
    }

    @Test("a connection may be in as many namespaces as the limit says, and in one more after it left one")
    func limit() throws {
        try withEmbeddedServer(configuration { $0.maximumNamespacesPerConnection = 3 }) { io, loop in
            for name in ["a", "b", "c"] { _ = io.of(name) }
            let peer = try peer(io, loop, joining: ["40/a,", "40/b,", "40"])
            try peer.text("40/c,")
            #expect(try peer.messages() == [#"44/c,{"message":"Too many namespaces"}"#])
            #expect(io.statistics.joins[.tooManyNamespaces] == 1)
            try peer.texts(["41/a,", "40/c,"])
            #expect(try peer.messages().map { $0.prefix(5) } == ["40/c,"])
            peer.finish()
        }
    }

    @Test("the auths of all namespaces count together, and what is left or refused makes room")
    func authMemory() throws {
        let change: (inout SocketIOConfiguration) -> Void = {
            $0.smallHandshakeBytes = 1_000
            $0.maximumHandshakeBytesPerAddress = 6_000
        }
        try withEmbeddedServer(configuration(change)) { io, loop in
            for name in ["a", "b", "c"] { _ = io.of(name) }
            io.of("/no").use { (_: inout ConnectRequest) in throw ConnectError(message: "no") }
            let auth = "{\"a\":\"" + String(repeating: "x", count: 2_000) + "\"}"
            let peer = try peer(io, loop, joining: ["40/a,\(auth)"])
            let one = io.handshakes.inUse.all
            try peer.text("40/no,\(auth)")
            #expect(try peer.messages() == [#"44/no,{"message":"no"}"#])
            #expect(io.handshakes.inUse.all == one, "a refused auth is given back")
            try peer.text("40/b,\(auth)")
            #expect(io.handshakes.inUse.all - one >= 2_000 && io.handshakes.inUse.all - one < 2_100)
            try peer.text("41/a,")
            #expect(io.handshakes.inUse.all == one)
            try peer.texts(["40/a,\(auth)", "40/c,\(auth)"])
            #expect(try peer.messages().last == "close", "no room for a third")
            #expect(io.handshakes.inUse == (0, 0))
            peer.finish()
        }
    }

    @Test("joining any namespace in time keeps the connection; being refused does not")
    func connectTimeout() throws {
        try withEmbeddedServer(configuration { $0.connectTimeout = .seconds(5) }) { io, loop in
            _ = io.of("/chat")
            let joined = try peer(io, loop, joining: ["40/chat,"])
            let refused = try EmbeddedPeer(io, loop: loop)
            _ = try refused.upgrade()
            try refused.text("40/other,")
            loop.advanceTime(by: .seconds(5))
            #expect(io.statistics.connections == 1)
            for peer in [joined, refused] { peer.finish() }
        }
    }

    // MARK: Middleware

    @Test("middleware belongs to its namespace, runs in order, gives the socket its data, and refuses with message and data")
    func middleware() throws {
        try withEmbeddedServer { io, loop in
            let seen = Recorder<String>()
            io.use { (request: inout ConnectRequest) in seen.append("main of \(request.namespace)") }
            let chat = io.of("/chat")
            chat.use { (request: inout ConnectRequest) in
                seen.append("first")
                request.data = request.handshake.auth?["user"]?.string
            }
            chat.use { (request: inout ConnectRequest) in
                seen.append("second")
                guard request.data != nil else {
                    throw ConnectError(message: "who?", data: JSONSlice(unchecked: ByteBuffer(string: #"{"code":7}"#)))
                }
            }
            chat.onConnection { seen.append("\($0.data as? String ?? "-")") }
            let peer = try EmbeddedPeer(io, loop: loop)
            _ = try peer.upgrade()
            _ = try peer.messages()
            try peer.text("40/chat,")
            #expect(try peer.messages() == [#"44/chat,{"message":"who?","data":{"code":7}}"#])
            try peer.text(#"40/chat,{"user":"ann"}"#)
            #expect(try peer.messages().count == 1)
            #expect(seen.all == ["first", "second", "first", "second", "ann"])
            try peer.text("40")
            #expect(seen.all.last == "main of /")
            peer.finish()
        }
    }

    @Test("what an immediate middleware throws that is no ConnectError is not told to the client")
    func brokenMiddleware() throws {
        struct Broken: Error {}
        try withEmbeddedServer { io, loop in
            io.of("/chat").use { (_: inout ConnectRequest) in throw Broken() }
            let peer = try EmbeddedPeer(io, loop: loop)
            _ = try peer.upgrade()
            _ = try peer.messages()
            try peer.text("40/chat,")
            #expect(try peer.messages() == [#"44/chat,{"message":"Internal server error"}"#])
            #expect(io.statistics.joins[.failed] == 1)
            peer.finish()
        }
    }

    @Test("while a middleware of one namespace waits, another is joined and used", .timeLimit(.minutes(10)))
    func waitingMiddleware() async throws {
        try await LoopPair.with { pair in
            let (decisions, decide) = AsyncStream.makeStream(of: Void.self)
            pair.io.of("/slow").use { request in
                for await _ in decisions { break }
                request.data = "late"
            }
            pair.io.of("/slow").use { (request: inout ConnectRequest) in
                if request.data as? String != "late" { throw ConnectError(message: "out of order") }
            }
            pair.io.onConnection { socket in socket.on("echo") { $0.acknowledge?($0.arguments) } }
            let client = try await pair.connect().client.upgrade("/socket.io/?EIO=4&transport=websocket")
            _ = try await client.next()
            client.send(["40/slow,", "40", #"421["echo",1]"#])
            #expect(try await client.next().hasPrefix(#"40{"sid""#))
            #expect(try await client.next() == "431[1]")
            decide.yield()
            #expect(try await client.next().hasPrefix("40/slow,"))
            try await client.close()
        }
    }

    // MARK: Messages

    @Test("events, acknowledgements and attachments stay in their namespace")
    func messages() throws {
        try withEmbeddedServer { io, loop in
            let answers = Recorder<String>()
            for name in ["/", "/chat"] {
                io.of(name).onConnection { socket in
                    socket.on("echo") { request in
                        if let acknowledge = request.acknowledge {
                            acknowledge(request.arguments)
                        } else {
                            request.socket.emit("echo", request.arguments)
                        }
                    }
                    socket.on("value") { $0.acknowledge?(1, "two") }
                    socket.on("slice") { $0.acknowledge?($0.arguments.first) }
                    socket.on("ask") { $0.socket.emit("question") { answers.append("\(name) \($0?.first.string ?? "none")") } }
                }
            }
            let peer = try peer(io, loop, joining: ["40", "40/chat,"])
            try peer.texts([
                #"42/chat,7["echo",1]"#, #"427["echo",2]"#, #"42/chat,["echo",3]"#, #"42/chat,8["value"]"#, #"42/chat,9["slice",[4]]"#,
            ])
            #expect(
                try peer.messages() == [
                    "43/chat,7[1]", "437[2]", #"42/chat,["echo",3]"#, #"43/chat,8[1,"two"]"#, "43/chat,9[[4]]",
                ])
            try peer.text(#"451-/chat,10["echo",{"_placeholder":true,"num":0}]"#)
            try peer.frame(.binary, ByteBuffer(bytes: [1, 2, 3]))
            #expect(try peer.messages() == [#"461-/chat,10[{"_placeholder":true,"num":0}]"#, "binary 3"])
            try peer.text(#"451-/chat,["echo",{"_placeholder":true,"num":0}]"#)
            try peer.frame(.binary, ByteBuffer(bytes: [4]))
            #expect(try peer.messages() == [#"451-/chat,["echo",{"_placeholder":true,"num":0}]"#, "binary 1"])
            try peer.texts([#"42/chat,["ask"]"#, #"42["ask"]"#])
            #expect(try peer.messages() == [#"42/chat,0["question"]"#, #"420["question"]"#])
            try peer.texts([#"430["main"]"#, #"43/chat,0["chat"]"#])
            #expect(answers.all == ["/ main", "/chat chat"])
            peer.finish()
        }
    }

    @Test("answers of every length of frame header are whole", arguments: ["/", "/chat"])
    func lengths(namespace: String) throws {
        try withEmbeddedServer { io, loop in
            io.of(namespace).onConnection { socket in socket.on("echo") { $0.acknowledge?($0.arguments) } }
            let prefix = namespace == "/" ? "" : "\(namespace),"
            let peer = try peer(io, loop, joining: ["40\(prefix)"])
            for count in [1, 100, 110, 117, 118, 119, 120, 121, 122, 65_520, 65_526, 65_527, 65_528, 65_530, 65_531, 65_532, 70_000] {
                let text = String(repeating: "x", count: count)
                try peer.text("42\(prefix)7[\"echo\",\"\(text)\"]")
                #expect(try peer.messages() == ["43\(prefix)7[\"\(text)\"]"])
                io.of(namespace).emit("e", text)
                #expect(try peer.messages() == ["42\(prefix)[\"e\",\"\(text)\"]"])
            }
            peer.finish()
        }
    }

    @Test("an acknowledgement of a namespace reaches a client that polls")
    func polling() throws {
        try withEmbeddedServer { io, loop in
            io.of("/chat").onConnection { socket in socket.on("echo") { $0.acknowledge?($0.arguments) } }
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            _ = try peer.request("POST", target, body: "40/chat,\u{1e}42/chat,7[\"echo\",1]")
            #expect(try peer.request("GET", target).hasSuffix("\u{1e}43/chat,7[1]"))
            peer.finish()
        }
    }

    @Test(
        "a packet for a namespace that is not joined closes the connection",
        arguments: [
            #"42/chat,["x"]"#, "41/chat,", #"43/chat,1[]"#, #"451-/chat,["x",{"_placeholder":true,"num":0}]"#, #"44/chat,{"message":"x"}"#,
            #"42/nowhere,["x"]"#,
        ])
    func notJoined(packet: String) throws {
        try withEmbeddedServer { io, loop in
            let reasons = Recorder<DisconnectReason>()
            _ = io.of("/chat")
            io.onConnection { $0.onDisconnect { reasons.append($0) } }
            let peer = try peer(io, loop, joining: ["40"])
            try peer.text(packet)
            #expect(try peer.messages() == ["close"])
            #expect(reasons.all == [.forcedServerClose])
            peer.finish()
        }
    }

    // MARK: Rooms

    @Test("rooms of one name in two namespaces have nothing in common, nor has everybody")
    func rooms() throws {
        try withEmbeddedServer { io, loop in
            for name in ["/", "/chat"] { io.of(name).onConnection { $0.join("r") } }
            let both = try peer(io, loop, joining: ["40", "40/chat,"])
            let one = try peer(io, loop, joining: ["40"])
            let chat = io.of("/chat")
            chat.to("r").emit("a")
            chat.emit("b")
            io.to("r").emit("c")
            io.emit("d")
            #expect(try both.messages() == [#"42/chat,["a"]"#, #"42/chat,["b"]"#, #"42["c"]"#, #"42["d"]"#])
            #expect(try one.messages() == [#"42["c"]"#, #"42["d"]"#])
            chat.socketsLeave("r")
            chat.to("r").emit("e")
            io.to("r").emit("f")
            #expect(try both.messages() == [#"42["f"]"#])
            for peer in [both, one] { peer.finish() }
            #expect(io.shard(for: loop).shard.value.main.rooms.isEmpty)
        }
    }

    @Test("broadcasts with a long namespace and those that others hold too are encoded like any other")
    func longName() throws {
        let name = "/" + String(repeating: "n", count: 200)
        try withEmbeddedServer { io, loop in
            _ = io.of(name)
            let peer = try peer(io, loop, joining: ["40\(name),", "40"])
            let packet = EventPacket("x", [1, "two"])
            for namespace in [io.of(name), io.of("/")] {
                namespace.adapter.broadcast(packet, to: BroadcastOptions())
                namespace.adapter.broadcast(packet.appending("three"), to: BroadcastOptions())
            }
            #expect(
                try peer.messages() == [
                    "42\(name),[\"x\",1,\"two\"]", "42\(name),[\"x\",1,\"two\",\"three\"]", #"42["x",1,"two"]"#,
                    #"42["x",1,"two","three"]"#,
                ])
            #expect(packet.array.description == #"["x",1,"two"]"#)
            #expect(packet.name == "x" && packet.arguments.map(\.description) == ["1", #""two""#])
            peer.finish()
        }
    }
}
