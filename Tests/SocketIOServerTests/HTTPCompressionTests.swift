import EngineIOCore
import Foundation
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing
import WebSocketCore

@testable import SocketIOServer

@Suite("Compressed answers to polling GETs")
struct HTTPCompressionTests {
    /// An answer, decompressed.
    private struct Answer: Equatable {
        var coding: String?
        var body: String

        init(_ peer: EmbeddedPeer, _ target: String, accepts: String?) throws {
            try peer.send(
                "GET \(target) HTTP/1.1\r\nHost: x\r\n" + (accepts.map { "Accept-Encoding: \($0)\r\n" } ?? "") + "\r\n")
            var bytes = try peer.bytes()
            let end = try #require(bytes.readableBytesView.firstRange(of: Array("\r\n\r\n".utf8)))
            let head = String(decoding: bytes.readableBytesView[..<end.lowerBound], as: UTF8.self)
            bytes.moveReaderIndex(to: end.upperBound)
            #expect(head.contains("Content-Length: \(bytes.readableBytes)\r\n"))
            coding = head.components(separatedBy: "\r\n").first { $0.hasPrefix("Content-Encoding: ") }.map { String($0.dropFirst(18)) }
            // The compressed data without its header and its checksum (RFC 1952 §2.3, RFC 1950 §2.2).
            let frame = coding == "gzip" ? (head: 10, tail: 8) : (head: 2, tail: 4)
            if coding != nil {
                bytes.moveReaderIndex(forwardBy: frame.head)
                bytes.moveWriterIndex(to: bytes.writerIndex - frame.tail)
                bytes = try MessageInflater().inflate(bytes, of: .binary, maximumBytes: 1 << 24)
            }
            body = String(buffer: bytes)
        }
    }

    private func with(
        _ change: (inout SocketIOConfiguration) -> Void = { _ in }, _ body: (SocketIO, EmbeddedPeer, _ target: String) throws -> Void
    ) throws {
        var configuration = SocketIOConfiguration()
        change(&configuration)
        try withEmbeddedServer(configuration) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            _ = try peer.request("POST", target, body: "40")
            _ = try peer.request("GET", target)
            try body(io, peer, target)
            peer.finish()
        }
    }

    /// A packet of that many bytes.
    private func packet(_ count: Int) -> (text: String, packet: String) {
        let text = String(repeating: "x", count: count - 10)
        return (text, "42[\"e\",\"\(text)\"]")
    }

    @Test(
        "a body is compressed from 1,024 bytes to 256 KiB, if its client accepts it",
        arguments: [(1_023, false), (1_024, true), (262_144, true), (262_145, false)])
    func bounds(count: Int, isCompressed: Bool) throws {
        try with { io, peer, target in
            let packet = packet(count)
            for coding in ["gzip", "deflate"] {
                io.emit("e", packet.text)
                let answer = try Answer(peer, target, accepts: coding)
                #expect(answer.coding == (isCompressed ? coding : nil))
                #expect(answer.body == packet.packet)
            }
            io.emit("e", packet.text)
            let answer = try Answer(peer, target, accepts: nil)
            #expect(answer.coding == nil && answer.body == packet.packet)
        }
    }

    @Test("a GET that waits is answered the same way")
    func waiting() throws {
        try with { io, peer, target in
            let packet = packet(2_000)
            try peer.send("GET \(target) HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n")
            #expect(try peer.output() == "")
            io.emit("e", packet.text)
            let answer = try peer.output()
            #expect(answer.contains("Content-Encoding: gzip\r\n") && answer.utf8.count < 400)
        }
    }

    @Test("what does not get shorter goes out as it is")
    func incompressible() throws {
        try with({ $0.httpCompression?.threshold = 1 }) { io, peer, target in
            // Base64 of random bytes: each character tells six bits, and saves less than the checksum of a short body costs.
            var options = HTTPCompressionOptions()
            options.threshold = 1
            let noise = ByteBuffer(string: "q8ZpL0vX3n")
            #expect(PayloadDeflater(options).encode(noise, for: ["gzip"]) == nil)
            io.emit("e", 1)
            let short = try Answer(peer, target, accepts: "gzip")
            #expect(short.coding == nil)
            #expect(short.body == "42[\"e\",1]")
        }
    }

    @Test("it can be left out: for all, for an event, for an event to one client")
    func off() throws {
        try with({ $0.httpCompression = nil }) { io, peer, target in
            io.emit("e", packet(5_000).text)
            let plain = try Answer(peer, target, accepts: "gzip")
            #expect(plain.coding == nil)
        }
        try with { io, peer, target in
            io.compress(false).emit("e", packet(5_000).text)
            let unwanted = try Answer(peer, target, accepts: "gzip")
            #expect(unwanted.coding == nil)
            // One packet that may be compressed is enough, as in the reference.
            io.compress(false).emit("e", packet(5_000).text)
            io.emit("e", 1)
            let mixed = try Answer(peer, target, accepts: "gzip")
            #expect(mixed.coding == "gzip")
        }
        for recovers in [false, true] {
            try with({ $0.recovery = recovers ? RecoveryLimits() : nil }) { io, peer, target in
                io.onConnection { socket in
                    socket.on("ask") { request in
                        let isCompressed = request.arguments.first.bool ?? true
                        request.socket.compress(isCompressed).emit("e", String(repeating: "x", count: 5_000))
                    }
                }
                _ = try peer.request("POST", target, body: "41\u{1e}40")
                _ = try peer.request("GET", target)
                for isCompressed in [false, true] {
                    _ = try peer.request("POST", target, body: "42[\"ask\",\(isCompressed)]")
                    let coding = try Answer(peer, target, accepts: "gzip").coding
                    #expect((coding != nil) == isCompressed)
                }
            }
        }
    }
}
