import Classroom
import SocketIOCore
import SocketIOServer

/// The rooms of a session: one for all its sockets, on any node, and one for those that only watch.
struct SessionRooms: Sendable {
    private let io: SocketIO
    /// Tells sockets of other nodes; nil: there are none.
    private let nodes: NodeExchange?
    private let stage: SessionStage
    private let everyone: String
    private let watchers: String

    init(io: SocketIO, nodes: NodeExchange?, stage: SessionStage) {
        self.io = io
        self.nodes = nodes
        self.stage = stage
        everyone = Self.name(of: stage.sessionID)
        watchers = Self.watcherName(of: stage.sessionID)
    }

    func enter(_ socket: SessionSocket, asWatcher: Bool) {
        guard let reference = socket.reference else {
            return io.in(socket.id).socketsJoin(asWatcher ? [everyone, watchers] : [everyone])
        }
        Self.enter(reference, sessionID: stage.sessionID, asWatcher: asWatcher)
    }

    /// A socket of this node enters the rooms of a session, whoever runs it.
    static func enter(_ socket: SocketReference, sessionID: String, asWatcher: Bool) {
        socket.perform { socket in
            socket.join(name(of: sessionID))
            if asWatcher { socket.join(watcherName(of: sessionID)) }
        }
    }

    private static func name(of sessionID: String) -> String { "quiz:\(sessionID)" }
    private static func watcherName(of sessionID: String) -> String { "quiz:\(sessionID):watch" }

    func leave(_ socket: SessionSocket) {
        let (everyone, watchers) = (everyone, watchers)
        guard let reference = socket.reference else { return io.in(socket.id).socketsLeave(everyone, watchers) }
        reference.perform { socket in
            socket.leave(everyone)
            socket.leave(watchers)
        }
    }

    // MARK: Events

    func emit(_ event: SessionEvent, to audience: Audience, _ roster: SessionRoster) {
        switch audience {
        case .everyone: emit(EventPacket(event), to: everyone)
        case .everyoneExcept(let users): emit(EventPacket(event), to: everyone, except: users.flatMap { roster.sockets(of: $0) })
        case .watchers: emit(EventPacket(event), to: watchers, except: roster.playingWatchers)
        case .player(let userID): emit(event, to: roster.sockets(of: userID).filter { roster.isPlaying($0.id, as: userID) })
        case .user(let userID): emit(event, to: roster.sockets(of: userID))
        case .host: emit(event, to: roster.hostSockets)
        }
    }

    func emit(_ board: LeaderboardPayload) {
        emit(EventPacket(LeaderboardPayload.eventName, [JSONEncoded(board.entries), JSONEncoded(board.summary)]), to: everyone)
    }

    private func emit(_ event: EventPacket, to room: String, except sockets: [SessionSocket] = []) {
        var options = BroadcastOptions(rooms: [room], except: sockets.map(\.id))
        options.flags.isLocal = nodes != nil
        let adapter = io.of("/").adapter
        guard let nodes else { return adapter.broadcast(event, to: options) }
        nodes.tell(event, at: stage, rooms: options.rooms, except: options.except) { adapter.broadcast(event, to: options) }
    }

    func emit(_ event: SessionEvent, to sockets: [SessionSocket]) {
        guard !sockets.isEmpty else { return }
        let body = JSONBody(event)
        let here = { for socket in sockets { socket.reference?.emit(event.name, body) } }
        guard let nodes else { return here() }
        var elsewhere: [String: [String]] = [:]
        for socket in sockets { if let node = socket.node { elsewhere[node, default: []].append(socket.id) } }
        nodes.tell(EventPacket(event.name, [body]), at: stage, nodes: elsewhere, here: here)
    }
}

extension EventPacket {
    fileprivate init(_ event: SessionEvent) { self.init(event.name, [JSONBody(event)]) }
}
