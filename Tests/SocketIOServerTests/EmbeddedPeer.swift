import EngineIOCore
import Logging
import Foundation
import NIOCore
import NIOEmbedded
import SocketIOCore
import NIOHTTP1
import WebSocketCore

@testable import SocketIOServer

/// A connection to a server without a socket: bytes in, bytes out, and time by hand.
final class EmbeddedPeer {
    let io: SocketIO
    let channel: EmbeddedChannel
    private var decoder = WebSocketDecoder(role: .client, limits: WebSocketLimits())
    /// What the handshake agreed on, once a test has put it here.
    private(set) var compression: ConnectionCompression?
    /// Of the message that was read last.
    private(set) var wasCompressed = false
    private var received = ByteBuffer()
    private var scratch = ByteBuffer()
    private let halfClosure = HalfClosure()
    /// How often the server has read from the connection.
    var reads: Int { halfClosure.reads }
    /// The server said that it sends no more.
    var isOutputClosed: Bool { halfClosure.isOutputClosed }

    init(
        _ io: SocketIO, loop: EmbeddedEventLoop, fallback: HTTPFallback? = nil, abort: (@Sendable (any Channel) -> Void)? = nil
    ) throws {
        self.io = io
        channel = EmbeddedChannel(loop: loop)
        let none = HTTPFallback(install: { _ in }, abandon: {})
        try SocketIOChannel(io: io, secure: false, fallback: fallback ?? none, abort: abort).configure(channel)
        try channel.pipeline.syncOperations.addHandler(halfClosure, position: .first)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    var loop: EmbeddedEventLoop { channel.embeddedEventLoop }

    /// What the kernel would say of its buffer.
    func setWritable(_ isWritable: Bool) {
        channel.isWritable = isWritable
        channel.pipeline.fireChannelWritabilityChanged()
    }

    /// Opens a polling session; returns the target of its requests.
    func openPolling() throws -> String {
        let target = "/socket.io/?EIO=4&transport=polling"
        let response = try request("GET", target)
        guard let sid = response.components(separatedBy: "\"sid\":\"").last?.prefix(20) else { return target }
        return "\(target)&sid=\(sid)"
    }

    func send(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

    /// Everything that the server wrote since the last call.
    func output() throws -> String { String(buffer: try bytes()) }

    func bytes() throws -> ByteBuffer {
        loop.run()
        var all = ByteBuffer()
        while var part = try channel.readOutbound(as: IOData.self) {
            if case .byteBuffer(var buffer) = part { all.writeBuffer(&buffer) }
            part = .byteBuffer(ByteBuffer())
        }
        return all
    }

    /// Sends a request and returns the whole response.
    func request(_ method: String, _ target: String, headers: [String] = [], body: String = "") throws -> String {
        let length = body.isEmpty ? [] : ["Content-Length: \(body.utf8.count)"]
        let head = (["\(method) \(target) HTTP/1.1", "Host: localhost"] + headers + length).joined(separator: "\r\n")
        try send(head + "\r\n\r\n" + body)
        return try output()
    }

    // MARK: WebSocket

    static let upgradeHeaders = [
        "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]

    /// Asks for a WebSocket; returns the response's head.
    func upgrade(_ target: String = "/socket.io/?EIO=4&transport=websocket", headers: [String] = []) throws -> String {
        let head = (["GET \(target) HTTP/1.1", "Host: localhost"] + EmbeddedPeer.upgradeHeaders + headers).joined(separator: "\r\n")
        try send(head + "\r\n\r\n")
        var all = try bytes()
        let text = String(buffer: all)
        guard let end = text.range(of: "\r\n\r\n") else { return text }
        all.moveReaderIndex(forwardBy: text[..<end.upperBound].utf8.count)
        received.writeBuffer(&all)
        return String(text[..<end.upperBound])
    }

    /// Asks for a WebSocket whose messages are compressed, as this offer says; joins the namespace `/`.
    func joinCompressed(_ offer: PerMessageDeflate = .init()) throws {
        let head = try upgrade(headers: ["Sec-WebSocket-Extensions: \(offer.offer)"])
        guard let header = head.components(separatedBy: "Sec-WebSocket-Extensions: ").last?.components(separatedBy: "\r\n").first,
            let response = WebSocketExtension.parse(header)?.first, let agreement = offer.accepted(by: response)
        else { throw ChannelError.unknownLocalAddress }
        compression = ConnectionCompression(agreement, role: .client, options: .init(), shared: SharedCompressors(level: 6))
        decoder = WebSocketDecoder(role: .client, extensions: .rsv1)
        try text("40")
        _ = try messages()
    }

    func frame(
        _ opcode: WebSocketOpcode, _ payload: ByteBuffer, fin: Bool = true, reservedBits: WebSocketReservedBits = []
    ) throws {
        var buffer = ByteBuffer()
        WebSocketEncoder.write(
            opcode: opcode, payload: payload, fin: fin, reservedBits: reservedBits, mask: 0x1234_5678, into: &buffer)
        try channel.writeInbound(buffer)
    }

    func text(_ text: String) throws { try frame(.text, ByteBuffer(string: text)) }

    /// Messages that the server reads in one batch.
    func texts(_ texts: [String]) throws {
        var buffer = ByteBuffer()
        for text in texts { WebSocketEncoder.write(opcode: .text, payload: ByteBuffer(string: text), mask: 0x1234_5678, into: &buffer) }
        try channel.writeInbound(buffer)
    }

    /// The WebSocket messages that came since the last call, a close frame as `close CODE`.
    func messages() throws -> [String] {
        var more = try bytes()
        received.writeBuffer(&more)
        var result: [String] = []
        while var event = try decoder.next(&received, scratch: &scratch) {
            wasCompressed = false
            if case .extended(let opcode, _, let bytes) = event, let compression {
                let message = try compression.inflate(bytes, of: opcode, maximumBytes: 1 << 24)
                event = opcode == .text ? .text(message) : .binary(message)
                wasCompressed = true
            }
            switch event {
            case .text(let text): result.append(String(buffer: text))
            case .binary(let bytes): result.append("binary \(bytes.readableBytes)")
            case .ping: result.append("ping")
            case .extended: result.append("extended")
            case .pong(let payload): result.append("pong " + String(buffer: payload))
            case .close(let code, _): result.append("close" + (code.map { " \($0.rawValue)" } ?? ""))
            }
            scratch.clear()
        }
        return result
    }

    /// Opens a WebSocket session and joins the namespace `/`.
    func join() throws {
        _ = try upgrade()
        try text("40")
        _ = try messages()
    }

    func finish() { _ = try? channel.finish(acceptAlreadyClosed: true) }
}

/// An embedded channel knows no half-closure: it would close as a whole where a socket goes on reading.
private final class HalfClosure: ChannelOutboundHandler {
    typealias OutboundIn = IOData
    private(set) var isOutputClosed = false
    private(set) var reads = 0

    func read(context: ChannelHandlerContext) {
        reads += 1
        context.read()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .output else { return context.close(mode: mode, promise: promise) }
        isOutputClosed = true
        promise?.succeed()
    }
}

/// A server on a loop that stands still until told.
func withEmbeddedServer(
    _ configuration: SocketIOConfiguration = .init(),
    logger: Logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
    _ body: (SocketIO, EmbeddedEventLoop) throws -> Void
) throws {
    let loop = EmbeddedEventLoop()
    let io = SocketIO(configuration: configuration, logger: logger)
    defer { io.shard(for: loop).shard.value.end() }
    try body(io, loop)
    try loop.close()
}
