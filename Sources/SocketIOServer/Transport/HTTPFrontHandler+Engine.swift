import EngineIOCore
import NIOCore
import NIOHTTP1
import WebSocketCore

extension HTTPFrontHandler {
    /// A complete request to Engine.IO's path.
    func dispatch(_ head: HTTPRequestHead, body: ByteBuffer, _ context: ChannelHandlerContext) {
        let address = context.remoteAddress?.ipAddress ?? ""
        let decision = endpoint.decide(
            head, address: address, secure: secure, isShuttingDown: io.isShuttingDown, shard: { self.io.shard(at: $0) })
        switch decision {
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
        // The decoder stops behind a request that asks for an upgrade.
        let closes = closes || isQuiescing || !head.isKeepAlive || head.headers.contains(name: "upgrade")
        var headers = headers
        if status != .noContent { headers.add(name: "Content-Length", value: String(body.readableBytes)) }
        headers.add(name: "Connection", value: closes ? "close" : "keep-alive")
        let response = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(response)), promise: nil)
        if body.readableBytes > 0, head.method != .HEAD { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        finishResponse(closes: closes, context)
    }

    // MARK: WebSocket

    /// A session that starts on a WebSocket lives on the channel's loop.
    private func openWebSocket(_ handshake: Handshake, key: String, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let shard = io.shard(for: context.eventLoop).shard.value
        let link = ChannelFrameLink()
        let connection = EngineConnection(shard: shard, sid: shard.makeSessionID(), handshake: handshake, transport: .websocket)
        let transport = WebSocketTransport(connection: connection, link: link)
        connection.webSocket = transport
        switchProtocols(to: WebSocketHandler(io: io, link: link, target: .local(transport), secure: secure), key: key, head, context)
        connection.open()
    }

    /// A WebSocket takes over from polling: the session decides, on its own loop.
    private func upgrade(sid: String, key: String, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard let index = SessionID.shard(of: sid), let handle = io.shard(at: index) else {
            return write(endpoint.refusal(.sessionUnknown, head, closes: true), for: head, context)
        }
        phase = .upgrading
        if handle.loop === context.eventLoop {
            guard let connection = handle.shard.value.sessions[sid] else {
                return refuseUpgrade(head)
            }
            let link = ChannelFrameLink()
            let transport = WebSocketTransport(connection: connection, link: link)
            switchProtocols(to: WebSocketHandler(io: io, link: link, target: .local(transport), secure: secure), key: key, head, context)
            if !connection.openUpgrade(transport) { transport.close(code: nil) }
            return
        }
        let loop = context.eventLoop
        let channel = context.channel
        let bound = NIOLoopBound(self, eventLoop: loop)
        handle.run { shard in
            guard let connection = shard.sessions[sid] else { return loop.execute { bound.value.refuseUpgrade(head) } }
            let link = RemoteFrameLink(channel: channel, loop: shard.loop)
            let transport = WebSocketTransport(connection: connection, link: link)
            link.transport = transport
            let remote = NIOLoopBound(transport, eventLoop: shard.loop)
            let isAccepted = connection.openUpgrade(transport)
            loop.execute {
                bound.value.finishUpgrade(to: remote, on: handle.loop, isAccepted: isAccepted, key: key, head)
            }
        }
    }

    private func finishUpgrade(
        to remote: NIOLoopBound<WebSocketTransport>, on loop: any EventLoop, isAccepted: Bool, key: String, _ head: HTTPRequestHead
    ) {
        guard let context, case .upgrading = phase else { return loop.execute { remote.value.inactive(error: false) } }
        let handler = WebSocketHandler(io: io, link: ChannelFrameLink(), target: .remote(remote, loop), secure: secure)
        switchProtocols(to: handler, key: key, head, context)
        if !isAccepted { loop.execute { remote.value.close(code: nil) } }
    }

    private func refuseUpgrade(_ head: HTTPRequestHead) {
        guard let context, case .upgrading = phase else { return }
        write(endpoint.refusal(.sessionUnknown, head, closes: true), for: head, context)
    }

    /// Answers 101 and hands the channel over. The order matters: the new handler stands before this one, so that its writes do not pass
    /// through it; the decoder goes last and gives up the bytes that came behind the request.
    private func switchProtocols(to handler: WebSocketHandler, key: String, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        phase = .upgrading
        let headers: HTTPHeaders = [
            "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": WebSocketHandshake.acceptKey(for: key),
        ]
        let response = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
        context.writeAndFlush(wrapOutboundOut(.head(response)), promise: nil)
        handler.ownsPlace = takePlace()
        let operations = context.pipeline.syncOperations
        do {
            try operations.addHandler(handler, position: .before(self))
        } catch {
            return context.close(promise: nil)
        }
        operations.removeHandler(encoder, promise: nil)
        operations.removeHandler(context: context, promise: nil)
        let removed = operations.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(handler, eventLoop: operations.eventLoop)
        removed.futureResult.whenComplete { _ in bound.value.takeOver() }
        operations.removeHandler(decoder, promise: removed)
    }
}
