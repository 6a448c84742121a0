import Classroom
import DequeModule

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

/// An incarnation of a session, and an epoch of it.
struct SessionStage: Hashable, Sendable, Codable {
    var sessionID: String
    /// Distinguishes the session from an earlier one of the same id, whose epochs were counted apart.
    var createdAt: UnixMilliseconds
    var epoch: Int
}

/// The latest epoch of each session of which this node's sockets were told something. A server that was stopped may wake up with events that
/// it had not sent yet. If another server has gone on with the session meanwhile, clients must not get them behind later ones.
struct SessionEpochs: Sendable {
    private struct Incarnation: Hashable {
        let sessionID: String
        let createdAt: UnixMilliseconds
    }

    private let limit: Int
    private var latest: [Incarnation: Int] = [:]
    /// In the order in which they became known.
    private var order: Deque<Incarnation> = []

    /// - Parameter limit: sessions whose epoch is known; with one more, the one that has been known for longest is forgotten.
    init(limit: Int) { self.limit = limit }

    var count: Int { latest.count }

    /// - Returns: false if something of a later epoch was admitted before.
    mutating func admit(_ stage: SessionStage) -> Bool {
        let incarnation = Incarnation(sessionID: stage.sessionID, createdAt: stage.createdAt)
        if let known = latest[incarnation] {
            if stage.epoch > known { latest[incarnation] = stage.epoch }
            return stage.epoch >= known
        }
        if latest.count >= limit, let oldest = order.popFirst() { latest[oldest] = nil }
        latest[incarnation] = stage.epoch
        order.append(incarnation)
        return true
    }
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
