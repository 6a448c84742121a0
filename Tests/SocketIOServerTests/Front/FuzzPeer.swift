import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import SocketIOCore
import WebSocketCore

@testable import SocketIOServer

/// One connection of the fuzzer: writes requests, reads what comes back.
final class FuzzPeer {
    private let channel: EmbeddedChannel
    private let route = FuzzRoute()
    private let breaker = Breaker()
    private var responses = ResponseReader()
    private var sent = 0
    private var isOpen = true
    private(set) var problems: [String] = []

    init(_ io: SocketIO, _ loop: EmbeddedEventLoop) throws {
        channel = EmbeddedChannel(loop: loop)
        let route = NIOLoopBound(route, eventLoop: loop)
        let fallback = HTTPFallback(install: { try $0.pipeline.syncOperations.addHandler(route.value) }, abandon: {})
        try SocketIOChannel(io: io, secure: false, fallback: fallback).configure(channel)
        try channel.pipeline.syncOperations.addHandler(breaker, position: .first)
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
    }

    func send(_ requests: [FrontFuzzer.Request], cuts: [Double], sessions: [String], between: () throws -> Void) throws {
        guard isOpen else { return }
        let bytes = Array(requests.map { text($0, sessions) }.joined().utf8)
        var start = 0
        for end in cuts.map({ Int($0 * Double(bytes.count)) }) + [bytes.count] where end >= start {
            write(ByteBuffer(bytes: bytes[start..<end]))
            start = end
            try between()
        }
    }

    /// A peer's bytes; whatever the server makes of them is its own business.
    private func write(_ bytes: ByteBuffer) {
        guard isOpen, channel.isActive, bytes.readableBytes > 0 else { return }
        _ = try? channel.writeInbound(bytes)
    }

    func frame(_ opcode: WebSocketOpcode, _ payload: ByteBuffer) throws {
        guard responses.isWebSocket else { return }
        var buffer = ByteBuffer()
        WebSocketEncoder.write(opcode: opcode, payload: payload, mask: 0x0102_0304, into: &buffer)
        write(buffer)
    }

    private func text(_ request: FrontFuzzer.Request, _ sessions: [String]) -> String {
        sent += 1
        let tag = "Host: x\r\nOrigin: http://r\(sent).example\r\n"
        let polling = "/socket.io/?EIO=4&transport=polling"
        func sid(_ index: Int) -> String { sessions.isEmpty ? "nobody" : sessions[index % sessions.count] }
        switch request {
        case .handshake: return "GET \(polling) HTTP/1.1\r\n\(tag)\r\n"
        case .poll(let session): return "GET \(polling)&sid=\(sid(session)) HTTP/1.1\r\n\(tag)\r\n"
        case .post(let session, let body, let chunked):
            let head = "POST \(polling)&sid=\(sid(session)) HTTP/1.1\r\n\(tag)"
            guard chunked, !body.isEmpty else { return "\(head)Content-Length: \(body.utf8.count)\r\n\r\n\(body)" }
            return "\(head)Transfer-Encoding: chunked\r\n\r\n\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
        case .options: return "OPTIONS \(polling) HTTP/1.1\r\n\(tag)Access-Control-Request-Headers: x-a\r\n\r\n"
        case .head: return "HEAD /route?now HTTP/1.1\r\n\(tag)\r\n"
        case .upgrade(let session):
            let target = "/socket.io/?EIO=4&transport=websocket" + (session.map { "&sid=\(sid($0))" } ?? "")
            return "GET \(target) HTTP/1.1\r\n\(tag)\(EmbeddedPeer.upgradeHeaders.joined(separator: "\r\n"))\r\n\r\n"
        case .route(let method, let body, let later):
            return "\(method) /route?\(later ? "later" : "now") HTTP/1.1\r\n\(tag)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        case .odd(let text): return text
        }
    }

    func halfClose() {
        guard isOpen, channel.isActive else { return }
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        channel.isWritable = true
        // Not `finish()`: that would run the timers of the whole loop.
        channel.close(promise: nil)
    }

    func setWritable(_ isWritable: Bool) {
        guard isOpen, channel.isActive, channel.isWritable != isWritable else { return }
        channel.isWritable = isWritable
        channel.pipeline.fireChannelWritabilityChanged()
    }

    func breakOff(_ requests: [FrontFuzzer.Request], sessions: [String]) {
        guard isOpen, channel.isActive else { return }
        breaker.arm(reading: ByteBuffer(string: requests.map { text($0, sessions) }.joined()))
    }

    func answerRoutes() { route.answerWaiting() }

    func quiesce() {
        if isOpen, channel.isActive { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    }

    /// Reads what the server wrote; returns the sessions that it opened.
    func collect() throws -> [String] {
        while let part = try channel.readOutbound(as: IOData.self) {
            if case .byteBuffer(let bytes) = part { responses.append(bytes) }
        }
        let opened = responses.read()
        problems += responses.takeProblems()
        if responses.count > sent { problems.append("\(responses.count) answers to \(sent) requests") }
        return opened
    }
}

/// Reads answers: each whole, its tag larger than that of the one before.
struct ResponseReader {
    private var bytes = ""
    private(set) var count = 0
    private(set) var isWebSocket = false
    private var lastTag = 0
    private var problems: [String] = []

    mutating func append(_ buffer: ByteBuffer) {
        if !isWebSocket { bytes += String(buffer: buffer) }
    }

    mutating func takeProblems() -> [String] {
        defer { problems = [] }
        return problems
    }

    /// Returns the ids of sessions in the answers.
    mutating func read() -> [String] {
        var opened: [String] = []
        while !isWebSocket, let end = bytes.firstRange(of: "\r\n\r\n") {
            let lines = bytes[..<end.lowerBound].split(separator: "\r\n")
            guard let first = lines.first, first.hasPrefix("HTTP/1.1 "), let status = Int(first.dropFirst(9).prefix(3)) else {
                problems.append("no answer: \(bytes.prefix(40))")
                bytes = ""
                break
            }
            func field(_ name: String) -> Substring? {
                lines.first { $0.lowercased().hasPrefix(name + ": ") }.map { $0.dropFirst(name.count + 2) }
            }
            let length = field("content-length").flatMap { Int($0) } ?? 0
            let rest = bytes[end.upperBound...]
            guard status != 100 else {
                bytes = String(rest)
                continue
            }
            let isHEAD = field("x-head") != nil
            guard isHEAD || rest.utf8.count >= length else { break }
            let body = isHEAD ? "" : String(decoding: Array(rest.utf8.prefix(length)), as: UTF8.self)
            bytes = String(decoding: Array(rest.utf8.dropFirst(isHEAD ? 0 : length)), as: UTF8.self)
            count += 1
            if let origin = field("access-control-allow-origin"), let tag = Int(origin.dropFirst(8).dropLast(8)) {
                if tag <= lastTag { problems.append("the answer to request \(tag) comes behind that to \(lastTag)") }
                lastTag = tag
            } else if status != 400, status != 431, status != 101, body != "yes" {
                problems.append("an answer of \(status) without its tag")
            }
            if status == 101 { isWebSocket = true }
            if body.hasPrefix("0{\"sid\":\"") { opened.append(String(body.dropFirst(9).prefix(20))) }
        }
        return opened
    }
}

/// Fails the next flush as a socket does whose peer has gone: the channel reads what is left, and closes, while it is being written to.
final class Breaker: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    private var input: ByteBuffer?

    func arm(reading input: ByteBuffer) { self.input = input }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard input != nil else { return context.write(data, promise: promise) }
        promise?.fail(ChannelError.ioOnClosedChannel)
    }

    func flush(context: ChannelHandlerContext) {
        guard let input = input.take() else { return context.flush() }
        if input.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(input))
            context.fireChannelReadComplete()
        }
        context.close(promise: nil)
    }
}

/// Answers each request with its tag: when its end is there, or when told.
final class FuzzRoute: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    private var head: HTTPRequestHead?
    private var context: ChannelHandlerContext?
    private var waiting: [HTTPRequestHead] = []

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func answerWaiting() {
        let due = waiting
        waiting = []
        for head in due { if let context { answer(head, context) } }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            if head.uri.hasSuffix("later") {
                waiting.append(head)
            } else {
                answer(head, context)
            }
        }
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        var headers: HTTPHeaders = ["Content-Length": "3"]
        if let origin = head.headers.first(name: "origin") { headers.add(name: "Access-Control-Allow-Origin", value: origin) }
        if head.method == .HEAD { headers.add(name: "X-Head", value: "1") }
        context.write(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers))), promise: nil)
        if head.method != .HEAD { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: "yes")))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
