import Classroom
import SocketIOCore
import SocketIOServer

/// The rooms of a session: one for all its sockets, on any node, and one for those that only watch.
struct SessionRooms: Sendable {
    private let io: SocketIO
    private let everyone: String
    private let watchers: String

    init(io: SocketIO, sessionID: String) {
        self.io = io
        everyone = "quiz:\(sessionID)"
        watchers = "quiz:\(sessionID):watch"
    }

    func enter(_ socket: SessionSocket, asWatcher: Bool) {
        let (everyone, watchers) = (everyone, watchers)
        guard let reference = socket.reference else {
            return io.in(socket.id).socketsJoin(asWatcher ? [everyone, watchers] : [everyone])
        }
        reference.perform { socket in
            socket.join(everyone)
            if asWatcher { socket.join(watchers) }
        }
    }

    func leave(_ socket: SessionSocket) {
        let (everyone, watchers) = (everyone, watchers)
        guard let reference = socket.reference else { return io.in(socket.id).socketsLeave(everyone, watchers) }
        reference.perform { socket in
            socket.leave(everyone)
            socket.leave(watchers)
        }
    }

    func emit(_ event: SessionEvent, to audience: Audience, _ roster: SessionRoster) {
        let body = JSONBody(event)
        switch audience {
        case .everyone: io.to(everyone).emit(event.name, body)
        case .everyoneExcept(let users):
            var target = io.to(everyone)
            for socket in users.flatMap({ roster.sockets(of: $0) }) { target = target.except(socket.id) }
            target.emit(event.name, body)
        case .watchers:
            var target = io.to(watchers)
            for socket in roster.playingWatchers { target = target.except(socket.id) }
            target.emit(event.name, body)
        case .player(let userID):
            emit(event.name, body, to: roster.sockets(of: userID).filter { roster.isPlaying($0.id, as: userID) })
        case .user(let userID): emit(event.name, body, to: roster.sockets(of: userID))
        case .host: emit(event.name, body, to: roster.hostSockets)
        }
    }

    func emit(_ event: SessionEvent, to socket: SessionSocket) { emit(event.name, JSONBody(event), to: [socket]) }

    private func emit(_ name: String, _ body: JSONBody, to sockets: [SessionSocket]) {
        var elsewhere: [String] = []
        for socket in sockets {
            if let reference = socket.reference { reference.emit(name, body) } else { elsewhere.append(socket.id) }
        }
        if !elsewhere.isEmpty { io.to(elsewhere).emit(name, body) }
    }

    func emit(_ board: LeaderboardPayload) {
        io.to(everyone).emit(LeaderboardPayload.eventName, JSONEncoded(board.entries), JSONEncoded(board.summary))
    }
}
