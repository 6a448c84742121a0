import CoreTestSupport
import EngineIOCore
import Foundation
import Logging
import NIOCore
import NIOEmbedded
import Testing
import WebSocketCore

@testable import SocketIOServer

/// A request for a WebSocket is read without the HTTP parser if it comes in one piece, and with it if its first byte comes alone. Nobody may
/// be able to tell the two apart.
@Suite("Requests for a WebSocket with and without the HTTP parser")
struct BothPathsFuzzTests {
    private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

    @Test("random requests get the same answer on both ways")
    func differences() throws {
        let first = UInt64(Self.number("FUZZ_FIRST_SEED") ?? 1)
        // A request is a hundredth of a sequence of the front's fuzzer.
        let seeds = UInt64(10 * (Self.number("FUZZ_SEEDS") ?? 100))
        let end = ContinuousClock.now + .seconds(Self.number("FUZZ_SECONDS") ?? 20)
        var direct = 0
        for seed in first..<(first + seeds) {
            let bytes = RandomRequest.make(seed: seed)
            let whole = try Outcome(bytes, cutAt: nil)
            let parsed = try Outcome(bytes, cutAt: 1)
            try #require(!parsed.wasDirect, "seed \(seed)")
            if whole.wasDirect { direct += 1 }
            try #require(
                whole.answer == parsed.answer && whole.isOpen == parsed.isOpen && whole.sessions == parsed.sessions,
                "seed \(seed): \(String(decoding: bytes, as: UTF8.self).debugDescription)\nwithout: \(whole)\nwith: \(parsed)")
            if ContinuousClock.now >= end { break }
        }
        #expect(direct > 0, "none was read without the parser")
    }

    @Test("a plain request in one piece needs no HTTP handler")
    func direct() throws {
        let bytes = Array(RandomRequest.plain().utf8)
        let outcome = try Outcome(bytes, cutAt: nil)
        #expect(outcome.wasDirect && outcome.answer.hasPrefix("HTTP/1.1 101 ") && outcome.isOpen && outcome.sessions == 1)
    }
}

/// What a connection makes of some bytes.
private struct Outcome: CustomStringConvertible {
    /// Without what is random.
    let answer: String
    let isOpen: Bool
    let sessions: Int
    /// No HTTP handler was laid.
    let wasDirect: Bool

    var description: String { "\(isOpen ? "open" : "closed"), \(sessions) sessions: \(answer.debugDescription)" }

    init(_ bytes: [UInt8], cutAt cut: Int?) throws {
        let loop = EmbeddedEventLoop()
        var configuration = SocketIOConfiguration()
        configuration.originPolicy = .ownAnd(["http://friend.example"])
        configuration.hostPolicy = HostPolicy(names: ["quiz.example"])
        configuration.cors = CORSPolicy(origins: .list(["http://friend.example"]))
        let io = SocketIO(configuration: configuration, logger: Logger(label: "fuzz", factory: { _ in SwiftLogNoOpLogHandler() }))
        io.onConnection { socket in socket.emit("welcome", Array(socket.handshake.headers.map(\.name))) }
        let channel = EmbeddedChannel(loop: loop)
        let route = NIOLoopBound(FuzzRoute(), eventLoop: loop)
        let fallback = HTTPFallback(install: { try $0.pipeline.syncOperations.addHandler(route.value) }, abandon: {})
        try SocketIOChannel(io: io, secure: false, fallback: fallback).configure(channel)
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        let pieces = cut.map { [bytes[..<min($0, bytes.count)], bytes[min($0, bytes.count)...]] } ?? [bytes[...]]
        for piece in pieces where !piece.isEmpty && channel.isActive {
            _ = try? channel.writeInbound(ByteBuffer(bytes: piece))
            loop.run()
        }
        wasDirect = (try? channel.pipeline.syncOperations.handler(type: WebSocketHandler.self)) != nil && cut == nil
        loop.run()
        var output = ByteBuffer()
        while let part = try channel.readOutbound(as: IOData.self) {
            if case .byteBuffer(let buffer) = part { output.writeImmutableBuffer(buffer) }
        }
        let mark = "\"sid\":\""
        let parts = String(decoding: output.readableBytesView, as: UTF8.self).components(separatedBy: mark)
        answer = parts.enumerated().map { $0 == 0 ? $1 : String($1.dropFirst(SessionID.length)) }.joined(separator: mark)
        isOpen = channel.isActive
        sessions = io.statistics.connections
        channel.close(promise: nil)
        loop.advanceTime(by: .seconds(100))
        #expect(io.placesInUse.channels == 0 && io.placesInUse.sessions == 0, "places are left")
        try loop.close()
    }
}

/// Requests for a WebSocket, most of them with something odd.
private enum RandomRequest {
    private static let target = "/socket.io/?EIO=4&transport=websocket"

    static func plain() -> String {
        ([
            "GET \(target) HTTP/1.1", "Host: quiz.example", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ]).joined(separator: "\r\n") + "\r\n\r\n"
    }

    static func make(seed: UInt64) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
        func pick(_ usual: String, _ others: [String]) -> String {
            chance(85) ? usual : others.randomElement(using: &random) ?? usual
        }
        let line =
            pick("GET", ["POST", "get", "HEAD", "OPTIONS", "GET ", "CONNECT", ""]) + " "
            + pick(
                target,
                [
                    "/socket.io?EIO=4&transport=websocket", "/socket.io/x?EIO=4&transport=websocket",
                    "/socket.iox?EIO=4&transport=websocket",
                    "/socket.io/?EIO=3&transport=websocket", "/socket.io/?EIO=4&transport=polling", "/socket.io/?transport=websocket",
                    "/socket.io/?EIO=4&transport=websocket&sid=AAAAAAAAAAAAAAAAAAAA", "/other", "//socket.io/?EIO=4&transport=websocket",
                    "http://quiz.example/socket.io/?EIO=4&transport=websocket", "http://evil/socket.io/?EIO=4&transport=websocket",
                    "/socket.io/?EIO=4&transport=%77ebsocket", "/socket.io/?EIO=4&transport=websocket#x", "*", "",
                    "/socket.io/?EIO=4&transport=websocket&x=\(String(repeating: "y", count: 5_000))",
                    "/socket.io/?EIO=4&transport=websocket&sid=",
                ])
            + " " + pick("HTTP/1.1", ["HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "http/1.1", "HTTP/1.1 ", ""])
        var fields = [
            pick(
                "Host: quiz.example",
                [
                    "Host: quiz.example:80", "Host: evil.example", "Host: a b", "host: QUIZ.example", "Host:quiz.example", "X: y",
                    "Host: quiz.example\r\nHost: quiz.example", "Host: [::1]:8", "Host:",
                ]),
            pick(
                "Upgrade: websocket",
                [
                    "upgrade: WebSocket", "Upgrade: h2c", "Upgrade: h2c, websocket", "Upgrade: websocket\r\nUpgrade: websocket",
                    "Upgrade:websocket", "X: y", "Upgrade: websocket ", "Upgrade: \twebsocket",
                ]),
            pick(
                "Connection: Upgrade",
                [
                    "Connection: keep-alive, Upgrade", "connection: upgrade", "Connection: close, Upgrade", "Connection: Upgrade\t",
                    "Connection: keep-alive", "Connection: close", "X: y", "Connection: Upgrade\r\nConnection: close",
                ]),
            pick(
                "Sec-WebSocket-Version: 13",
                ["Sec-WebSocket-Version: 8", "Sec-WebSocket-Version: 13, 8", "X: y", "sec-websocket-version: 13 "]),
            pick(
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                ["Sec-WebSocket-Key: short", "X: y", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]),
        ]
        if chance(30) {
            fields.append(
                ["Origin: http://quiz.example", "Origin: http://friend.example", "Origin: http://evil.example", "Origin: null"]
                    .randomElement(using: &random) ?? "")
        }
        if chance(25) {
            fields.append(
                [
                    "Content-Length: 0", "Content-Length: 5", "Transfer-Encoding: chunked", "Expect: 100-continue", "X: \u{1}", "X: ä",
                    " folded",
                    "X:", "X : y", "X: a\nY: b", "X: a\rY: b", "Proxy-Connection: close", "Keep-Alive: 5", "X: \0", "X\u{80}: y", ": y",
                    "X",
                    "X: \(String(repeating: "y", count: 17_000))", "X: \(String(repeating: "y", count: 4_000))", "Trailer: X",
                    "TE: trailers",
                ].randomElement(using: &random) ?? "")
        }
        if chance(20) { fields.shuffle(using: &random) }
        let ending = chance(95) ? "\r\n" : ["\n", "\r", "\r\r\n"].randomElement(using: &random) ?? "\n"
        var bytes = Array(([line] + fields).joined(separator: ending).utf8) + Array((chance(95) ? "\r\n\r\n" : "\n\n").utf8)
        if chance(10), let index = bytes.indices.randomElement(using: &random) { bytes[index] = UInt8.random(in: 0...255, using: &random) }
        if chance(5) { bytes.removeLast(Int.random(in: 0...bytes.count, using: &random)) }
        if chance(5) { bytes.insert(contentsOf: "\r\n".utf8, at: 0) }
        switch Int.random(in: 0..<10, using: &random) {
        case 0...3:
            var frame = ByteBuffer()
            WebSocketEncoder.write(opcode: .text, payload: ByteBuffer(string: "40"), mask: 0x0102_0304, into: &frame)
            bytes += frame.readableBytesView
        case 4: bytes += "GET /other HTTP/1.1\r\nHost: quiz.example\r\n\r\n".utf8
        case 5: bytes += (0..<Int.random(in: 1...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        default: break
        }
        return bytes
    }
}
