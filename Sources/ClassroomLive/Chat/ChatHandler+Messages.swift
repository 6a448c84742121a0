import Classroom
import ClassroomStore
import NIOCore
import SocketIOCore
import SocketIOServer

/// `chat:message`: no task and no intermediate payload, one commit for a burst, one encoding for a room.
extension ChatHandler {
    @Sendable func message(_ request: ClientRequest, _ connection: ClientState) -> RequestOutcome {
        guard let user = connection.user else {
            request.responder.fail(RequestPipeline.signInFirst)
            return .finished
        }
        if let refusal = pipeline.charge(request, user) {
            request.responder.fail(refusal)
            return .finished
        }
        let membership: ChatMembership
        let message: ChatMessage
        do throws(ClassroomError) {
            membership = try self.membership(request.payload, connection)
            if user.role == .guest,
                let refusal = pipeline.limits.takeGuestChat(
                    userID: user.id, roomID: membership.roomID, at: request.receivedAt)
            {
                throw refusal
            }
            message = try read(request, membership, user)
        } catch {
            request.responder.fail(error)
            return .finished
        }
        let done = Completion(handler: self, request: request, connection: connection)
        let (loop, bound) = (connection.eventLoop, NIOLoopBound(done, eventLoop: connection.eventLoop))
        let (responder, target) = (request.responder, membership.target)
        let finish: @Sendable () -> Void = { loop.execute { bound.value.run() } }
        guard let cluster = pipeline.cluster else {
            append(message, responder, target, finish)
            return .pending
        }
        let configuration = pipeline.configuration
        var buckets = [SharedBucket.chat(user.id, configuration.chatRate)]
        if user.role == .guest {
            buckets += [
                .guestChat(membership.roomID, configuration.guestChatRateOfRoom), .allGuestChat(configuration.guestChatRate),
            ]
        }
        cluster.take(buckets[...]) { [self] waitMs in
            if let waitMs {
                responder.fail(RequestLimits.refusal(of: .chat, waitMs))
                finish()
            } else {
                append(message, responder, target, finish)
            }
        }
        return .pending
    }

    private func append(
        _ message: ChatMessage, _ responder: Responder, _ target: BroadcastOperator, _ finish: @escaping @Sendable () -> Void
    ) {
        let (id, counters) = (message.id, pipeline.counters)
        store.append(message) { [self] result in
            // In the order of the commits, on the writer's thread: everybody sees the messages in the order of their sequence.
            switch result {
            case .success(let stored) where stored.id != id:
                // The client sent it again because the answer was lost. The room has it already, unless the database's answer was lost too.
                relay?.send(JSONSlice(ChatMessageBody(message: stored)), stored.sequence, to: stored.roomID)
                if responder.isAcknowledged {
                    responder.acknowledge(ChatMessageBody(message: stored, sentAt: responder.sentAt, isAcknowledgement: true))
                } else {
                    responder.succeed("chat:message", JSONBody { ChatMessageBody(message: stored).writeMembers(to: &$0) })
                }
            case .success(let stored):
                counters.chatMessages.count()
                if let relay { return share(stored, responder, relay, finish) }
                target.emit("chat:message", ChatMessageBody(message: stored, sentAt: responder.sentAt))
                responder.acknowledge(ChatMessageBody(message: stored, sentAt: responder.sentAt, isAcknowledgement: true))
            case .failure(let error): responder.fail(error)
            }
            finish()
        }
    }

    /// The message goes into the recent messages first, then to the members on all nodes, then to its sender.
    private func share(
        _ stored: ChatMessage, _ responder: Responder, _ relay: ChatRelay, _ finish: @escaping @Sendable () -> Void
    ) {
        let body = JSONSlice(ChatMessageBody(message: stored))
        let tell: @Sendable () -> Void = {
            let stamp = responder.sentAt
            let sent = stamp == nil ? body : JSONSlice(ChatMessageBody(message: stored, sentAt: stamp))
            relay.send(sent, stored.sequence, to: stored.roomID)
            responder.acknowledge(ChatMessageBody(message: stored, sentAt: stamp, isAcknowledgement: true))
            finish()
        }
        guard let cluster = pipeline.cluster else { return tell() }
        cluster.keepRecent(roomID: stored.roomID, message: body.bytes, sentAt: stored.sentAt, completion: tell)
    }

    /// Finishes the request on the loop after its message was stored.
    private struct Completion {
        let handler: ChatHandler
        let request: ClientRequest
        let connection: ClientState

        func run() { handler.pipeline.finish(request, connection) }
    }

    /// The room that the message names, or else the one that the socket joined last.
    private func membership(_ payload: JSONSlice, _ connection: ClientState) throws(ClassroomError) -> ChatMembership {
        guard let room = payload["roomId"], !room.isNull else {
            if let last = connection.rooms.last { return last }
            throw ClassroomError(.forbidden, "Join a room first")
        }
        if let roomID = room.string, Identifier.isValid(roomID) {
            if let membership = connection.rooms.last(where: { $0.roomID == roomID }) { return membership }
            throw ClassroomError(.forbidden, "Join the room first")
        }
        throw Self.complaint(payload)
    }

    private func read(
        _ request: ClientRequest, _ membership: ChatMembership, _ user: User
    ) throws(ClassroomError) -> ChatMessage {
        let payload = request.payload
        let type = payload["type"]
        let clientID = payload["clientId"]
        guard let raw = payload["content"]?.string, raw.utf8.count <= ChatContent.maximumRawBytes,
            type == nil || type?.isNull == true || (type.map { $0.bytes.readableBytes <= 64 } == true && type?.string == "text"),
            clientID == nil || clientID?.isNull == true || clientID?.string.map(Self.isClientID) == true
        else { throw Self.complaint(payload) }
        // An empty id counts as no id. Otherwise all messages with an empty id would be taken for repetitions of the first one.
        let ownID = clientID?.string.flatMap { $0.isEmpty ? nil : $0 }
        let content = ChatContent.sanitised(raw)
        if let problem = ChatContent.problem(content) { throw ClassroomError(.invalid, problem) }
        return ChatMessage(
            id: RandomIdentifier.uuid(), roomID: membership.roomID, userID: user.id, username: Nickname.shown(user.username),
            content: content,
            sentAt: request.receivedAt, sequence: 0, clientID: ownID)
    }

    private static let maximumClientIDBytes = 64

    private static func isClientID(_ text: String) -> Bool { text.utf8.count <= maximumClientIDBytes && !text.hasControlCharacters }

    /// The error for a payload that this fast path does not accept.
    private static func complaint(_ payload: JSONSlice) -> ClassroomError {
        MessageRules.check("chat:message", payload).refusal
            ?? ClassroomError(.invalid, "Validation error: the message is malformed")
    }
}
