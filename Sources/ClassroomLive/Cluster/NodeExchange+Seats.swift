import Classroom
import ClassroomStore
import Logging
import NIOConcurrencyHelpers
import SocketIOServer

/// Who sits where, and who runs what.
extension NodeExchange {
    // MARK: This node's sockets

    /// Something that was asked of a session has been done: the caller's socket may have a seat, or have none any more.
    ///
    /// - Returns: the part that the socket has got.
    @discardableResult
    func note(
        _ action: SessionAction, _ answer: SessionAnswer, in sessionID: String, _ userID: String, _ context: CallContext
    ) -> SessionRoster.Part? {
        guard let socket = context.socket?.reference else { return nil }
        var part = action.part
        if case .reply(let reply) = answer, case .observing(let snapshot) = reply.event, snapshot.role == .host { part = .host }
        state.withLockedValue { state in
            if let part { state.seats.add(socket, id: socket.id, of: userID, as: part, in: sessionID) }
            if action == .leave { state.seats.remove(socket.id, of: userID, from: sessionID) }
        }
        return part
    }

    func seatHost(_ socket: SessionSocket, _ userID: String, in sessionID: String) {
        guard let socket = socket.reference else { return }
        state.withLockedValue { $0.seats.add(socket, id: socket.id, of: userID, as: .host, in: sessionID) }
    }

    /// A socket of this node has gone, or has another user now.
    func socketLeft(_ socketID: String, _ userID: String, from sessionID: String) {
        let place = state.withLockedValue { state in
            state.seats.remove(socketID, of: userID, from: sessionID)
            return state.places[sessionID]
        }
        guard let place, host?.registry.loaded(sessionID) == nil else { return }
        send(.left(SocketLeft(sessionID: sessionID, socketID: socketID, userID: userID)), to: place.node)
    }

    func ownSeats(in sessionID: String) -> [SessionActor.KnownSeat] {
        state.withLockedValue { state in
            state.seats.seats(in: sessionID).values.map {
                SessionActor.KnownSeat(socket: SessionSocket($0.socket), userID: $0.userID, parts: Array($0.parts))
            }
        }
    }

    /// Tells a session's node which of this node's sockets sit in it.
    func report(_ sessionID: String, to node: String, tellsAll: Bool = false) {
        let message = state.withLockedValue { state -> NodeMessage in
            let seats = state.seats.seats(in: sessionID).map {
                SeatReport.Seat(socketID: $0.key, userID: $0.value.userID, parts: Array($0.value.parts))
            }
            // A request that is not answered may have seated a socket that the table does not have yet.
            let before = state.requests.firstSequence(of: sessionID) ?? state.sequence + 1
            return next(&state, .seats(SeatReport(sessionID: sessionID, seats: seats, before: before, tellsAll: tellsAll)))
        }
        send(message, to: node) { _ in }
    }

    // MARK: Places

    /// Where a session is run, if that is another node.
    func place(of sessionID: String) -> SessionPlace? { state.withLockedValue { $0.places[sessionID] } }

    /// A session was found at another node.
    ///
    /// - Returns: false: that was known.
    @discardableResult
    func located(_ sessionID: String, at place: SessionPlace) -> Bool {
        let lost = state.withLockedValue { state -> [ForwardedRequests<Waiter>.Request]? in
            guard state.places.note(sessionID, place) else { return nil }
            return state.requests.moved(sessionID, epoch: place.epoch)
        }
        for request in lost ?? [] { conclude(request, .lost) }
        return lost != nil
    }

    /// A session is not, or no longer, run there.
    func forget(_ sessionID: String, at place: SessionPlace) {
        state.withLockedValue { $0.places.forget(sessionID, at: place) }
    }

    /// This node runs a session from now on, in this epoch.
    func runs(_ sessionID: String, epoch: Int) {
        let lost = state.withLockedValue { state in
            state.places.forget(sessionID)
            return state.requests.moved(sessionID, epoch: epoch)
        }
        for request in lost { conclude(request, .lost) }
        // The first owner of a session need not tell anybody.
        if epoch > 1 { sendToAll(.owner(sessionID: sessionID, epoch: epoch, tellsAll: false)) }
    }

    /// A session has left this node's memory.
    func retired(_ sessionID: String, isOver: Bool) {
        let hasSeats = state.withLockedValue { state in
            if isOver { state.seats.drop(sessionID) }
            return state.seats.count(in: sessionID) > 0
        }
        if isOver { sendToAll(.over(sessionID: sessionID)) } else if hasSeats { settle(sessionID) }
    }

    /// Finds out who runs a session: this node, if nobody does. Sockets of this node sit in it, or a request waits for it.
    func settle(_ sessionID: String) {
        let isFirst = state.withLockedValue { !$0.isStopped && $0.unsettled.insert(sessionID).inserted }
        guard isFirst, let registry = host?.registry else { return }
        Task {
            do {
                let record = try await store.session(id: sessionID)
                if let record, record.status != .ended {
                    _ = try await registry.session(sessionID)
                } else {
                    if record != nil { try await tellEnd(of: sessionID, registry) }
                    end(sessionID)
                }
            } catch let elsewhere as SessionElsewhere {
                located(sessionID, at: elsewhere.place)
                if state.withLockedValue({ $0.seats.count(in: sessionID) }) > 0 { report(sessionID, to: elsewhere.place.node) }
            } catch {
                // The next beat looks again.
                logger.debug("a session was not found", metadata: ["session": "\(sessionID)", "error.type": "\(type(of: error))"])
            }
            state.withLockedValue { _ = $0.unsettled.remove(sessionID) }
        }
    }

    /// The end of the session went past this node: its sockets are told where it stands.
    private func tellEnd(of sessionID: String, _ registry: SessionRegistry) async throws {
        let seats = ownSeats(in: sessionID)
        if !seats.isEmpty { try await registry.session(sessionID).take(seats, tellsAll: true) }
    }

    /// The session is over, or its row is gone: nobody sits in it, and whoever waits asks again.
    private func end(_ sessionID: String) {
        let waiting = state.withLockedValue { state in
            state.seats.drop(sessionID)
            state.places.forget(sessionID)
            return state.requests.moved(sessionID, epoch: .max)
        }
        for request in waiting { conclude(request, .lost) }
    }

    // MARK: Time

    func armBeat() {
        let timer = clock.schedule(at: clock.now + Int64(configuration.nodeBeatMs)) { [weak self] in
            guard let self else { return }
            beat()
            armBeat()
        }
        let isStopped = state.withLockedValue { state in
            state.beat = timer
            return state.isStopped
        }
        if isStopped { timer.cancel() }
    }

    private func beat() {
        guard let registry = host?.registry else { return }
        let now = clock.now
        let isEstablished = link.isEstablished
        let (counts, unsettled, silent) = state.withLockedValue { state in
            // Who cannot hear does not know who is silent.
            if !isEstablished { for node in state.heard.keys { state.heard[node] = now } }
            let silent = state.heard.filter { $0.value + Int64(configuration.nodeSilenceMs) <= now }.map(\.key)
            for node in silent { state.heard[node] = nil }
            var counts: [String: [String: Int]] = [:]
            var unsettled = state.requests.sessions(waitingSince: now - Int64(configuration.nodeBeatMs))
            for id in state.seats.sessionIDs where registry.loaded(id) == nil {
                if let place = state.places[id] {
                    counts[place.node, default: [:]][id] = state.seats.count(in: id)
                } else {
                    unsettled.insert(id)
                }
            }
            return (counts, unsettled, silent)
        }
        for id in unsettled { settle(id) }
        for (node, sessions) in counts {
            send(.beat(counts: sessions), to: node) { [weak self] wasReceived in
                guard !wasReceived else { return }
                for id in sessions.keys { self?.settle(id) }
            }
        }
        guard !silent.isEmpty else { return }
        Task {
            for node in silent {
                var sockets = 0
                for session in registry.all { sockets += await session.nodeLeft(node) }
                guard sockets > 0 else { continue }
                logger.notice("nothing is heard of another server", metadata: ["server": "\(node)", "sockets": "\(sockets)"])
            }
        }
    }

    /// This node could not reach the others for a while, and can again: what sessions said meanwhile has to be told once more.
    func reconnected() {
        guard let registry = host?.registry else { return }
        let now = clock.now
        let places = state.withLockedValue { state in
            for node in state.heard.keys { state.heard[node] = now }
            return state.seats.sessionIDs.compactMap { id in state.places[id].map { (id, $0.node) } }
        }
        for (id, node) in places { report(id, to: node, tellsAll: true) }
        Task {
            for session in registry.all {
                let epoch = await session.fence.epoch ?? 0
                sendToAll(.owner(sessionID: session.id, epoch: epoch, tellsAll: true))
            }
        }
    }
}
