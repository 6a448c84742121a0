import EngineIOCore
import NIOCore
import NIOHTTP1

extension HTTPFrontHandler {
    /// A complete request to Engine.IO's path.
    func dispatch(_ head: HTTPRequestHead, body: ByteBuffer, _ context: ChannelHandlerContext) {
        let address = context.remoteAddress?.ipAddress ?? ""
        let decision = endpoint.decide(
            head, address: address, secure: secure, isShuttingDown: io.isShuttingDown, shard: { self.io.shard(at: $0) })
        switch decision {
        case .open where unconfirmed.count >= endpoint.configuration.maximumUnconfirmedSessions:
            return write(endpoint.refusal(.overloaded, head), for: head, context)
        case .open, .webSocket(_, nil, _):
            guard io.openSession() else {
                count(.overloaded, context)
                return write(endpoint.refusal(.overloaded, head, closes: true), for: head, context)
            }
            count(.accepted, context)
        case .answer(let answer): if let result = answer.handshake { count(result, context) }
        default: break
        }
        switch decision {
        case .answer(let answer): write(answer, for: head, context)
        case .open(let handshake): openPolling(handshake, head)
        case .session(let shard, let sid, let transport): forward(head, body: body, to: shard, sid: sid, transport: transport)
        case .webSocket(let handshake, nil, let key): openWebSocket(handshake, key: key, head, context)
        case .webSocket(_, .some(let sid), let key): upgrade(sid: sid, key: key, head, context)
        }
    }

    private func count(_ result: HandshakeResult, _ context: ChannelHandlerContext) {
        io.shard(for: context.eventLoop).counters.handshakes.add(result)
    }

    // MARK: Polling

    private func openPolling(_ handshake: Handshake, _ head: HTTPRequestHead) {
        guard let context else { return }
        let shard = io.shard(for: context.eventLoop).shard.value
        let connection = EngineConnection(shard: shard, sid: shard.makeSessionID(), handshake: handshake, transport: .polling)
        connection.open()
        connection.poll(responder(head))
        connection.unconfirmed = unconfirmed
        unconfirmed.open()
    }

    private func forward(_ head: HTTPRequestHead, body: ByteBuffer, to handle: ShardHandle, sid: String, transport: EngineTransport) {
        let isPOST = head.method == .POST
        if !isPOST { polled = (handle, sid) }
        let responder = responder(head)
        let isOctetStream = head.headers.first(name: "content-type")?.lowercased().hasPrefix("application/octet-stream") ?? false
        handle.run { shard in
            guard let connection = shard.sessions[sid] else { return responder.fail(.sessionUnknown) }
            guard transport == .polling, connection.session.transport == .polling else { return responder.fail(.badRequest) }
            if !isPOST {
                connection.poll(responder)
            } else if isOctetStream {
                connection.postUnreadable(responder)
            } else {
                connection.post(body, responder)
            }
        }
    }

    private func responder(_ head: HTTPRequestHead) -> EngineResponder {
        guard let context else { return EngineResponder { _ in } }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let loop = context.eventLoop
        return EngineResponder { response in
            if loop.inEventLoop {
                bound.value.complete(response, for: head)
            } else {
                loop.execute { bound.value.complete(response, for: head) }
            }
        }
    }

    private func complete(_ response: EngineResponse, for head: HTTPRequestHead) {
        guard let context, case .answering = phase else { return }
        polled = nil
        switch response {
        case .payload(let body):
            var headers = endpoint.corsHeaders(head)
            headers.add(name: "Content-Type", value: "text/plain; charset=UTF-8")
            headers.add(name: "Cache-Control", value: "no-store")
            write(status: .ok, headers: headers, body: body, for: head, closes: false, context)
        case .accepted:
            var headers = endpoint.corsHeaders(head)
            headers.add(name: "Content-Type", value: "text/html")
            headers.add(name: "Cache-Control", value: "no-store")
            write(EngineAnswer(status: .ok, headers: headers, body: "ok"), for: head, context)
        case .refused(let error): write(endpoint.refusal(error, head), for: head, context)
        }
    }

    // MARK: Writing

    func write(_ answer: EngineAnswer, for head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        write(
            status: answer.status, headers: answer.headers, body: ByteBuffer(string: answer.body), for: head, closes: answer.closes, context
        )
    }

    private func write(
        status: HTTPResponseStatus, headers: HTTPHeaders, body: ByteBuffer, for head: HTTPRequestHead, closes: Bool,
        _ context: ChannelHandlerContext
    ) {
        let closes = closes || isQuiescing || !head.isKeepAlive || RequestDecoder.stops(behind: head)
        var headers = headers
        if status != .noContent { headers.add(name: "Content-Length", value: String(body.readableBytes)) }
        headers.add(name: "Connection", value: closes ? "close" : "keep-alive")
        let response = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(response)), promise: nil)
        if body.readableBytes > 0, head.method != .HEAD { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        writeEnd(wrapOutboundOut(.end(nil)), promise: nil, context)
        context.flush()
        finishResponse(closes: closes, context)
    }
}
