import Classroom
import ClassroomStore

/// Performs the effects that the rules return.
extension SessionActor {
    /// Starts writes and timers at once, and puts all other effects into the outbox.
    func enqueue(_ effects: [SessionEffect], for call: SessionCall?) {
        var open = call
        let hasReply = effects.contains { if case .reply = $0 { true } else { false } }
        for effect in effects {
            switch effect {
            case .storeAnswer(let answer):
                if let call { waiting[answer.key, default: []].append(call) }
                open = nil
                environment.store.submit(answer, fence: fence) { [weak self] in self?.post(.answerStored(answer, $0)) }
            case .awaitAnswer(let key):
                if let call { waiting[key, default: []].append(call) }
                open = nil
            case .persistSession(let record): write(record, for: call)
            case .keepQuiz(let quiz): keep(quiz)
            case .persistParticipant(let participant): write(participant, holdsBack: hasReply, for: call)
            case .forgetParticipant(let participant): forget(participant)
            case .schedule(let time):
                if let time { arm(.wake, at: time) } else { timers.removeValue(forKey: .wake)?.cancel() }
            default: outbox.append(.perform(effect, call))
            }
        }
        outbox.append(.end(open))
    }

    func perform(_ effect: SessionEffect, _ call: SessionCall?) {
        switch effect {
        case .reply(let event): reply(event, call)
        case .acknowledge(let event): call?.succeed(event, isRoomEvent: true)
        case .emit(let event, let audience): rooms.emit(event, to: audience, roster)
        case .answered(let key, let result): answered(key, result)
        case .leaderboardChanged(let isFinal):
            // A board of an earlier version must not follow the final one.
            if isFinal { capturedBoard = nil }
            act(on: throttle.changed(at: now))
        case .progressChanged:
            if timers[.progress] == nil { arm(.progress, at: now + Int64(environment.configuration.progressIntervalMs)) }
        case .removeUser(let userID): for socket in roster.sockets(of: userID) { unseat(socket.id) }
        case .finished:
            isFinished = true
        case .storeAnswer, .awaitAnswer, .persistSession, .keepQuiz, .persistParticipant, .forgetParticipant, .schedule:
            assertionFailure("begun when it was decided")
        }
    }

    /// The caller takes a seat and gets the snapshot in one step. Later events reach the caller through the room.
    private func reply(_ event: SessionEvent, _ call: SessionCall?) {
        guard let call else { return }
        switch event {
        case .joined:
            if let socket = call.context.socket { seat(socket, call.userID, as: .player) }
            call.succeed(event)
        case .observing(let snapshot):
            if let socket = call.context.socket { seat(socket, call.userID, as: snapshot.role == .host ? .host : .observer) }
            call.succeed(event)
        default: call.succeed(event)
        }
    }

    // MARK: Seats

    func seat(_ socket: SessionSocket, _ userID: String, as part: SessionRoster.Part) {
        if let seat = roster.seats[socket.id], seat.userID != userID { unseat(socket.id) }
        let players = roster.playerCount
        roster.seat(socket, userID, as: part)
        environment.counters.players.change(by: roster.playerCount - players)
        rooms.enter(socket, asWatcher: part != .player)
    }

    /// Removes a socket from the session. The user becomes absent with the last socket that plays.
    ///
    /// - Parameter isReachable: false if the socket's node cannot be told.
    func unseat(_ socketID: String, isReachable: Bool = true) {
        let players = roster.playerCount
        guard let seat = roster.remove(socketID) else { return }
        environment.counters.players.change(by: roster.playerCount - players)
        if isReachable { rooms.leave(seat.socket) }
        if seat.isPlayer, !roster.isPlaying(seat.userID) { apply(.presence(userID: seat.userID, connected: false)) }
    }

    // MARK: Boards

    func act(on action: LeaderboardThrottle.Action) {
        throttle.spread(over: roster.seats.count)
        switch action {
        case .none: break
        case .wait(let next): arm(.leaderboard, at: next)
        case .capture(let next):
            capturedBoard = session.leaderboardPayload()
            arm(.leaderboard, at: next)
        case .send: sendBoard()
        case .sendAndCapture(let next):
            sendBoard()
            capturedBoard = session.leaderboardPayload()
            arm(.leaderboard, at: next)
        }
    }

    private func sendBoard() {
        guard let board = capturedBoard else { return }
        capturedBoard = nil
        // A server that was stopped cannot know whether another one has sent later boards.
        if environment.runsNow(id) { rooms.emit(board) } else { act(on: throttle.changed(at: now)) }
    }
}
