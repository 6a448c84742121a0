import Foundation
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing
import WebSocketCore

@testable import SocketIOServer

@Suite("Sockets")
struct SocketTests {
    private struct Sum: Codable { var a: Int; var b: Int }

    @Test("a typed handler takes a payload and returns the acknowledgement")
    func typed() throws {
        try withEmbeddedServer { io, loop in
            io.onConnection { socket in socket.on(Event<Sum, [String: Int]>("add")) { ["sum": $0.a + $0.b] } }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.text(#"421["add",{"a":1,"b":2}]"#)
            #expect(try peer.messages() == [#"431[{"sum":3}]"#])
            try peer.text(#"422["add",{"a":"x"}]"#)
            #expect(
                try peer.messages() == [
                    #"432[{"error":{"code":"invalid_payload","message":"The payload does not have the shape that this event expects."}}]"#
                ])
            peer.finish()
        }
    }

    @Test("an error that a typed handler throws is answered by its code, and never by the text of a Swift error")
    func typedErrors() throws {
        struct Secret: Error { var password = "hunter2" }
        try withEmbeddedServer { io, loop in
            io.onConnection { socket in
                socket.on(Event<Sum, Sum>("safe")) { _ in throw SocketIOError(code: "room_full", message: "The room is full.") }
                socket.on(Event<Sum, Sum>("unsafe")) { _ in throw Secret() }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.text(#"421["safe",{"a":1,"b":2}]"#)
            #expect(try peer.messages() == [#"431[{"error":{"code":"room_full","message":"The room is full."}}]"#])
            try peer.text(#"422["unsafe",{"a":1,"b":2}]"#)
            #expect(
                try peer.messages() == [#"432[{"error":{"code":"internal_error","message":"The server could not handle this event."}}]"#])
            peer.finish()
        }
    }

    @Test("every event reaches onAny of namespace and socket, in order, before its own handler")
    func onAny() throws {
        try withEmbeddedServer { io, loop in
            let names = Recorder<String>()
            io.of("/").onAny { names.append("namespace \($0.name)") }
            io.onConnection { socket in
                socket.on("known") { _ in names.append("own") }
                socket.on("listen") { $0.socket.onAny { names.append("socket \($0.name)") } }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.texts([#"42["known"]"#, #"42["known"]"#, #"42["listen"]"#, #"42["known"]"#, #"42["unknown"]"#])
            #expect(
                names.all == [
                    "namespace known", "own", "namespace known", "own", "namespace listen", "namespace known", "socket known", "own",
                    "namespace unknown", "socket unknown",
                ])
            peer.finish()
        }
    }

    @Test("events without a handler of their own reach onUnhandled, and no others")
    func onUnhandled() throws {
        try withEmbeddedServer { io, loop in
            let names = Recorder<String>()
            io.onConnection { socket in
                socket.on("known") { _ in }
                socket.onUnhandled { names.append($0.name) }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.text(#"42["known"]"#)
            try peer.text(#"42["unknown"]"#)
            #expect(names.all == ["unknown"])
            peer.finish()
        }
    }

    @Test("arguments that a handler keeps stay as they were when more messages come")
    func kept() throws {
        try withEmbeddedServer { io, loop in
            let kept = Recorder<Arguments>()
            io.onConnection { socket in
                socket.on("keep") { kept.append($0.arguments) }
                socket.on("echo") { $0.acknowledge?($0.arguments) }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.texts([#"42["keep","first",1]"#, #"421["echo","second"]"#, #"42["keep",{"a":[2]}]"#, #"422["echo"]"#])
            #expect(try peer.messages() == [#"431["second"]"#, "432[]"])
            #expect(kept.all.map(\.name) == ["keep", "keep"])
            #expect(kept.all.map { $0.all.map(\.description) } == [[#""first""#, "1"], [#"{"a":[2]}"#]])
            peer.finish()
        }
    }

    @Test("each event reaches its own handler, whatever came before it")
    func alternating() throws {
        try withEmbeddedServer { io, loop in
            let names = Recorder<String>()
            io.onConnection { socket in
                socket.on("aa") { _ in names.append("aa") }
                socket.on("ab") { _ in names.append("ab") }
                socket.on("a") { request in
                    names.append("a")
                    request.socket.on("a") { _ in names.append("another a") }
                }
                socket.on("caf\u{e9}") { _ in names.append("caf\u{e9}") }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.texts(["aa", "ab", "aa", "a", "a", "aaa", "caf\u{e9}", "caf\\u00e9"].map { "42[\"\($0)\"]" })
            #expect(names.all == ["aa", "ab", "aa", "a", "another a", "caf\u{e9}", "caf\u{e9}"])
            peer.finish()
        }
    }

    @Test("a long message between short ones is read like them")
    func lengths() throws {
        try withEmbeddedServer { io, loop in
            io.onConnection { socket in socket.on("echo") { $0.acknowledge?($0.arguments) } }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            for count in [1, 1_000, 1_001, 1_024, 5_000, 70_000, 2] {
                let text = String(repeating: "x", count: count)
                try peer.text("427[\"echo\",\"\(text)\"]")
                #expect(try peer.messages() == ["437[\"\(text)\"]"])
            }
            peer.finish()
        }
    }

    @Test("the server asks for an acknowledgement and gets it once; a late or missing one is nil")
    func acknowledgement() throws {
        try withEmbeddedServer { io, loop in
            let answers = Recorder<String>()
            io.onConnection { socket in
                socket.on("ask") { request in
                    request.socket.emit("question", 1, timeout: .seconds(5)) { answers.append($0?.first.string ?? "none") }
                }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.text(#"42["ask"]"#)
            #expect(try peer.messages() == [#"420["question",1]"#])
            try peer.text(#"430["yes"]"#)
            try peer.text(#"430["again"]"#)
            #expect(answers.all == ["yes"])
            try peer.text(#"42["ask"]"#)
            loop.advanceTime(by: .seconds(5))
            #expect(answers.all == ["yes", "none"])
            try peer.text(#"42["ask"]"#)
            peer.finish()
            #expect(answers.all == ["yes", "none", "none"])
        }
    }

    @Test("a server-side disconnect sends 41, gives the reason and leaves the connection open")
    func disconnect() throws {
        try withEmbeddedServer { io, loop in
            let reasons = Recorder<DisconnectReason>()
            io.onConnection { socket in
                socket.onDisconnect { reasons.append($0) }
                socket.on("bye") { $0.socket.disconnect() }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.text(#"42["bye"]"#)
            #expect(try peer.messages() == ["41"])
            #expect(reasons.all == [.serverNamespaceDisconnect])
            #expect(io.statistics.connections == 1)
            try peer.text("40")
            #expect(try peer.messages().first?.hasPrefix(#"40{"sid":"#) == true)
            try peer.text("41")
            #expect(reasons.all == [.serverNamespaceDisconnect, .clientNamespaceDisconnect])
            peer.finish()
        }
    }

    @Test("a client that does not read is closed at the limit, and others notice nothing")
    func slowClient() throws {
        var configuration = SocketIOConfiguration()
        configuration.maximumQueuedBytes = 100_000
        try withEmbeddedServer(configuration) { io, loop in
            let reasons = Recorder<DisconnectReason>()
            io.onConnection { socket in
                socket.join("r")
                socket.onDisconnect { reasons.append($0) }
            }
            let slow = try EmbeddedPeer(io, loop: loop)
            let good = try EmbeddedPeer(io, loop: loop)
            try slow.join()
            try good.join()
            slow.channel.isWritable = false
            let text = String(repeating: "x", count: 9_984)
            // 4 bytes of frame header, 12 of packet, and the text: 10,000 bytes each.
            for _ in 0..<10 { io.to("r").emit("big", text) }
            #expect(try good.messages().count == 10)
            #expect(reasons.all == [], "at the limit")
            io.to("r").emit("x")
            #expect(try good.messages().count == 1)
            #expect(reasons.all == [.transportError])
            #expect(io.statistics.slowClientCloses == 1)
            slow.finish()
            good.finish()
        }
    }

    @Test(
        "what all clients together leave unread is bounded: the longest queue goes, and what is read is given back",
        arguments: [false, true])
    func unreadOfAll(polls: Bool) throws {
        var configuration = SocketIOConfiguration()
        configuration.maximumUnreadBytesPerLoop = 900_000
        try withEmbeddedServer(configuration) { io, loop in
            let (ids, ended) = (Recorder<String>(), Recorder<String>())
            io.onConnection { socket in
                ids.append(socket.id)
                socket.on("give") { $0.socket.emit("big", String(repeating: "x", count: $0.arguments.first.int ?? 0)) }
                socket.onDisconnect { _ in ended.append(socket.id) }
            }
            let shard = io.shard(for: loop).shard.value
            let peers = try (0..<3).map { _ in try EmbeddedPeer(io, loop: loop) }
            var targets: [String] = []
            for peer in peers {
                if polls {
                    targets.append(try peer.openPolling())
                    _ = try peer.request("POST", targets[targets.count - 1], body: "40")
                    _ = try peer.request("GET", targets[targets.count - 1])
                } else {
                    try peer.join()
                    peer.channel.isWritable = false
                }
            }
            func give(_ count: Int, to index: Int) throws {
                let packet = #"42["give",\#(count)]"#
                if polls { _ = try peers[index].request("POST", targets[index], body: packet) } else { try peers[index].text(packet) }
                loop.run()
            }
            // Buffers have capacities of powers of two.
            try give(500_000, to: 0)
            try give(125_000, to: 1)
            #expect(ended.all == [] && (625_000...900_000).contains(shard.unread.bytes))
            try give(polls ? 230_000 : 125_000, to: 2)
            try give(60_000, to: 2)
            #expect(ended.all == [ids.all[0]] && io.statistics.slowClientCloses == 1)
            if polls { _ = try peers[1].request("GET", targets[1]) } else { peers[1].setWritable(true) }
            loop.run()
            #expect((1...400_000).contains(shard.unread.bytes))
            for peer in peers { peer.finish() }
            if polls { shard.end() }
            loop.run()
            #expect(shard.unread.isEmpty && shard.unread.bytes == 0)
        }
    }

    @Test("a volatile event is dropped for a client that is behind")
    func volatile() throws {
        try withEmbeddedServer { io, loop in
            io.onConnection { $0.join("r") }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            peer.channel.isWritable = false
            io.to("r").volatile.emit("tick")
            io.to("r").emit("kept")
            loop.run()
            peer.channel.isWritable = true
            peer.channel.pipeline.fireChannelWritabilityChanged()
            #expect(try peer.messages() == [#"42["kept"]"#])
            #expect(io.statistics.volatileDropped == 1)
            peer.finish()
        }
    }

    @Test("connections past the limit are closed at once")
    func connectionLimit() throws {
        var configuration = SocketIOConfiguration()
        configuration.maximumConnections = 2
        try withEmbeddedServer(configuration) { io, loop in
            let one = try EmbeddedPeer(io, loop: loop)
            let two = try EmbeddedPeer(io, loop: loop)
            let three = try EmbeddedPeer(io, loop: loop)
            #expect(one.channel.isActive && two.channel.isActive && !three.channel.isActive)
            try one.join()
            one.finish()
            let four = try EmbeddedPeer(io, loop: loop)
            #expect(four.channel.isActive, "a place is free again")
            for peer in [two, three, four] { peer.finish() }
        }
    }

    @Test("arguments pass through with their attachments, on both transports")
    func binaryPassThrough() throws {
        try withEmbeddedServer { io, loop in
            io.onConnection { socket in
                socket.on("echo") { request in
                    if let acknowledge = request.acknowledge {
                        acknowledge(request.arguments)
                    } else {
                        request.socket.emit("echo", request.arguments)
                    }
                }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.text(#"451-7["echo",{"_placeholder":true,"num":0},1]"#)
            try peer.frame(.binary, ByteBuffer(bytes: [1, 2, 3]))
            #expect(try peer.messages() == [#"461-7[{"_placeholder":true,"num":0},1]"#, "binary 3"])
            let poller = try EmbeddedPeer(io, loop: loop)
            let handshake = try poller.request("GET", "/socket.io/?EIO=4&transport=polling")
            let sid = try #require(handshake.components(separatedBy: "\"sid\":\"").last?.prefix(20))
            let target = "/socket.io/?EIO=4&transport=polling&sid=\(sid)"
            _ = try poller.request("POST", target, body: "40\u{1e}451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQID")
            #expect(try poller.request("GET", target).hasSuffix("451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQID"))
            peer.finish()
            poller.finish()
        }
    }

    @Test("there may be as many sessions as the limit says, and not one more, until one ends")
    func sessionLimit() throws {
        var configuration = SocketIOConfiguration()
        configuration.maximumSessions = 2
        try withEmbeddedServer(configuration) { io, loop in
            let one = try EmbeddedPeer(io, loop: loop)
            try one.join()
            let two = try EmbeddedPeer(io, loop: loop)
            let handshake = "/socket.io/?EIO=4&transport=polling"
            #expect(try two.request("GET", handshake).hasPrefix("HTTP/1.1 200 "))
            #expect(try two.request("GET", handshake).hasPrefix("HTTP/1.1 503 "))
            let three = try EmbeddedPeer(io, loop: loop)
            #expect(try three.upgrade().hasPrefix("HTTP/1.1 503 "))
            one.finish()
            let four = try EmbeddedPeer(io, loop: loop)
            #expect(try four.request("GET", handshake).hasPrefix("HTTP/1.1 200 "))
            for peer in [two, three, four] { peer.finish() }
        }
    }
}
