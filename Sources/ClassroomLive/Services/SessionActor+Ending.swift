import Classroom

/// How a session leaves memory.
extension SessionActor {
    /// No socket is connected, no timer is set and no request is under way: the store has everything.
    var isIdle: Bool {
        roster.isEmpty && outbox.isEmpty && waiting.isEmpty && !session.hasPendingAnswers && session.nextWake == nil
            && capturedBoard == nil && timers[.leaderboard] == nil && !isSessionUnsaved && unsavedParticipants.isEmpty
            && !hasDoubtfulAnswers
    }

    func considerIdling() {
        retireIfDone()
        guard !isRetired, isIdle else { return }
        if timers[.idle] == nil { arm(.idle, at: now + Int64(environment.configuration.idleSessionMs)) }
    }

    /// An ended session stays until its last board has gone out and the store has all of it.
    private func retireIfDone() {
        guard isFinished, !isRetired, outbox.isEmpty, capturedBoard == nil, timers[.leaderboard] == nil, waiting.isEmpty,
            !session.hasPendingAnswers,
            !isSessionUnsaved, unsavedParticipants.isEmpty, !hasDoubtfulAnswers
        else { return }
        retire()
    }

    /// The session's row was deleted: the session ends without an event. Waiting callers are told that it does not exist.
    func vanish() {
        guard !isRetired else { return }
        isFinished = true
        _ = try? session.apply(.vanished, at: now)
        let calls = outbox.dropAll() + waiting.values.joined()
        waiting = [:]
        for call in calls { call.fail(ClassroomError.sessionNotFound) }
        retire()
    }

    /// Whether the session has ended. It then needs no lease.
    var isOver: Bool { session.phase == .ended }

    /// Releases everything. Calls that still wait are repeated and load the session from the store.
    ///
    /// - Parameter keepsRooms: true if another server runs the session: its sockets stay in their rooms.
    func retire(keepsRooms: Bool = false) {
        guard !isRetired else { return }
        isRetired = true
        quizMemory = nil
        for timer in timers.values { timer.cancel() }
        timers = [:]
        if !keepsRooms { for socket in roster.sockets { rooms.leave(socket) } }
        environment.counters.players.change(by: -roster.playerCount)
        roster = SessionRoster()
        for call in outbox.dropAll() + waiting.values.joined() { call.fail(SessionRetired()) }
        waiting = [:]
        environment.onRetired(self, isFinished)
    }

    /// Another server owns the session now. What was decided here since then is refused, and no client hears of it. Waiting calls are
    /// repeated there.
    func letGo() { retire(keepsRooms: environment.nodes != nil) }

    /// The server stops: the session takes no further input, not even departures of sockets. The store has all that the next server needs.
    func stop() {
        isStopped = true
        for timer in timers.values { timer.cancel() }
        timers = [:]
    }
}
