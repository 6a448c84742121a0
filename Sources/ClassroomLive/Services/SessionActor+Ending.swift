import Classroom

/// Leaving memory.
extension SessionActor {
    /// Nobody is here, nothing is due and nothing is in hand: all there is to know is in the store.
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

    /// The row is gone: ends quietly. Who waits for an answer is told that there is no such session.
    func vanish() {
        guard !isRetired else { return }
        _ = try? session.apply(.vanished, at: now)
        let calls = outbox.dropAll() + waiting.values.joined()
        waiting = [:]
        for call in calls { call.fail(ClassroomError.sessionNotFound) }
        retire()
    }

    /// Gives everything back. What still waits for an answer asks again, and finds the session in the store.
    func retire() {
        guard !isRetired else { return }
        isRetired = true
        for timer in timers.values { timer.cancel() }
        timers = [:]
        for socket in roster.sockets { rooms.leave(socket) }
        environment.counters.players.change(by: -roster.playerCount)
        roster = SessionRoster()
        for call in outbox.dropAll() + waiting.values.joined() { call.fail(SessionRetired()) }
        waiting = [:]
        environment.onRetired(self)
    }

    /// Another server is the session's owner: what was decided here since then is refused, and nobody hears of it. Who waits for an answer asks
    /// again, and is told where the session is.
    func letGo() { retire() }

    /// The server stops: nothing happens any more, however many sockets go. The store has all that the next server needs to go on.
    func stop() {
        isStopped = true
        for timer in timers.values { timer.cancel() }
        timers = [:]
    }
}
