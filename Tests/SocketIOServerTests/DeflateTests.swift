import Foundation
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing
import WebSocketCore

@testable import SocketIOServer

@Suite("Compressed WebSocket messages")
struct DeflateTests {
    private static func configuration(_ change: (inout PerMessageDeflateOptions) -> Void = { _ in }) -> SocketIOConfiguration {
        var configuration = SocketIOConfiguration()
        var options = PerMessageDeflateOptions()
        change(&options)
        configuration.perMessageDeflate = options
        return configuration
    }

    private static let long = String(repeating: "lesson ", count: 200)

    /// Answers `echo` with what it got.
    private func echo(_ io: SocketIO) {
        io.onConnection { socket in socket.on("echo") { $0.acknowledge?($0.arguments) } }
    }

    // MARK: The handshake

    @Test("nothing is agreed on by default")
    func off() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            #expect(!(try peer.upgrade(headers: ["Sec-WebSocket-Extensions: permessage-deflate"])).contains("Extensions"))
            // The bit of an extension that was not agreed on.
            try peer.frame(.text, ByteBuffer(string: "40"), reservedBits: .rsv1)
            #expect(try peer.messages().last == "close")
        }
    }

    @Test(
        "a server that compresses answers an offer as its options say",
        arguments: [
            ("permessage-deflate", "permessage-deflate"),
            ("permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits=12"),
            ("permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=10"),
            ("permessage-deflate; server_no_context_takeover", "permessage-deflate; server_no_context_takeover"),
            ("permessage-deflate; unknown, permessage-deflate", "permessage-deflate"),
            ("permessage-deflate; unknown", nil), ("x-webkit-deflate-frame", nil),
        ] as [(String, String?)])
    func answer(offer: String, response: String?) throws {
        try withEmbeddedServer(Self.configuration { $0.clientMaximumWindowBits = 12 }) { io, loop in
            // Read without the HTTP parser, and with it.
            for blank in [" ", ""] {
                let peer = try EmbeddedPeer(io, loop: loop)
                let head = try peer.upgrade(headers: ["Sec-WebSocket-Extensions:\(blank)\(offer)"])
                #expect(head.hasPrefix("HTTP/1.1 101 "))
                let lines = head.components(separatedBy: "\r\n").filter { $0.hasPrefix("Sec-WebSocket-Extensions") }
                #expect(lines == (response.map { ["Sec-WebSocket-Extensions: \($0)"] } ?? []))
                peer.finish()
            }
        }
    }

    @Test("a malformed header is refused")
    func malformed() throws {
        try withEmbeddedServer(Self.configuration()) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            #expect(try peer.upgrade(headers: ["Sec-WebSocket-Extensions: permessage-deflate;"]).hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test("a WebSocket that takes over from polling compresses too")
    func upgrade() throws {
        try withEmbeddedServer(Self.configuration { $0.threshold = 0 }) { io, loop in
            let poller = try EmbeddedPeer(io, loop: loop)
            let target = try poller.openPolling().replacingOccurrences(of: "polling", with: "websocket")
            let head = try EmbeddedPeer(io, loop: loop).upgrade(target, headers: ["Sec-WebSocket-Extensions: permessage-deflate"])
            #expect(head.contains("Sec-WebSocket-Extensions: permessage-deflate\r\n"))
        }
    }

    // MARK: Messages

    @Test("a message of the threshold is compressed, a shorter one and one over the upper bound are not")
    func threshold() throws {
        try withEmbeddedServer(Self.configuration { ($0.threshold, $0.maximumBytes) = (100, 200) }) { io, loop in
            echo(io)
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.joinCompressed()
            for (count, isCompressed) in [(99, false), (100, true), (200, true), (201, false)] {
                // `430["` and `"]` stand around it.
                let text = String(repeating: "a", count: count - 7)
                try peer.text(#"420["echo","\#(text)"]"#)
                #expect(try peer.messages() == [#"430["\#(text)"]"#])
                #expect(peer.wasCompressed == isCompressed, "\(count)")
            }
            peer.finish()
        }
    }

    @Test("whatever is agreed on, both ends understand each other", arguments: [9, 15], [false, true])
    func bothWays(windowBits: Int, isAlone: Bool) throws {
        try withEmbeddedServer(Self.configuration { $0.threshold = 0 }) { io, loop in
            echo(io)
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.joinCompressed(
                PerMessageDeflate(
                    serverNoContextTakeover: isAlone, clientNoContextTakeover: isAlone, serverMaximumWindowBits: windowBits,
                    clientMaximumWindowBits: windowBits))
            let compression = try #require(peer.compression)
            for round in 0..<3 {
                let message = ByteBuffer(string: #"42\#(round)["echo","\#(Self.long)"]"#)
                var rest = try #require(compression.deflate(message))
                // In two frames: the bit marks the first.
                let half = rest.readSlice(length: rest.readableBytes / 2)
                try peer.frame(.text, try #require(half), fin: false, reservedBits: .rsv1)
                try peer.frame(.continuation, rest)
                #expect(try peer.messages() == [#"43\#(round)["\#(Self.long)"]"#])
                #expect(peer.wasCompressed)
            }
            peer.finish()
        }
    }

    @Test("binary is compressed too, an event's text and its attachments each on its own")
    func binary() throws {
        try withEmbeddedServer(Self.configuration { $0.threshold = 100 }) { io, loop in
            echo(io)
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.joinCompressed()
            let compression = try #require(peer.compression)
            try peer.text(#"451-7["echo",{"_placeholder":true,"num":0}]"#)
            let attachment = ByteBuffer(repeating: 7, count: 5_000)
            try peer.frame(.binary, try #require(compression.deflate(attachment)), reservedBits: .rsv1)
            #expect(try peer.messages() == [#"461-7[{"_placeholder":true,"num":0}]"#, "binary 5000"])
            #expect(peer.wasCompressed)
            peer.finish()
        }
    }

    // MARK: Limits

    @Test("a message that inflates to the limit is taken, one byte more closes with 1009, also of a thousandfold size", arguments: [0, 1])
    func limit(excess: Int) throws {
        var configuration = Self.configuration()
        configuration.maximumHTTPBufferBytes = 50_000
        try withEmbeddedServer(configuration) { io, loop in
            echo(io)
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.joinCompressed()
            let frame = #"42["none",""]"#.utf8.count
            let message = ByteBuffer(string: #"42["none","\#(String(repeating: "a", count: 50_000 - frame + excess))"]"#)
            let bomb = try #require(peer.compression?.deflate(message))
            #expect(bomb.readableBytes < 200)
            try peer.frame(.text, bomb, reservedBits: .rsv1)
            #expect(try peer.messages() == (excess == 0 ? [] : ["close 1009"]))
            #expect(io.statistics.protocolErrors == excess)
            peer.finish()
        }
    }

    @Test("what is not deflate, and text that is not UTF-8, ends the connection", arguments: [[0x07], [0xFF, 0xFF, 0xFF]] as [[UInt8]])
    func damaged(bytes: [UInt8]) throws {
        try withEmbeddedServer(Self.configuration()) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.joinCompressed()
            try peer.frame(.text, ByteBuffer(bytes: bytes), reservedBits: .rsv1)
            #expect(try peer.messages() == ["close"])
            let other = try EmbeddedPeer(io, loop: loop)
            try other.joinCompressed()
            let deflated = try #require(SharedCompressors(level: 6).deflated(ByteBuffer(repeating: 0xFF, count: 2_000)))
            try other.frame(.text, deflated, reservedBits: .rsv1)
            #expect(try other.messages() == ["close"])
        }
    }

    @Test("contexts that outlive a message are given while there is memory for them, and given back", arguments: [false, true])
    func budget(perAddress: Bool) throws {
        var configuration = Self.configuration()
        let one = PerMessageDeflate().contextBytes(of: .server)
        let limit: WritableKeyPath<SocketIOConfiguration, Int> =
            perAddress ? \.maximumDeflateContextBytesPerAddress : \.maximumDeflateContextBytes
        configuration[keyPath: limit] = 2 * one
        try withEmbeddedServer(configuration) { io, loop in
            func response() throws -> (peer: EmbeddedPeer, hasContexts: Bool) {
                let peer = try EmbeddedPeer(io, loop: loop)
                let head = try peer.upgrade(headers: ["Sec-WebSocket-Extensions: permessage-deflate"])
                #expect(head.contains("Sec-WebSocket-Extensions: permessage-deflate"))
                return (peer, !head.contains("permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"))
            }
            let first = try response(), second = try response()
            #expect(first.hasContexts && second.hasContexts)
            #expect(!(try response().hasContexts))
            first.peer.finish()
            #expect(io.deflateContexts.inUse.all == one)
            #expect(try response().hasContexts)
            #expect(io.deflateContexts.inUse.all == 2 * one)
        }
    }

    // MARK: Broadcasts

    /// Peers that share no kind, and one that has none.
    private func room(_ io: SocketIO, _ loop: EmbeddedEventLoop) throws -> [EmbeddedPeer] {
        var peers: [EmbeddedPeer] = []
        for offer in [PerMessageDeflate(), PerMessageDeflate(serverNoContextTakeover: true), PerMessageDeflate(serverMaximumWindowBits: 9)]
        {
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.joinCompressed(offer)
            peers.append(peer)
        }
        let plain = try EmbeddedPeer(io, loop: loop)
        try plain.join()
        return peers + [plain]
    }

    @Test("each member gets a broadcast as it agreed, and what follows it")
    func broadcast() throws {
        try withEmbeddedServer(Self.configuration()) { io, loop in
            echo(io)
            let peers = try room(io, loop)
            for round in 0..<3 {
                io.emit("say", Self.long, round)
                for (index, peer) in peers.enumerated() {
                    #expect(try peer.messages() == [#"42["say","\#(Self.long)",\#(round)]"#])
                    #expect(peer.wasCompressed == (index < 3))
                    try peer.text(#"42\#(round)["echo","\#(Self.long)"]"#)
                    #expect(try peer.messages() == [#"43\#(round)["\#(Self.long)"]"#])
                    #expect(peer.wasCompressed == (index < 3))
                }
            }
            io.of("/").compress(false).emit("say", Self.long)
            io.emit("say", "short")
            for peer in peers {
                #expect(try peer.messages() == [#"42["say","\#(Self.long)"]"#, #"42["say","short"]"#])
                #expect(!peer.wasCompressed)
            }
            for peer in peers { peer.finish() }
        }
    }

    @Test("an event to one socket is compressed unless it says otherwise")
    func oneSocket() throws {
        try withEmbeddedServer(Self.configuration()) { io, loop in
            io.onConnection { socket in
                socket.on("plain") { $0.socket.compress(false).emit("say", Self.long) }
                socket.on("volatile") { $0.socket.volatile.emit("say", Self.long) }
                socket.on("both") { $0.socket.compress(true).volatile.emit("say", Self.long) }
                socket.on("ask") { $0.socket.compress(false).timeout(.seconds(1)).emit("say", Self.long) { _ in } }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.joinCompressed()
            for (event, isCompressed) in [("plain", false), ("volatile", true), ("both", true), ("ask", false)] {
                try peer.text("42[\"\(event)\"]")
                #expect(try peer.messages().first?.contains("lesson lesson") == true)
                #expect(peer.wasCompressed == isCompressed, "\(event)")
            }
            peer.finish()
        }
    }

    @Test("a packet is compressed once per window, however many get it")
    func onceForAll() throws {
        let attachment = ByteBuffer(repeating: 7, count: 5_000)
        let packet = EncodedPacket {
            $0.writeString(Self.long)
            return [attachment]
        }
        let forms = CompressedForms()
        func frames(_ windowBits: Int) -> ByteBuffer {
            let agreement = PerMessageDeflate(serverMaximumWindowBits: windowBits)
            let compression = ConnectionCompression(agreement, role: .server, options: .init(), shared: SharedCompressors(level: 6))
            return forms.frames(of: packet, for: compression)
        }
        func address(_ buffer: ByteBuffer) -> UnsafeRawPointer? { buffer.withUnsafeReadableBytes { $0.baseAddress } }
        let first = frames(15), second = frames(15), other = frames(9)
        #expect(address(first) == address(second))
        #expect(address(first) != address(other))
        #expect(first.readableBytes < 200)
    }
}

@Suite("Sub-protocols of a WebSocket")
struct SubprotocolTests {
    @Test(
        "the first one that a client names is the answer, as in the reference",
        arguments: [
            ("chat", "chat"), ("v2.chat, chat", "v2.chat"), ("a", "a"), (" ,", nil), ("a, a", nil), ("a b", nil),
        ] as [(String, String?)])
    func answer(header: String, answer: String?) throws {
        try withEmbeddedServer { io, loop in
            for blank in [" ", ""] {
                let head = try EmbeddedPeer(io, loop: loop).upgrade(headers: ["Sec-WebSocket-Protocol:\(blank)\(header)"])
                guard let answer else {
                    #expect(head.hasPrefix("HTTP/1.1 400 "))
                    continue
                }
                #expect(head.hasPrefix("HTTP/1.1 101 "))
                #expect(head.contains("Sec-WebSocket-Protocol: \(answer)\r\n"))
            }
        }
    }

    @Test("without a request there is no answer, and 64 names are read, 65 are not")
    func limits() throws {
        try withEmbeddedServer { io, loop in
            #expect(!(try EmbeddedPeer(io, loop: loop).upgrade().contains("Protocol:")))
            let names = (0..<65).map { "p\($0)" }
            let most = try EmbeddedPeer(io, loop: loop).upgrade(
                headers: ["Sec-WebSocket-Protocol: \(names.dropLast().joined(separator: ","))"])
            #expect(most.contains("Sec-WebSocket-Protocol: p0\r\n"))
            let more = try EmbeddedPeer(io, loop: loop).upgrade(headers: ["Sec-WebSocket-Protocol: \(names.joined(separator: ","))"])
            #expect(more.hasPrefix("HTTP/1.1 400 "))
        }
    }
}

extension SharedCompressors {
    fileprivate func deflated(_ message: ByteBuffer) -> ByteBuffer? {
        ConnectionCompression(PerMessageDeflate(serverNoContextTakeover: true), role: .server, options: .init(), shared: self)
            .deflate(message)
    }
}
