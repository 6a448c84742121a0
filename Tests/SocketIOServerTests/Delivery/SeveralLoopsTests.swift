import EngineIOCore
import NIOCore
import NIOEmbedded
import NIOPosix
import SocketIOCore
import Testing
import WebSocketCore

@testable import SocketIOServer

@Suite("Several loops")
struct SeveralLoopsTests {
    @Test("all members of a room see its broadcasts in one order, whichever loops they live on and whoever sends")
    func oneOrder() async throws {
        let rounds = 5_000
        try await LoopPair.with { pair in
            let io = pair.io
            var views: [EventLoopFuture<[String]>] = []
            for loop in pair.loops {
                let view = loop.makePromise(of: [String].self)
                try await loop.submit {
                    guard let client = LinkedClient(io, on: loop) else { return view.fail(ChannelError.eof) }
                    client.socket.join("r")
                    // The open packet and the CONNECT packet come first.
                    client.link.awaitMessages(2 + 2 * rounds, view)
                }.get()
                views.append(view.futureResult)
            }
            await withTaskGroup { group in
                for sender in 0..<2 {
                    group.addTask { for number in 0..<rounds { io.to("r").emit("n", sender, number) } }
                }
            }
            let first = try await views[0].get().dropFirst(2)
            let second = try await views[1].get().dropFirst(2)
            #expect(first.count == 2 * rounds)
            #expect(first == second)
            for sender in 0..<2 {
                #expect(first.filter { $0.hasPrefix("42[\"n\",\(sender),") } == (0..<rounds).map { "42[\"n\",\(sender),\($0)]" })
            }
        }
    }

    @Test("one thread's emits, joins and broadcasts reach a socket of another loop in their order")
    func references() async throws {
        try await LoopPair.with { pair in
            let io = pair.io
            let loop = pair.loops[0]
            let view = loop.makePromise(of: [String].self)
            let reference = try await loop.submit { () -> SocketReference in
                guard let client = LinkedClient(io, on: loop) else { throw ChannelError.eof }
                client.link.awaitMessages(2 + 3 * 500, view)
                return client.socket.reference
            }.get()
            for number in 0..<500 {
                reference.join("r\(number)")
                io.to("r\(number)").emit("in", number)
                reference.emit("direct", number)
                reference.leave("r\(number)")
                io.to("r\(number)").emit("out", number)
                reference.perform { $0.emit("performed", number) }
            }
            let expected = (0..<500).flatMap { number in ["in", "direct", "performed"].map { "42[\"\($0)\",\(number)]" } }
            #expect(try await view.futureResult.get().dropFirst(2) == expected[...])
        }
    }

    @Test("a handler's broadcasts stay before what it sends itself, while another loop's calls come in between")
    func crossing() async throws {
        let rounds = 2_000
        try await LoopPair.with { pair in
            let io = pair.io
            let loop = pair.loops[0]
            let view = loop.makePromise(of: [String].self)
            let reference = try await loop.submit { () -> SocketReference in
                guard let client = LinkedClient(io, on: loop) else { throw ChannelError.eof }
                client.socket.join("r")
                client.link.awaitMessages(2 + 2 * rounds, view)
                let socket = client.socket
                socket.on("go") { request in
                    io.to("r").emit("broadcast", request.arguments.first)
                    request.socket.emit("direct", request.arguments.first)
                }
                for number in 0..<rounds {
                    let transport = NIOLoopBound(client.transport, eventLoop: loop)
                    loop.execute {
                        transport.value.receive(LinkedClient.frames(["42[\"go\",\(number)]"]))
                        transport.value.readComplete()
                    }
                }
                return socket.reference
            }.get()
            for _ in 0..<rounds { reference.perform { _ in } }
            let expected = (0..<rounds).flatMap { ["42[\"broadcast\",\($0)]", "42[\"direct\",\($0)]"] }
            #expect(try await view.futureResult.get().dropFirst(2) == expected[...])
        }
    }

    @Test("a session whose WebSocket is accepted by another loop: everything arrives once and in order, both ways")
    func forwarding() async throws {
        try await LoopPair.with { pair in
            pair.io.onConnection { socket in socket.on("echo") { $0.acknowledge?($0.arguments) } }
            let polling = try await pair.connect()
            let target = "/socket.io/?EIO=4&transport="
            let handshake = try await polling.client.ask("GET \(target)polling HTTP/1.1\r\nHost: x\r\n\r\n", until: "}")
            let sid = String(try #require(handshake.split(separator: "\"sid\":\"").last?.prefix(20)))
            let socket = try await pair.connect()
            #expect(polling.peer.eventLoop !== socket.peer.eventLoop)
            let client = try await socket.client.upgrade("\(target)websocket&sid=\(sid)")
            client.send(["2probe"])
            #expect(try await client.next() == "3probe")
            client.send(["5", "40"])
            #expect(try await client.next().hasPrefix("40{"))
            // More than may be on its way to the session at once, in pieces that are cut anywhere.
            let padding = String(repeating: "y", count: 4_000)
            let texts = (0..<500).map { "42\($0)[\"echo\",\($0),\"\($0 % 3 == 0 ? padding : "")\"]" }
            client.send(texts)
            for number in 0..<500 { #expect(try await client.next() == "43\(number)[\(number),\"\(number % 3 == 0 ? padding : "")\"]") }
            client.send(["41"])
            try await client.close()
        }
    }

    @Test("what a client's kernel takes only in part comes in full and in order", arguments: [false, true])
    func partialWrites(isForwarded: Bool) async throws {
        try await LoopPair.with { pair in
            let (written, writes) = AsyncStream.makeStream(of: Void.self)
            pair.io.onConnection { socket in
                socket.on("go") { request in
                    for number in 0..<60 {
                        request.socket.emit("n", number, String(repeating: "z", count: 20_000 + number))
                    }
                    writes.yield()
                }
            }
            let client: SocketClient
            if isForwarded {
                let polling = try await pair.connect()
                let handshake = try await polling.client.ask(
                    "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n", until: "}")
                let sid = String(try #require(handshake.split(separator: "\"sid\":\"").last?.prefix(20)))
                let socket = try await pair.connect()
                client = try await socket.client.upgrade("/socket.io/?EIO=4&transport=websocket&sid=\(sid)")
                client.send(["2probe"])
                #expect(try await client.next() == "3probe")
                client.send(["5", "40"])
            } else {
                let socket = try await pair.connect()
                client = try await socket.client.upgrade("/socket.io/?EIO=4&transport=websocket")
                _ = try await client.next()
                client.send(["40"])
            }
            #expect(try await client.next().hasPrefix("40{"))
            // Not read until the server has written more than both kernels take.
            try await client.setReading(false)
            client.send([#"42["go"]"#])
            for await _ in written { break }
            client.send([#"42["go"]"#])
            for await _ in written { break }
            try await client.setReading(true)
            for number in Array(0..<60) + Array(0..<60) {
                let expected = "42[\"n\",\(number),\"" + String(repeating: "z", count: 20_000 + number) + "\"]"
                #expect(try await client.next() == expected, "\(number)")
            }
            #expect(pair.io.statistics.slowClientCloses == 0)
            try await client.close()
        }
    }

    @Test("a link to another loop's channel takes frames up to its limit, and tells when there is room again")
    func remoteLimit() throws {
        let own = EmbeddedEventLoop()
        let other = EmbeddedEventLoop()
        let channel = EmbeddedChannel(loop: other)
        let io = SocketIO()
        let client = try #require(LinkedClient(io, on: own))
        own.run()
        let outlet = WebSocketHandler(io: io, secure: false)
        let link = RemoteFrameLink(channel: channel, outlet: NIOLoopBound<any FrameLink>(outlet, eventLoop: other), loop: own)
        client.connection.webSocket = nil
        let transport = WebSocketTransport(connection: client.connection, link: link)
        client.connection.webSocket = transport
        link.transport = transport
        link.write(ByteBuffer(repeating: 0, count: (1 << 22) - 1))
        #expect(link.isWritable)
        #expect(link.bufferedBytes == 0, "on its way to a channel that can take it")
        link.write(ByteBuffer(repeating: 0, count: 1))
        #expect(!link.isWritable)
        client.socket.emit("waits")
        own.run()
        #expect(outlet.bufferedBytes == 0)
        other.run()
        #expect(outlet.bufferedBytes == 1 << 22)
        own.run()
        #expect(link.isWritable)
        other.run()
        #expect(outlet.bufferedBytes == (1 << 22) + 2 + #"42["waits"]"#.utf8.count)
        channel.isWritable = false
        #expect(!link.isWritable)
        own.run()
        #expect(link.bufferedBytes == 0, "given back")
        client.connection.close(.forcedClose)
        _ = try? channel.finish(acceptAlreadyClosed: true)
        io.shard(for: own).shard.value.end()
    }
}
