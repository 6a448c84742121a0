import EngineIOCore
import Logging
import NIOCore
import NIOHTTP1
import WebSocketCore

/// What to do with one complete request to Engine.IO's path.
enum EngineDecision {
    /// Answer now.
    case answer(EngineAnswer)
    /// A GET or POST of a session, which lives on that shard.
    case session(ShardHandle, sid: SessionID, transport: EngineTransport)
    /// A polling handshake.
    case open(Handshake)
    /// A WebSocket, for a session that exists or (nil) a fresh one.
    case webSocket(Handshake, sid: SessionID?, WebSocketRequest)
    /// Ask ``SocketIOConfiguration/allowRequest``, then carry out the wrapped decision.
    indirect case ask(Handshake, EngineDecision)
}

/// A response that needs no session.
struct EngineAnswer {
    var status: HTTPResponseStatus
    var headers: HTTPHeaders
    var body: ByteBuffer
    /// Whether the connection closes after it.
    var closes = false
    /// The result of a request for a session. Nil for other requests.
    var handshake: HandshakeResult?
}

/// Reads requests to Engine.IO's path. It decides everything that needs no session, as a pure function of the request.
final class EngineEndpoint: Sendable {
    let configuration: SocketIOConfiguration
    let path: EnginePath

    init(configuration: SocketIOConfiguration) {
        self.configuration = configuration
        path = EnginePath(configuration.path)
    }

    /// The address whose share a request's memory counts to.
    func client(of head: HTTPRequestHead?, _ context: ChannelHandlerContext) -> String {
        let address = context.remoteAddress?.ipAddress ?? ""
        guard let head else { return address }
        return configuration.trustedProxies.client(of: head.headers, address: address, secure: false).address
    }

    /// - Parameter bytes: the received request, which the handshake keeps. If nil, it keeps the parsed fields.
    func decide(
        _ head: HTTPRequestHead, bytes: ByteBuffer? = nil, address: String, secure: Bool, isShuttingDown: Bool,
        shard: (Int) -> ShardHandle?
    ) -> EngineDecision {
        let (address, secure) = configuration.trustedProxies.client(of: head.headers, address: address, secure: secure)
        let query = QueryString.parameters(QueryString.split(head.uri).query)
        let isHandshake = query["sid"]?.isEmpty ?? true
        let origin = head.headers.first(name: "origin")
        guard allowsHost(head) else {
            return .answer(refusal(.forbidden("Host not allowed"), head, handshake: isHandshake ? .origin : nil))
        }
        guard configuration.originPolicy.allows(origin: origin, host: head.headers.first(name: "host"), secure: secure) else {
            return .answer(refusal(.forbidden("Origin not allowed"), head, handshake: isHandshake ? .origin : nil))
        }
        let isUpgrade = EngineEndpoint.asksForWebSocket(head)
        if let error = refusalOfMiddleware(head, address, secure) {
            return .answer(refusal(error, head, closes: isUpgrade, handshake: isHandshake ? .refused : nil))
        }
        if !isUpgrade, let file = browserClient(head) { return .answer(file) }
        if head.method == .OPTIONS, configuration.cors != nil {
            return .answer(EngineAnswer(status: .noContent, headers: preflightHeaders(head), body: ByteBuffer()))
        }
        if isShuttingDown {
            let error = EngineRequestError(status: 503, code: 3, message: "Server shutting down")
            return .answer(refusal(error, head, closes: true, handshake: isHandshake ? .shuttingDown : nil))
        }
        do throws(EngineRequestError) {
            let request = try EngineRequest(
                query: query, isGet: head.method == .GET, isUpgrade: isUpgrade, transports: configuration.transports)
            if let text = request.sid {
                guard let sid = SessionID(text), let shard = shard(sid.shard) else { throw EngineRequestError.sessionUnknown }
                if isUpgrade { return .webSocket(Handshake(), sid: sid, try webSocketRequest(head)) }
                guard head.method == .GET || head.method == .POST else { throw EngineRequestError.badRequest }
                return .session(shard, sid: sid, transport: request.transport)
            }
            let handshake =
                bytes.map { Handshake(bytes: $0, address: address, secure: secure) }
                ?? Handshake(query: query, headers: head.headers, address: address, secure: secure)
            let opening: EngineDecision = isUpgrade ? .webSocket(handshake, sid: nil, try webSocketRequest(head)) : .open(handshake)
            switch configuration.allowRequest {
            case nil: return opening
            case .immediate(let check):
                return check(handshake).map { .answer(refusal($0, head, closes: isUpgrade, handshake: .refused)) } ?? opening
            case .asynchronous: return .ask(handshake, opening)
            }
        } catch {
            var answer = refusal(error, head, closes: isUpgrade, handshake: isHandshake ? .badRequest : nil)
            // RFC 6455 §4.4: a client of another version is told the supported one.
            if isUpgrade, !EngineEndpoint.asksForVersion13(head) {
                answer.headers.add(name: "Sec-WebSocket-Version", value: "13")
            }
            return .answer(answer)
        }
    }

    private func refusalOfMiddleware(_ head: HTTPRequestHead, _ address: String, _ secure: Bool) -> EngineRequestError? {
        guard !configuration.httpMiddlewares.isEmpty else { return nil }
        let request = IncomingHTTPRequest(method: head.method, target: head.uri, headers: head.headers, address: address, secure: secure)
        do {
            for middleware in configuration.httpMiddlewares { try middleware(request) }
            return nil
        } catch let error as EngineRequestError {
            return error
        } catch {
            return .badRequest
        }
    }

    /// An error in the form that Engine.IO's clients expect.
    func refusal(
        _ error: EngineRequestError, _ head: HTTPRequestHead, closes: Bool = false, handshake: HandshakeResult? = nil
    ) -> EngineAnswer {
        var headers = corsHeaders(head)
        headers.add(name: "Content-Type", value: "application/json")
        return EngineAnswer(
            status: HTTPResponseStatus(statusCode: error.status), headers: headers, body: ByteBuffer(string: error.body), closes: closes,
            handshake: handshake)
    }

    /// A session's answer as HTTP.
    ///
    /// - Parameter deflater: that of the event loop; nil: nothing is compressed.
    func answer(_ response: EngineResponse, _ head: HTTPRequestHead, _ deflater: PayloadDeflater?) -> EngineAnswer {
        var body: ByteBuffer
        let type: String
        var coding: ContentCoding?
        switch response {
        case .payload(let payload):
            (body, type) = (payload.bytes, "text/plain; charset=UTF-8")
            if payload.mayCompress, let deflater, let encoded = deflater.encode(body, for: head.headers["accept-encoding"]) {
                (body, coding) = encoded
            }
        case .accepted: (body, type) = (ByteBuffer(string: "ok"), "text/html")
        case .refused(let error): return refusal(error, head)
        }
        var headers = corsHeaders(head)
        headers.add(name: "Content-Type", value: type)
        headers.add(name: "Cache-Control", value: "no-store")
        if let coding { headers.add(name: "Content-Encoding", value: coding.rawValue) }
        return EngineAnswer(status: .ok, headers: headers, body: body)
    }

    /// Both names under which the request calls the server: `Host`, and the target's own (RFC 9112 §3.2.2).
    private func allowsHost(_ head: HTTPRequestHead) -> Bool {
        guard let policy = configuration.hostPolicy else { return true }
        guard policy.allows(host: head.headers.first(name: "host")) else { return false }
        return QueryString.authority(of: head.uri).map { policy.allows(host: String($0)) } ?? true
    }

    /// RFC 6455 §4.2.1.
    private func webSocketRequest(_ head: HTTPRequestHead) throws(EngineRequestError) -> WebSocketRequest {
        guard head.version == .http1_1, EngineEndpoint.asksForVersion13(head),
            let key = head.headers.first(name: "sec-websocket-key"), WebSocketHandshake.isValidKey(key)
        else { throw .badRequest }
        var request = WebSocketRequest(key: key)
        if let header = EngineEndpoint.list("sec-websocket-protocol", in: head) {
            guard let names = WebSocketHandshake.subprotocols(header) else { throw .badRequest }
            request.subprotocol = names.first
        }
        if configuration.perMessageDeflate != nil, let header = EngineEndpoint.list("sec-websocket-extensions", in: head) {
            guard let offers = WebSocketExtension.parse(header) else { throw .badRequest }
            request.offers = offers
        }
        return request
    }

    /// All fields of that name, joined. Nil if there is none.
    private static func list(_ name: String, in head: HTTPRequestHead) -> String? {
        guard head.headers.contains(name: name) else { return nil }
        return head.headers[name].joined(separator: ", ")
    }

    /// Whether the HTTP parser, too, understands that the request asks for a WebSocket. It misreads a token before a tab, and would then
    /// parse the following bytes as HTTP.
    static func asksForWebSocket(_ head: HTTPRequestHead) -> Bool {
        guard head.method == .GET else { return false }
        var namesWebSocket = false
        var namesUpgrade = false
        for (name, value) in head.headers {
            if ASCIIText.equals(name, "upgrade") {
                namesWebSocket = namesWebSocket || ASCIIText.list(value, contains: "websocket")
            } else if ASCIIText.equals(name, "connection") {
                guard !value.utf8.contains(UInt8(ascii: "\t")) else { return false }
                namesUpgrade = namesUpgrade || ASCIIText.list(value, contains: "upgrade")
            }
        }
        return namesWebSocket && namesUpgrade
    }

    private static func asksForVersion13(_ head: HTTPRequestHead) -> Bool {
        head.headers.first(name: "sec-websocket-version").map { ASCIIText.equals($0, "13") } ?? false
    }

    // MARK: Headers

    func corsHeaders(_ head: HTTPRequestHead) -> HTTPHeaders {
        var headers = HTTPHeaders()
        guard let cors = configuration.cors else { return headers }
        if let origin = cors.allowedOrigin(for: head.headers.first(name: "origin")) {
            headers.add(name: "Access-Control-Allow-Origin", value: origin)
            if cors.allowsCredentials { headers.add(name: "Access-Control-Allow-Credentials", value: "true") }
        }
        if cors.variesByOrigin { headers.add(name: "Vary", value: "Origin") }
        return headers
    }

    private func preflightHeaders(_ head: HTTPRequestHead) -> HTTPHeaders {
        var headers = corsHeaders(head)
        headers.replaceOrAdd(name: "Vary", value: "Origin, Access-Control-Request-Headers")
        headers.add(name: "Access-Control-Allow-Methods", value: "GET,HEAD,PUT,PATCH,POST,DELETE")
        if let asked = head.headers.first(name: "access-control-request-headers"), CORSPolicy.isHeaderList(asked) {
            headers.add(name: "Access-Control-Allow-Headers", value: asked)
        }
        return headers
    }
}

/// Engine.IO's path in request targets.
struct EnginePath: Sendable, Hashable {
    /// Without the last slash.
    private let own: String

    init(_ path: String) { own = path.hasSuffix("/") ? String(path.dropLast()) : path }

    /// Whether a request target is Engine.IO's: its path, and every one below it, as in the reference.
    func owns(_ target: String) -> Bool {
        // By bytes: comparing letters normalises them, which takes quadratic time if one letter has many marks.
        let path = QueryString.path(of: target).utf8
        guard !own.isEmpty else { return path.elementsEqual("/".utf8) }
        guard path.starts(with: own.utf8) else { return false }
        let rest = path.dropFirst(own.utf8.count)
        return rest.isEmpty || rest.first == UInt8(ascii: "/")
    }

    /// The part of a request target below the path. Nil if there is none.
    func below(_ target: String) -> Substring? {
        guard owns(target), !own.isEmpty else { return nil }
        let rest = QueryString.path(of: target).utf8.dropFirst(own.utf8.count + 1)
        return rest.isEmpty ? nil : Substring(rest)
    }
}

extension HTTPFrontMachine.Limits {
    init(_ configuration: SocketIOConfiguration) {
        self.init(
            maximumBodyBytes: configuration.maximumHTTPBufferBytes, maximumDrainedBytes: configuration.maximumDrainedBytes,
            maximumWaitingParts: configuration.maximumWaitingRequestParts, maximumWaitingBytes: configuration.maximumWaitingRequestBytes,
            smallBodyBytes: configuration.smallBodyBytes, requestTimeout: TimeAmount(configuration.requestTimeout))
    }
}
