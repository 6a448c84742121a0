#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import WebSocketCore

/// A small HTTP and WebSocket server whose every answer a test decides, also answers that no proper server gives.
final class OddServer: Sendable {
    struct Request: Sendable {
        var method: String
        var target: String
        /// Names in lower case.
        var headers: [String: String]
        var body: String
    }

    enum Answer: Sendable {
        case response(status: Int, headers: [String] = [], body: String = "", closes: Bool = false)
        /// 101 with a sub-protocol; then `message` answers each text with texts, nil closes.
        case webSocket(subprotocol: String? = nil, greeting: [String] = [], message: @Sendable (String) -> [String]?)
        /// Bytes as they are, then the end.
        case raw(String)
        /// Never answers.
        case silence
        case close
        /// Ends TCP by a reset.
        case reset
    }

    final class Log: Sendable {
        let requests = NIOLockedValueBox<[Request]>([])
        let connections = NIOLockedValueBox(0)
    }

    let port: Int
    private let log: Log

    private init(port: Int, _ log: Log) {
        self.port = port
        self.log = log
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var requests: [Request] { log.requests.withLockedValue { $0 } }
    var connections: Int { log.connections.withLockedValue { $0 } }

    /// - Parameters:
    ///   - accept: what is done with the connection of this number, from 0; nil: it is served.
    static func with<Value>(
        accept: @escaping @Sendable (Int) -> Answer? = { _ in nil }, answer: @escaping @Sendable (Request) -> Answer,
        _ body: (OddServer) async throws -> Value
    ) async throws -> Value {
        let log = Log()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let number = log.connections.withLockedValue { count in
                        defer { count += 1 }
                        return count
                    }
                    try channel.pipeline.syncOperations.addHandler(OddHandler(log, first: accept(number), answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = OddServer(port: channel.localAddress?.port ?? 0, log)
        let result: Result<Value, any Error>
        do { result = .success(try await body(server)) } catch { result = .failure(error) }
        try await channel.close()
        return try result.get()
    }
}

private final class OddHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let log: OddServer.Log
    private let first: OddServer.Answer?
    private let answer: @Sendable (OddServer.Request) -> OddServer.Answer
    private var received = ByteBuffer()
    private var decoder: WebSocketDecoder?
    private var message: (@Sendable (String) -> [String]?)?

    init(_ log: OddServer.Log, first: OddServer.Answer?, answer: @escaping @Sendable (OddServer.Request) -> OddServer.Answer) {
        self.log = log
        self.first = first
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        if let first { perform(first, key: "", context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received.writeImmutableBuffer(unwrapInboundIn(data))
        while decoder == nil, let request = nextRequest() {
            log.requests.withLockedValue { $0.append(request) }
            perform(answer(request), key: request.headers["sec-websocket-key"] ?? "", context)
        }
        readFrames(context)
    }

    private func nextRequest() -> OddServer.Request? {
        let text = String(buffer: received)
        guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].split(separator: "\r\n")
        let words = lines[0].split(separator: " ").map(String.init)
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].drop { $0 == " " }.description
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        let headBytes = text[..<end.upperBound].utf8.count
        guard received.readableBytes >= headBytes + length else { return nil }
        received.moveReaderIndex(forwardBy: headBytes)
        let body = received.readString(length: length) ?? ""
        return OddServer.Request(method: words[0], target: words[1], headers: headers, body: body)
    }

    private func perform(_ answer: OddServer.Answer, key: String, _ context: ChannelHandlerContext) {
        func write(_ text: String) { context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil) }
        switch answer {
        case .response(let status, let headers, let body, let closes):
            let fields = (headers + ["content-length: \(body.utf8.count)"] + (closes ? ["connection: close"] : [])).joined(
                separator: "\r\n")
            write("HTTP/1.1 \(status) X\r\n\(fields)\r\n\r\n\(body)")
            if closes { context.close(promise: nil) }
        case .webSocket(let subprotocol, let greeting, let message):
            let accept = WebSocketHandshake.acceptKey(for: key)
            let chosen = subprotocol.map { "sec-websocket-protocol: \($0)\r\n" } ?? ""
            write(
                "HTTP/1.1 101 X\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: \(accept)\r\n\(chosen)\r\n")
            decoder = WebSocketDecoder(role: .server)
            self.message = message
            for text in greeting { send(text, context) }
        case .raw(let text):
            write(text)
            context.close(promise: nil)
        case .silence: break
        case .close: context.close(promise: nil)
        case .reset:
            _ = (context.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
            context.close(promise: nil)
        }
    }

    private func send(_ text: String, _ context: ChannelHandlerContext) {
        var frame = ByteBuffer()
        WebSocketEncoder.write(opcode: .text, payload: ByteBuffer(string: text), into: &frame)
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }

    private func readFrames(_ context: ChannelHandlerContext) {
        var scratch = ByteBuffer()
        while let event = try? decoder?.next(&received, scratch: &scratch) {
            switch event {
            case .text(let text):
                guard let answers = message?(String(buffer: text)) else { return context.close(promise: nil) }
                for answer in answers { send(answer, context) }
            case .close:
                var frame = ByteBuffer()
                WebSocketEncoder.writeClose(code: .normal, into: &frame)
                context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
                return context.close(promise: nil)
            default: break
            }
        }
    }
}
