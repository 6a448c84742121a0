import Classroom
import ClassroomStore
import NIOCore
import SocketIOCore
import SocketIOServer

/// The `chat:` events.
final class ChatHandler: Sendable {
    let pipeline: RequestPipeline
    let store: any ChatStore
    let directory: ChatDirectory
    /// Takes messages to the members on all nodes, in their order and without a gap. Nil if there is only one node, and a message that its store
    /// refuses is surely not stored: then they are told in the order of their commits.
    let relay: ChatRelay?
    private let io: SocketIO

    init(pipeline: RequestPipeline, store: any ChatStore, io: SocketIO, relay: ChatRelay? = nil) {
        self.pipeline = pipeline
        self.store = store
        self.io = io
        self.relay = relay
        directory = ChatDirectory(
            maximumRooms: pipeline.configuration.maximumChatRooms,
            maximumRoomsPerUser: pipeline.configuration.maximumChatRoomsPerUser,
            bytesPerJoin: pipeline.configuration.chatJoinBytes)
    }

    func register(in table: inout RequestTable) {
        table.on("chat:join", limit: .chatJoin, join)
        table.on("chat:leave", leave)
        table.on("chat:message", lane: .concurrent, limit: .chat, message)
        let (directory, relay) = (directory, relay)
        table.onDeparture { connection, user in
            for membership in connection.rooms {
                directory.leave(membership.roomID, user.id)
                relay?.left(membership.roomID)
                connection.reference.leave(ChatMembership.room(membership.roomID))
            }
            connection.rooms = []
        }
    }

    // MARK: Joining and leaving

    @Sendable private func join(_ request: ClientRequest, _ connection: ClientState) -> RequestOutcome {
        pipeline.identified(request, connection) { [self] user in
            let checked = MessageRules.check("chat:join", request.payload)
            guard let roomID = checked.data["roomId"]?.string else {
                request.responder.fail(checked.refusal ?? ClassroomError(.invalid, "Validation error: \"roomId\" is required"))
                return .finished
            }
            // One was charged before the room was known.
            let price = self.directory.price(of: roomID)
            if price > 1, let refusal = self.pipeline.limits.take(.chatJoin, count: price - 1, userID: user.id, at: request.receivedAt) {
                request.responder.fail(refusal)
                return .finished
            }
            let wasMember = connection.rooms.contains { $0.roomID == roomID }
            do throws(ClassroomError) {
                try enter(roomID, user, connection)
            } catch {
                request.responder.fail(error)
                return .finished
            }
            // The socket enters the room first. Later messages then arrive as events and earlier ones are in the history. A message in
            // between is in both, with the same sequence number.
            let (pipeline, store, directory, relay, responder) = (pipeline, store, directory, relay, request.responder)
            return pipeline.perform(request, connection) { () -> Bool in
                do {
                    let history = try await store.recentChat(roomID: roomID, limit: pipeline.configuration.chatHistoryLimit)
                    relay?.known(last: history.last?.sequence ?? 0, of: roomID)
                    let body = Self.joined(
                        roomID, history, directory.members(roomID, limit: pipeline.configuration.maximumListedMembers))
                    // The room may have become longer than it was known to be. After a start nothing is known of it.
                    let cost = directory.answered(roomID, bytes: body.slice.bytes.readableBytes)
                    pipeline.limits.charge(.chatJoin, count: cost - price, userID: user.id, at: pipeline.clock.now)
                    responder.succeed("chat:joined", body)
                    return true
                } catch {
                    responder.fail(pipeline.refusal(for: error))
                    return false
                }
            } then: { [self] hasJoined in
                // The client was told that joining failed, so it is not in the room.
                if !hasJoined, !wasMember { exit(roomID, user, connection) }
            }
        }
    }

    private func enter(_ roomID: String, _ user: User, _ connection: ClientState) throws(ClassroomError) {
        if let index = connection.rooms.firstIndex(where: { $0.roomID == roomID }) {
            connection.rooms.append(connection.rooms.remove(at: index))
            return
        }
        guard connection.rooms.count < pipeline.configuration.maximumChatRoomsPerSocket else {
            throw ClassroomError(.conflict, "This socket is in too many chat rooms")
        }
        try directory.join(roomID, user)
        relay?.joined(roomID)
        let room = ChatMembership.room(roomID)
        connection.rooms.append(ChatMembership(roomID: roomID, target: io.to(room)))
        connection.reference.join(room)
    }

    private func exit(_ roomID: String, _ user: User, _ connection: ClientState) {
        guard let index = connection.rooms.firstIndex(where: { $0.roomID == roomID }) else { return }
        connection.rooms.remove(at: index)
        directory.leave(roomID, user.id)
        relay?.left(roomID)
        connection.reference.leave(ChatMembership.room(roomID))
    }

    @Sendable private func leave(_ request: ClientRequest, _ connection: ClientState) -> RequestOutcome {
        let checked = MessageRules.check("chat:leave", request.payload)
        if let refusal = checked.refusal {
            request.responder.fail(refusal)
            return .finished
        }
        let roomID = checked.data["roomId"]?.string ?? connection.rooms.last?.roomID
        if let user = connection.user, let roomID { exit(roomID, user, connection) }
        // Leaving a room that was not joined is no error.
        request.responder.succeed(
            "chat:left",
            JSONBody { writer in
                if let roomID { writer.field("roomId", roomID) }
            })
        return .finished
    }

    private static func joined(_ roomID: String, _ history: [ChatMessage], _ members: [ChatMember]) -> JSONBody {
        JSONBody { writer in
            writer.field("roomId", roomID)
            writer.field("history", history.map { ChatMessageBody(message: $0) })
            writer.field("members", members.map { JSONEncoded($0) })
        }
    }
}
