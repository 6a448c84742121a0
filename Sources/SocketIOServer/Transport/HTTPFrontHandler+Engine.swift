import EngineIOCore
import NIOCore
import NIOHTTP1

extension HTTPFrontHandler {
    /// A complete request to Engine.IO's path.
    func dispatch(_ head: HTTPRequestHead, body: ByteBuffer, _ context: ChannelHandlerContext) {
        carryOut(decided.take() ?? decide(head, context), head, body, context)
    }

    private func carryOut(_ decision: EngineDecision, _ head: HTTPRequestHead, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        switch decision {
        case .answer(let answer):
            if let result = answer.handshake { count(result, context) }
            give(answer)
        case .session(let shard, let sid, let transport): ask(shard, sid: sid, transport: transport, head, body, context)
        case .open(let handshake):
            // A connection of a proxy carries requests of many clients, whose sessions are counted by their addresses.
            let isForwarded = handshake.address != context.remoteAddress?.ipAddress ?? ""
            guard isForwarded || unconfirmed.count < endpoint.configuration.maximumUnconfirmedSessions else {
                return give(endpoint.refusal(.overloaded, head))
            }
            guard io.openSession(for: handshake, polls: true) else { return refuseSession(head, context) }
            count(.accepted, context)
            openPolling(handshake, head, context)
        case .webSocket(let handshake, nil, let request):
            guard io.openSession(for: handshake, polls: false) else { return refuseSession(head, context) }
            count(.accepted, context)
            openWebSocket(handshake, request, context)
        case .webSocket(_, .some(let sid), let request): upgrade(sid: sid, request, head, context)
        case .ask(let handshake, let decision): ask(handshake, then: decision, head, context)
        }
    }

    /// Asks the application, which may wait. The request waits for the answer, as a GET waits for packets.
    private func ask(_ handshake: Handshake, then decision: EngineDecision, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard case .asynchronous(let check) = endpoint.configuration.allowRequest else {
            return carryOut(decision, head, ByteBuffer(), context)
        }
        let bound = NIOLoopBound((handler: self, decision: decision), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        let number = machine.requestNumber
        io.track {
            let error = await check(handshake)
            loop.execute { bound.value.handler.answered(error, bound.value.decision, number) }
        }
    }

    /// The application has answered. The request may be gone meanwhile.
    private func answered(_ error: EngineRequestError?, _ decision: EngineDecision, _ number: UInt32) {
        guard let context, case .answering(let head) = machine.phase, machine.requestNumber == number else { return }
        if let error {
            let isUpgrade = if case .webSocket = decision { true } else { false }
            count(.refused, context)
            give(endpoint.refusal(error, head, closes: isUpgrade))
        } else {
            carryOut(decision, head, ByteBuffer(), context)
        }
        perform()
    }

    private func decide(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) -> EngineDecision {
        endpoint.decide(
            head, address: context.remoteAddress?.ipAddress ?? "", secure: secure, isShuttingDown: io.isShuttingDown,
            shard: { io.shard(at: $0) })
    }

    private func refuseSession(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        count(.overloaded, context)
        give(endpoint.refusal(.overloaded, head, closes: true))
    }

    private func count(_ result: HandshakeResult, _ context: ChannelHandlerContext) {
        io.shard(for: context.eventLoop).counters.handshakes.add(result)
    }

    /// Answers the request that is being dispatched.
    func give(_ answer: EngineAnswer) { machine.answer(answer, to: machine.requestNumber) }

    // MARK: Polling

    private func openPolling(_ handshake: Handshake, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let shard = io.shard(for: context.eventLoop).shard.value
        let connection = EngineConnection(shard: shard, sid: shard.makeSessionID(), handshake: handshake, transport: .polling)
        connection.open()
        connection.await(unconfirmed)
        // The open packet is queued already, so the session does not hold this GET.
        guard let response = connection.poll(responder(context)) else { return }
        var answer = endpoint.answer(response, head, shard.payloadDeflater)
        if let cookie = endpoint.configuration.cookie {
            answer.headers.add(name: "Set-Cookie", value: cookie.header(for: connection.sid.description))
        }
        give(answer)
    }

    /// A GET or a POST: the session answers at once, or in time through the responder.
    private func ask(
        _ handle: ShardHandle, sid: SessionID, transport: EngineTransport, _ head: HTTPRequestHead, _ body: ByteBuffer,
        _ context: ChannelHandlerContext
    ) {
        let question: EngineQuestion
        if head.method == .GET {
            machine.polls(sid)
            question = .poll
        } else {
            let type = head.headers.first(name: "content-type")?.utf8.prefix(24)
            question = type.map { ASCIIText.equals($0, "application/octet-stream") } == true ? .unreadable : .post(body)
        }
        let responder = responder(context)
        if handle.loop === context.eventLoop {
            guard let response = handle.shard.value.answer(question, sid: sid, transport: transport, responder) else { return }
            return give(endpoint.answer(response, head, handle.shard.value.payloadDeflater))
        }
        handle.run { shard in
            if let response = shard.answer(question, sid: sid, transport: transport, responder) { responder.answer(response) }
        }
    }

    private func responder(_ context: ChannelHandlerContext) -> EngineResponder {
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let loop = context.eventLoop
        let number = machine.requestNumber
        let body = heldBody
        // Always in a later step of the loop: a session answers in the middle of its work, and the next request on this connection may be
        // for the same session.
        return EngineResponder(asker: ObjectIdentifier(self)) { response in
            withExtendedLifetime(body) { loop.execute { bound.value.complete(response, to: number) } }
        }
    }
}

/// A request to a polling session.
enum EngineQuestion: Sendable {
    case poll
    case post(ByteBuffer)
    /// A body that Engine.IO does not support (`application/octet-stream`).
    case unreadable
}

extension LoopShard {
    /// A session's answer. Nil if the responder will give it.
    func answer(_ question: EngineQuestion, sid: SessionID, transport: EngineTransport, _ responder: EngineResponder) -> EngineResponse? {
        settleDeadlines()
        guard let connection = sessions[sid] else { return .refused(.sessionUnknown) }
        let isOvertaking = connection.isOvertaking(responder.asker) { shard in
            if let response = shard.decide(question, sid: sid, transport: transport, responder) { responder.answer(response) }
        }
        return isOvertaking ? nil : decide(question, sid: sid, transport: transport, responder)
    }

    /// The same, once what the client sent before over another connection has been taken.
    private func decide(
        _ question: EngineQuestion, sid: SessionID, transport: EngineTransport, _ responder: EngineResponder
    ) -> EngineResponse? {
        guard let connection = sessions[sid] else { return .refused(.sessionUnknown) }
        guard transport == .polling, connection.session.transport == .polling else { return .refused(.badRequest) }
        return switch question {
        case .poll: connection.poll(responder)
        case .post(let body): connection.post(body, responder)
        case .unreadable: connection.postUnreadable()
        }
    }
}
