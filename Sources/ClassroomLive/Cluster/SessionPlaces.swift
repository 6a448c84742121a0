import Classroom

/// Which node runs a session, and in which epoch.
struct SessionPlace: Hashable, Sendable, Codable {
    var node: String
    var epoch: Int
}

/// Another node runs the session.
struct SessionElsewhere: Error {
    var sessionID: String
    var place: SessionPlace
}

/// Where the sessions are that other nodes run, as far as this node knows. An epoch never goes back.
struct SessionPlaces: Sendable {
    private let limit: Int
    private var places: [String: SessionPlace] = [:]

    /// - Parameter limit: sessions that are known; with one more, one of them has to be looked up again.
    init(limit: Int) { self.limit = limit }

    var count: Int { places.count }

    subscript(sessionID: String) -> SessionPlace? { places[sessionID] }

    /// - Returns: false: that is known, or older than what is known.
    mutating func note(_ sessionID: String, _ place: SessionPlace) -> Bool {
        if let known = places[sessionID], known.epoch >= place.epoch { return false }
        if places[sessionID] == nil, places.count >= limit, let other = places.keys.first { places[other] = nil }
        places[sessionID] = place
        return true
    }

    /// The session is not there any more. A later place stays.
    mutating func forget(_ sessionID: String, at place: SessionPlace) {
        if places[sessionID] == place { places[sessionID] = nil }
    }

    mutating func forget(_ sessionID: String) { places[sessionID] = nil }
}

/// Which of this node's sockets sit in which sessions, whoever runs those: the truth about them, from which an owner's roster is made anew.
struct SeatTable<Socket: Sendable>: Sendable {
    struct Seat: Sendable {
        let socket: Socket
        let userID: String
        var parts: Set<SessionRoster.Part>
    }

    private var sessions: [String: [String: Seat]] = [:]

    var sessionIDs: Dictionary<String, [String: Seat]>.Keys { sessions.keys }

    func seats(in sessionID: String) -> [String: Seat] { sessions[sessionID] ?? [:] }

    func count(in sessionID: String) -> Int { sessions[sessionID]?.count ?? 0 }

    /// A socket has a part in a session. One that has another user now has only this part.
    mutating func add(_ socket: Socket, id: String, of userID: String, as part: SessionRoster.Part, in sessionID: String) {
        var seat = sessions[sessionID]?[id] ?? Seat(socket: socket, userID: userID, parts: [])
        if seat.userID != userID { seat = Seat(socket: socket, userID: userID, parts: []) }
        seat.parts.insert(part)
        sessions[sessionID, default: [:]][id] = seat
    }

    mutating func remove(_ socketID: String, of userID: String, from sessionID: String) {
        guard sessions[sessionID]?[socketID]?.userID == userID else { return }
        sessions[sessionID]?[socketID] = nil
        if sessions[sessionID]?.isEmpty == true { sessions[sessionID] = nil }
    }

    /// The session is over: nobody sits in it.
    mutating func drop(_ sessionID: String) { sessions[sessionID] = nil }
}
