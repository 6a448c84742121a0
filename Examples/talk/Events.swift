import SocketIOHummingbird

struct Room: Codable, Sendable {
    var name: String
    var size: Int
}

struct Message: Codable, Sendable {
    var text: String
}

/// The third example of README: events with types.
enum Chat {
    static let join = Event<Room, [String]>("join")
    static let said = Event<Message, Void>("said")
}

func addChat(to io: SocketIO) async throws {
    io.onConnection { socket in
        socket.on(Chat.join) { request in
            guard request.size > 0 else { throw SocketIOError(code: "no_room", message: "There is no such room.") }
            request.socket.join(request.name)
            return ["ann", "ben"]
        }
    }
    io.to("lobby").emit(Chat.said, Message(text: "hi"))
    let answers = try await io.to("lobby").timeout(.seconds(5)).emitWithAck("ready?")
    print(answers.count)
    io.of(matching: /\/room-\d+/).onConnection { socket in socket.join("all") }
}
