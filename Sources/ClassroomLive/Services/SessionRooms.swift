import Classroom
import SocketIOCore
import SocketIOServer

/// The rooms of a session: one for all its sockets, and one for those that only watch.
struct SessionRooms: Sendable {
    private let io: SocketIO
    private let everyone: String
    private let watchers: String

    init(io: SocketIO, sessionID: String) {
        self.io = io
        everyone = "quiz:\(sessionID)"
        watchers = "quiz:\(sessionID):watch"
    }

    func enter(_ socket: SocketReference, asWatcher: Bool) {
        let (everyone, watchers) = (everyone, watchers)
        socket.perform { socket in
            socket.join(everyone)
            if asWatcher { socket.join(watchers) }
        }
    }

    func leave(_ socket: SocketReference) {
        let (everyone, watchers) = (everyone, watchers)
        socket.perform { socket in
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
            for socket in roster.sockets(of: userID) where roster.isPlaying(socket.id, as: userID) { socket.emit(event.name, body) }
        case .user(let userID): for socket in roster.sockets(of: userID) { socket.emit(event.name, body) }
        case .host: for socket in roster.hostSockets { socket.emit(event.name, body) }
        }
    }

    func emit(_ board: LeaderboardPayload) {
        io.to(everyone).emit(LeaderboardPayload.eventName, JSONEncoded(board.entries), JSONEncoded(board.summary))
    }
}
