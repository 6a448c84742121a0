/// The sockets of one session, and their parts in it.
struct SessionRoster {
    struct Seat {
        /// As the last message seated it.
        var socket: SessionSocket
        let userID: String
        var isPlayer = false
        var isHost = false
        var isObserver = false

        func has(_ part: Part) -> Bool {
            switch part {
            case .player: isPlayer
            case .host: isHost
            case .observer: isObserver
            }
        }
    }

    /// A part that a socket plays in a session. It may have several.
    enum Part: String, Sendable, Codable {
        case player, host, observer
    }

    private(set) var seats: [String: Seat] = [:]
    private var socketsByUser: [String: Set<String>] = [:]
    private var hosts: Set<String> = []
    private var playingSockets: [String: Int] = [:]
    /// The number of sockets of each other node.
    private var countsByNode: [String: Int] = [:]

    var isEmpty: Bool { seats.isEmpty }
    /// Users with at least one socket that plays.
    var playerCount: Int { playingSockets.count }
    var hostSockets: [SessionSocket] { hosts.compactMap { seats[$0]?.socket } }
    var sockets: [SessionSocket] { seats.values.map(\.socket) }

    /// The sockets that watch and those that play.
    var playingWatchers: [SessionSocket] {
        seats.values.filter { $0.isPlayer && ($0.isHost || $0.isObserver) }.map(\.socket)
    }

    func sockets(of userID: String) -> [SessionSocket] {
        socketsByUser[userID]?.compactMap { seats[$0]?.socket } ?? []
    }

    /// The number of sockets of another node.
    func count(of node: String) -> Int { countsByNode[node] ?? 0 }

    func sockets(ofNode node: String) -> [SessionSocket] { seats.values.map(\.socket).filter { $0.node == node } }

    func isPlaying(_ socketID: String, as userID: String) -> Bool {
        guard let seat = seats[socketID] else { return false }
        return seat.isPlayer && seat.userID == userID
    }

    func isPlaying(_ userID: String) -> Bool { playingSockets[userID] != nil }

    /// Whether the user plays with another socket than this one. Looks at none of their other sockets.
    func isPlaying(_ userID: String, besides socketID: String?) -> Bool {
        let isOneOfThem = socketID.map { isPlaying($0, as: userID) } ?? false
        return (playingSockets[userID] ?? 0) > (isOneOfThem ? 1 : 0)
    }

    /// Adds a socket, or gives it another part. A socket that has another user now must be removed first.
    mutating func seat(_ socket: SessionSocket, _ userID: String, as part: Part) {
        var seat = seats[socket.id] ?? Seat(socket: socket, userID: userID)
        if seats[socket.id] == nil, let node = socket.node { countsByNode[node, default: 0] += 1 }
        seat.socket = socket
        let wasPlayer = seat.isPlayer
        switch part {
        case .player: seat.isPlayer = true
        case .host: seat.isHost = true
        case .observer: seat.isObserver = true
        }
        seats[socket.id] = seat
        socketsByUser[userID, default: []].insert(socket.id)
        if seat.isHost { hosts.insert(socket.id) }
        if seat.isPlayer, !wasPlayer { playingSockets[userID, default: 0] += 1 }
    }

    /// Removes a socket.
    mutating func remove(_ socketID: String) -> Seat? {
        guard let seat = seats.removeValue(forKey: socketID) else { return nil }
        if let node = seat.socket.node, let count = countsByNode[node] { countsByNode[node] = count > 1 ? count - 1 : nil }
        hosts.remove(socketID)
        socketsByUser[seat.userID]?.remove(socketID)
        if socketsByUser[seat.userID]?.isEmpty == true { socketsByUser[seat.userID] = nil }
        if seat.isPlayer, let count = playingSockets[seat.userID] { playingSockets[seat.userID] = count > 1 ? count - 1 : nil }
        return seat
    }
}
