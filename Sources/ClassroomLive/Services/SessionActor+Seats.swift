import Classroom

/// Sockets that a session gets from the nodes that they are connected to, when it goes on here or when something went past one of them.
extension SessionActor {
    /// A socket and its parts, as its node knows them.
    struct KnownSeat: Sendable {
        let socket: SessionSocket
        let userID: String
        let parts: [SessionRoster.Part]
    }

    /// Seats this node's own sockets before the session goes on here: what it does then is meant for them too.
    func seatOwn(_ seats: [KnownSeat]) {
        for seat in seats where !session.isKicked(seat.userID) {
            for part in seat.parts where part != .player || session.isParticipant(seat.userID) {
                self.seat(seat.socket, seat.userID, as: part)
            }
            if roster.isPlaying(seat.userID) { apply(.presence(userID: seat.userID, connected: true)) }
        }
    }

    /// Seats sockets that the roster does not have, and tells each of them where the session stands: it may have missed something meanwhile.
    ///
    /// - Parameter tellsAll: also those that sit here already.
    func take(_ seats: [KnownSeat], tellsAll: Bool) {
        guard !isRetired, !isStopped else { return }
        for seat in seats where !session.isKicked(seat.userID) {
            let known = roster.seats[seat.socket.id].flatMap { $0.userID == seat.userID ? $0 : nil }
            for part in seat.parts where tellsAll || known?.has(part) != true { take(seat.socket, seat.userID, as: part) }
        }
        pump()
    }

    /// As if its user had asked for it once more.
    private func take(_ socket: SessionSocket, _ userID: String, as part: SessionRoster.Part) {
        let rooms = rooms
        let context = CallContext(socket: socket, receivedAt: now) { rooms.emit($0.event, to: [socket]) }
        let call = SessionCall(userID: userID, context: context) { _ in }
        switch part {
        case .player:
            guard let participant = session.participant(userID), session.isParticipant(userID) else { return }
            apply(.join(userID: userID, name: participant.username, isNickname: false), for: call)
        case .host, .observer: apply(.observe(userID: userID, managesQuizzes: part == .host), for: call)
        }
    }

    /// The sockets that a node has here are these, and those that came with a message behind the report's.
    ///
    /// - Returns: those that have no seat here.
    func take(_ report: SeatReport, of node: String) -> [SocketLeft] {
        guard !isRetired, !isStopped else { return [] }
        mismatches[node] = nil
        let seats = report.seats.map { seat in
            KnownSeat(
                socket: SessionSocket(id: seat.socketID, node: node, sequence: report.before - 1), userID: seat.userID, parts: seat.parts)
        }
        let present = Set(seats.map(\.socket.id))
        for socket in roster.sockets(ofNode: node) where socket.sequence < report.before && !present.contains(socket.id) {
            unseat(socket.id)
        }
        take(seats, tellsAll: report.tellsAll)
        return seats.filter { session.isKicked($0.userID) || $0.parts == [.player] && !session.isParticipant($0.userID) }
            .map { SocketLeft(sessionID: id, socketID: $0.socket.id, userID: $0.userID) }
    }

    /// A node says how many sockets it has here. False, if it was another number than the roster's twice in a row: what is under way explains one.
    func agrees(with node: String, on count: Int) -> Bool {
        guard !isRetired, roster.count(of: node) != count else {
            mismatches[node] = nil
            return true
        }
        mismatches[node, default: 0] += 1
        return mismatches[node, default: 0] < 2
    }

    /// Nothing was heard of a node for a while: its sockets are gone, as far as anybody knows.
    ///
    /// - Returns: how many.
    func nodeLeft(_ node: String) -> Int {
        guard !isStopped else { return 0 }
        mismatches[node] = nil
        let sockets = roster.sockets(ofNode: node)
        for socket in sockets { unseat(socket.id, isReachable: false) }
        pump()
        return sockets.count
    }
}
