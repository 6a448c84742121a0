import EngineIOCore
import NIOCore
import NIOHTTP1
import WebSocketCore

/// From HTTP to WebSocket on the same connection.
extension HTTPFrontHandler {
    /// A session that starts on a WebSocket lives on the channel's loop.
    func openWebSocket(_ handshake: Handshake, key: String, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let shard = io.shard(for: context.eventLoop).shard.value
        let link = ChannelFrameLink()
        let connection = EngineConnection(shard: shard, sid: shard.makeSessionID(), handshake: handshake, transport: .websocket)
        let transport = WebSocketTransport(connection: connection, link: link)
        connection.webSocket = transport
        switchProtocols(to: WebSocketHandler(io: io, link: link, target: .local(transport), secure: secure), key: key, context)
        connection.open()
    }

    /// A WebSocket takes over from polling: the session decides, on its own loop.
    func upgrade(sid: String, key: String, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
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
            switchProtocols(to: WebSocketHandler(io: io, link: link, target: .local(transport), secure: secure), key: key, context)
            if !connection.openUpgrade(transport) { transport.close(code: nil) }
            return
        }
        let loop = context.eventLoop
        let channel = context.channel
        let bound = NIOLoopBound(self, eventLoop: loop)
        let outlet = NIOLoopBound(ChannelFrameLink(), eventLoop: loop)
        handle.run { shard in
            guard let connection = shard.sessions[sid] else { return loop.execute { bound.value.refuseUpgrade(head) } }
            let link = RemoteFrameLink(channel: channel, outlet: outlet, loop: shard.loop)
            let transport = WebSocketTransport(connection: connection, link: link)
            link.transport = transport
            let remote = NIOLoopBound(transport, eventLoop: shard.loop)
            let isAccepted = connection.openUpgrade(transport)
            loop.execute {
                bound.value.finishUpgrade(to: remote, on: handle.loop, through: outlet.value, isAccepted: isAccepted, key: key)
            }
        }
    }

    private func finishUpgrade(
        to remote: NIOLoopBound<WebSocketTransport>, on loop: any EventLoop, through link: ChannelFrameLink, isAccepted: Bool, key: String
    ) {
        guard let context, case .upgrading = phase else { return loop.execute { remote.value.inactive(error: false) } }
        switchProtocols(to: WebSocketHandler(io: io, link: link, target: .remote(remote, loop), secure: secure), key: key, context)
        if !isAccepted { loop.execute { remote.value.close(code: nil) } }
    }

    private func refuseUpgrade(_ head: HTTPRequestHead) {
        guard let context, case .upgrading = phase else { return }
        write(endpoint.refusal(.sessionUnknown, head, closes: true), for: head, context)
    }

    /// Answers 101. This handler stays behind the decoder until that has gone, and takes in whatever parts still come: the WebSocket's
    /// handler reads and writes bytes only, and meets neither.
    private func switchProtocols(to handler: WebSocketHandler, key: String, _ context: ChannelHandlerContext) {
        phase = .switching(handler)
        let headers: HTTPHeaders = [
            "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": WebSocketHandshake.acceptKey(for: key),
        ]
        let response = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
        context.writeAndFlush(wrapOutboundOut(.head(response)), promise: nil)
        requests.keepRest()
        let operations = context.pipeline.syncOperations
        operations.removeHandler(encoder, promise: nil)
        let removed = operations.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(self, eventLoop: operations.eventLoop)
        removed.futureResult.whenComplete { _ in bound.value.handOver() }
        operations.removeHandler(decoder, promise: removed)
    }

    /// The HTTP handlers have gone: the WebSocket's takes this one's place.
    private func handOver() {
        // Without a context the connection has ended, and the session has heard of it.
        guard let context, case .switching(let handler) = phase else { return }
        let operations = context.pipeline.syncOperations
        do {
            try operations.addHandler(handler, position: .before(self))
        } catch {
            return context.close(promise: nil)
        }
        handler.ownsPlace = takePlace()
        phase = .finished
        operations.removeHandler(context: context, promise: nil)
        handler.takeOver(with: requests.takeRest())
        if isQuiescing { handler.shutDown() }
    }
}
