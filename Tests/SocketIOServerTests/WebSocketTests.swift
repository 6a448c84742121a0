import Foundation
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing
import WebSocketCore

@testable import SocketIOServer

@Suite("WebSocket sessions")
struct WebSocketTests {
    @Test("the handshake is RFC 6455's, the first packet Engine.IO's")
    func handshake() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let head = try peer.upgrade()
            #expect(head.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
            #expect(head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
            let messages = try peer.messages()
            #expect(messages.count == 1)
            #expect(messages[0].contains(#""upgrades":[],"pingInterval":25000"#))
            peer.finish()
        }
    }

    @Test("a whole read batch is answered with one write")
    func oneWrite() throws {
        try withEmbeddedServer { io, loop in
            io.onConnection { socket in socket.on("echo") { $0.acknowledge?($0.arguments.first) } }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            var batch = ByteBuffer()
            for id in 0..<16 {
                WebSocketEncoder.write(opcode: .text, payload: ByteBuffer(string: "42\(id)[\"echo\",\"x\"]"), mask: 7, into: &batch)
            }
            try peer.channel.writeInbound(batch)
            peer.loop.run()
            let first = try #require(try peer.channel.readOutbound(as: IOData.self))
            #expect(try peer.channel.readOutbound(as: IOData.self) == nil)
            #expect(first.readableBytes == (0..<16).reduce(0) { $0 + 2 + "43\($1)[\"x\"]".utf8.count })
            peer.finish()
        }
    }

    @Test("requests before a close frame or a violation in the same batch are answered", arguments: [[0x88, 0x80], [0x81, 0x01]])
    func answeredBeforeTheEnd(end: [UInt8]) throws {
        try withEmbeddedServer { io, loop in
            io.onConnection { socket in socket.on("echo") { $0.acknowledge?($0.arguments.first) } }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            var batch = ByteBuffer()
            WebSocketEncoder.write(opcode: .text, payload: ByteBuffer(string: #"420["echo",1]"#), mask: 7, into: &batch)
            batch.writeBytes(end + [0, 0, 0, 0])
            try peer.channel.writeInbound(batch)
            #expect(try peer.messages() == ["430[1]", "close"])
            peer.finish()
        }
    }

    @Test("bytes split anywhere make the same messages")
    func splitAnywhere() throws {
        try withEmbeddedServer { io, loop in
            io.onConnection { socket in socket.on("echo") { $0.acknowledge?($0.arguments.first) } }
            var batch = ByteBuffer()
            let payload = String(repeating: "é", count: 100)
            for id in 0..<2 {
                let packet = ByteBuffer(string: "42\(id)[\"echo\",\"\(payload)\"]")
                WebSocketEncoder.write(opcode: .text, payload: packet, mask: 7, into: &batch)
            }
            for split in 0...batch.readableBytes {
                let peer = try EmbeddedPeer(io, loop: loop)
                try peer.join()
                var rest = batch
                let head = rest.readSlice(length: split)
                try peer.channel.writeInbound(try #require(head))
                try peer.channel.writeInbound(rest)
                #expect(try peer.messages() == ["430[\"\(payload)\"]", "431[\"\(payload)\"]"])
                peer.finish()
            }
        }
    }

    @Test(
        "what no client may send closes the connection",
        arguments: [
            "", "7", "2", "1", "42[]", "42{}", "42[null]", "42[\"disconnect\"]", "42abc[\"a\"]", "44{}", "41{}", "40", "452-[\"a\"]x",
            "40[]",
        ])
    func malformed(packet: String) throws {
        try withEmbeddedServer { io, loop in
            let reasons = Recorder<DisconnectReason>()
            io.onConnection { $0.onDisconnect { reasons.append($0) } }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.text(packet)
            #expect(try peer.messages().last?.hasPrefix("close") == true)
            #expect(reasons.all.count == 1)
            #expect(io.statistics.connections == 0)
            peer.finish()
        }
    }

    @Test(
        "what the reference tolerates leaves the connection open",
        arguments: ["3", "6", "0", "5", "42[1]", "42", "425", "43999[]", "43[]", "42[\"unknown\",1]"])
    func tolerated(packet: String) throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.text(packet)
            #expect(try peer.messages() == [])
            #expect(io.statistics.connections == 1)
            peer.finish()
        }
    }

    @Test(
        "anything but a CONNECT, and an auth that is no object, closes a connection that has joined nothing",
        arguments: ["42[\"echo\"]", "42", "431[]", "41", "44{}", "40[]", "40\"token\"", "40null", "40true", "40{"])
    func eventBeforeConnect(packet: String) throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            _ = try peer.upgrade()
            _ = try peer.messages()
            try peer.text(packet)
            #expect(try peer.messages() == ["close"])
            #expect(io.statistics.connections == 0)
            peer.finish()
        }
    }

    @Test("a packet has up to ten attachments, and more close the connection before they come", arguments: [0, 1, 10, 11, 1_000_000_000])
    func attachments(count: Int) throws {
        try withEmbeddedServer { io, loop in
            let sizes = Recorder<[Int?]>()
            io.onConnection { socket in
                socket.on("file") { request in
                    sizes.append((0..<request.arguments.count).map { request.arguments.binary(at: $0)?.readableBytes })
                }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            let isTaken = count <= 10
            let placeholders = (0..<(isTaken ? count : 0)).map { ",{\"_placeholder\":true,\"num\":\($0)}" }.joined()
            try peer.text("45\(count)-[\"file\"\(placeholders)]")
            guard isTaken else {
                #expect(try peer.messages() == ["close"])
                return peer.finish()
            }
            for number in 0..<count {
                #expect(sizes.all.isEmpty)
                try peer.frame(.binary, ByteBuffer(repeating: 7, count: number))
            }
            #expect(try peer.messages() == [])
            let expected: [[Int?]] = [(0..<count).map { $0 }]
            #expect(sizes.all == expected)
            peer.finish()
        }
    }

    @Test(
        "what does not belong into a packet with attachments closes the connection",
        arguments: [
            [#"451-["x",{"_placeholder":true,"num":0}]"#, #"42["x"]"#], [#"451-["x",{"_placeholder":true,"num":0}]"#, "41"],
            ["binary"], [#"451-["x",{"_placeholder":true,"num":0}]"#, "binary", "binary"],
            [#"451-["x",{"_placeholder":true,"num":1}]"#], [#"451["x"]"#],
        ])
    func brokenReassembly(messages: [String]) throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            for message in messages {
                if message == "binary" { try peer.frame(.binary, ByteBuffer(string: "x")) } else { try peer.text(message) }
            }
            #expect(try peer.messages() == ["close"])
            #expect(io.statistics.connections == 0)
            peer.finish()
        }
    }

    @Test("a namespace that does not exist is refused, and the connection stays")
    func unknownNamespace() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            _ = try peer.upgrade()
            _ = try peer.messages()
            try peer.text("40/x,")
            #expect(try peer.messages() == [#"44/x,{"message":"Invalid namespace"}"#])
            peer.finish()
        }
    }

    @Test(
        "a message over the limit is answered with 1009 from its header alone, one of the limit is waited for",
        arguments: [0, 1, 9_000_000])
    func messageTooBig(excess: Int) throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            var header = ByteBuffer(bytes: [0x81, 0xFF])
            header.writeInteger(UInt64(1_000_000 + excess))
            try peer.channel.writeInbound(header)
            #expect(try peer.messages() == (excess == 0 ? [] : ["close 1009"]))
            peer.finish()
        }
    }

    @Test("a frame without a mask closes without a code")
    func unmasked() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.channel.writeInbound(ByteBuffer(bytes: [0x81, 0x01, 0x33]))
            #expect(try peer.messages() == ["close"])
            peer.finish()
        }
    }

    @Test("WebSocket pings are answered")
    func ping() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.frame(.ping, ByteBuffer(string: "hi"))
            #expect(try peer.messages() == ["pong hi"])
            peer.finish()
        }
    }

    @Test("a polling session moves to a WebSocket, and what was queued goes with it")
    func upgrade() throws {
        try withEmbeddedServer { io, loop in
            io.onConnection { $0.join("room") }
            let polling = try EmbeddedPeer(io, loop: loop)
            let response = try polling.request("GET", "/socket.io/?EIO=4&transport=polling")
            let sid = try #require(response.components(separatedBy: "\"sid\":\"").last?.prefix(20))
            let target = "/socket.io/?EIO=4&transport=polling&sid=\(sid)"
            _ = try polling.request("POST", target, body: "40")
            _ = try polling.request("GET", target)
            #expect(try polling.request("GET", target) == "")
            let socket = try EmbeddedPeer(io, loop: loop)
            #expect(try socket.upgrade("/socket.io/?EIO=4&transport=websocket&sid=\(sid)").hasPrefix("HTTP/1.1 101"))
            try socket.text("2probe")
            #expect(try socket.messages() == ["3probe"])
            #expect(try polling.output().hasSuffix("\r\n\r\n6"))
            io.to("room").emit("queued")
            loop.run()
            #expect(try socket.messages() == [])
            try socket.text("5")
            #expect(try socket.messages() == [#"42["queued"]"#])
            io.to("room").emit("direct")
            #expect(try socket.messages() == [#"42["direct"]"#])
            #expect(try polling.request("GET", target).contains("\"code\":3"))
            let second = try EmbeddedPeer(io, loop: loop)
            #expect(try second.upgrade("/socket.io/?EIO=4&transport=websocket&sid=\(sid)").hasPrefix("HTTP/1.1 101"))
            #expect(try second.messages() == ["close"])
            #expect(io.statistics.connections == 1)
            for peer in [polling, socket, second] { peer.finish() }
        }
    }

    @Test("a WebSocket that takes too long to take over is closed, and polling goes on")
    func upgradeTimeout() throws {
        try withEmbeddedServer { io, loop in
            let polling = try EmbeddedPeer(io, loop: loop)
            let response = try polling.request("GET", "/socket.io/?EIO=4&transport=polling")
            let sid = try #require(response.components(separatedBy: "\"sid\":\"").last?.prefix(20))
            let socket = try EmbeddedPeer(io, loop: loop)
            _ = try socket.upgrade("/socket.io/?EIO=4&transport=websocket&sid=\(sid)")
            loop.advanceTime(by: .milliseconds(9_999))
            #expect(try socket.messages() == [])
            loop.advanceTime(by: .milliseconds(1))
            #expect(try socket.messages() == ["close"])
            #expect(io.statistics.connections == 1)
            polling.finish()
            socket.finish()
        }
    }

    @Test("a message whose end does not come closes the connection, though pongs come")
    func unfinishedMessage() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.frame(.text, ByteBuffer(string: "42"), fin: false)
            loop.advanceTime(by: .seconds(25))
            #expect(try peer.messages() == ["2"])
            try peer.frame(.pong, ByteBuffer())
            loop.advanceTime(by: .milliseconds(4_999))
            #expect(try peer.messages() == [])
            loop.advanceTime(by: .milliseconds(1))
            #expect(try peer.messages() == ["close 1008"])
            #expect(io.statistics.connections == 0)
            peer.finish()
        }
    }

    @Test("messages in fragments that end do not run into the deadline of an earlier one")
    func finishedMessages() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try peer.frame(.text, ByteBuffer(string: "42[\"a\""), fin: false)
            loop.advanceTime(by: .seconds(20))
            try peer.frame(.continuation, ByteBuffer(string: "]"))
            try peer.frame(.text, ByteBuffer(string: "42[\"a\""), fin: false)
            loop.advanceTime(by: .seconds(10))
            try peer.frame(.continuation, ByteBuffer(string: "]"))
            #expect(try peer.messages() == ["2"])
            #expect(io.statistics.eventsReceived == 2)
            peer.finish()
        }
    }

    @Test("a WebSocket that asks to take over and does not read is closed, not queued for")
    func deafProbe() throws {
        try withEmbeddedServer { io, loop in
            let polling = try EmbeddedPeer(io, loop: loop)
            let response = try polling.request("GET", "/socket.io/?EIO=4&transport=polling")
            let sid = try #require(response.components(separatedBy: "\"sid\":\"").last?.prefix(20))
            for frame in [(WebSocketOpcode.ping, ""), (.text, "2probe")] {
                let socket = try EmbeddedPeer(io, loop: loop)
                _ = try socket.upgrade("/socket.io/?EIO=4&transport=websocket&sid=\(sid)")
                socket.channel.isWritable = false
                try socket.frame(frame.0, ByteBuffer(string: frame.1))
                loop.run()
                #expect(!socket.channel.isActive)
                socket.finish()
            }
            #expect(io.statistics.connections == 1)
            polling.finish()
        }
    }
}
