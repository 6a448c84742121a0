import EngineIOCore
import NIOCore
import NIOHTTP1
import WebSocketCore

/// From HTTP to WebSocket on the same connection.
extension HTTPFrontHandler {
    /// A session that starts on a WebSocket lives on the channel's loop.
    func openWebSocket(_ handshake: Handshake, _ request: WebSocketRequest, _ context: ChannelHandlerContext) {
        let shard = io.shard(for: context.eventLoop).shard.value
        let handler = WebSocketHandler(io: io, secure: secure)
        let agreement = WebSocketAgreement(request, for: handshake.address, io: io)
        _ = shard.openWebSocket(handshake, handler, agreement)
        switchProtocols(to: handler, agreement, context)
    }

    /// A WebSocket asks to take over from polling. The session decides on its own loop.
    func upgrade(sid: SessionID, _ request: WebSocketRequest, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard let handle = io.shard(at: sid.shard) else {
            return give(endpoint.refusal(.sessionUnknown, head, closes: true))
        }
        let agreement = WebSocketAgreement(request, for: endpoint.client(of: head, context), io: io)
        if handle.loop === context.eventLoop {
            guard let connection = handle.shard.value.sessions[sid] else {
                return give(endpoint.refusal(.sessionUnknown, head, closes: true))
            }
            let handler = WebSocketHandler(io: io, secure: secure)
            let transport = connection.makeTransport(handler, agreement)
            let isAccepted = connection.openUpgrade(transport)
            switchProtocols(to: handler, agreement, context)
            if !isAccepted { transport.close(code: nil) }
            return
        }
        machine.beginUpgrade()
        let number = machine.requestNumber
        let loop = context.eventLoop
        let channel = context.channel
        let bound = NIOLoopBound(self, eventLoop: loop)
        let handler = NIOLoopBound(WebSocketHandler(io: io, secure: secure), eventLoop: loop)
        let outlet = NIOLoopBound<any FrameLink>(handler.value, eventLoop: loop)
        let refusal = endpoint.refusal(.sessionUnknown, head, closes: true)
        handle.run { shard in
            guard let connection = shard.sessions[sid] else { return loop.execute { bound.value.refuseUpgrade(refusal, number) } }
            let link = RemoteFrameLink(channel: channel, outlet: outlet, loop: shard.loop)
            let transport = WebSocketTransport(connection: connection, link: link, compression: agreement.compression(on: shard))
            link.transport = transport
            let remote = NIOLoopBound(transport, eventLoop: shard.loop)
            let isAccepted = connection.openUpgrade(transport)
            loop.execute {
                handler.value.target = .remote(remote, handle.loop)
                bound.value.finishUpgrade(to: handler.value, agreement)
                if !isAccepted { handle.loop.execute { remote.value.close(code: nil) } }
            }
        }
    }

    private func finishUpgrade(to handler: WebSocketHandler, _ agreement: WebSocketAgreement) {
        guard let context, case .upgrading = machine.phase else { return handler.ended(error: false) }
        switchProtocols(to: handler, agreement, context)
        perform()
    }

    private func refuseUpgrade(_ refusal: EngineAnswer, _ number: UInt32) {
        machine.answer(refusal, to: number)
        perform()
    }

    /// Answers 101. This handler stays behind the decoder until the decoder has left, and takes the parts that still come: the WebSocket's
    /// handler reads and writes bytes only.
    private func switchProtocols(to handler: WebSocketHandler, _ agreement: WebSocketAgreement, _ context: ChannelHandlerContext) {
        guard machine.switchProtocols() else { return handler.ended(error: false) }
        successor = handler
        context.writeAndFlush(wrapOutboundOut(.head(agreement.responseHead)), promise: nil)
        requests.keepRest()
        let operations = context.pipeline.syncOperations
        operations.removeHandler(encoder, promise: nil)
        let removed = operations.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(self, eventLoop: operations.eventLoop)
        removed.futureResult.whenComplete { _ in bound.value.handOver() }
        operations.removeHandler(decoder, promise: removed)
    }

    /// The HTTP handlers have left: the WebSocket's handler replaces this one.
    private func handOver() {
        // Without a context the connection has ended, and the session knows it.
        guard let context, let handler = successor, case .switching = machine.phase else { return }
        let operations = context.pipeline.syncOperations
        do {
            try operations.addHandler(handler, position: .before(self))
        } catch {
            return context.close(promise: nil)
        }
        successor = nil
        handler.ownsPlace = machine.handOver() ?? false
        operations.removeHandler(context: context, promise: nil)
        handler.takeOver(with: requests.takeRest())
        if machine.isQuiescing { handler.shutDown() }
    }
}

extension LoopShard {
    /// A session that starts on a WebSocket. Its first packet is queued.
    ///
    /// - Parameter response: the answer to the upgrade, which is sent first. Nil if the HTTP handlers send it.
    func openWebSocket(
        _ handshake: Handshake, _ handler: WebSocketHandler, _ agreement: WebSocketAgreement, response: ByteBuffer? = nil
    ) -> WebSocketTransport {
        let connection = EngineConnection(shard: self, sid: makeSessionID(), handshake: handshake, transport: .websocket)
        let transport = connection.makeTransport(handler, agreement)
        if let response { _ = connection.pending.append(response) }
        connection.webSocket = transport
        connection.open()
        return transport
    }
}

extension EngineConnection {
    /// The session's side of a WebSocket whose channel is on the session's loop.
    func makeTransport(_ handler: WebSocketHandler, _ agreement: WebSocketAgreement) -> WebSocketTransport {
        let transport = WebSocketTransport(connection: self, link: handler, compression: agreement.compression(on: shard))
        handler.target = .local(transport)
        return transport
    }
}
