/// A step that the shell performs after a command. Their order matters.
public enum SessionEffect: Hashable, Sendable {
    /// The direct answer: the event to the caller's socket, its payload to the acknowledgement.
    case reply(SessionEvent)
    /// The body of the acknowledgement only; the event itself goes to the room by another effect.
    case acknowledge(SessionEvent)
    case emit(SessionEvent, to: Audience)
    /// Store the answer durably, then apply `answerCommitted`, `answerDuplicate`, `answerRejected` or `vanished`. The caller waits under the record's key.
    case storeAnswer(AnswerRecord)
    /// The same answer is being stored: this caller, too, waits under the key.
    case awaitAnswer(AnswerKey)
    /// The answer for the callers who wait under the key: the first gets it as it is, later ones `duplicated()`.
    case answered(AnswerKey, AnswerResult)
    case persistSession(SessionRecord)
    /// The session has left the lobby: keep the quiz as it is played, apart from the library's, which may be edited or deleted.
    case keepQuiz(Quiz)
    case persistParticipant(ParticipantRecord)
    /// Somebody else has this guest's seat: delete the row.
    case forgetParticipant(ParticipantRecord)
    /// The session's only timer, in place of the former one; nil cancels it.
    case schedule(at: UnixMilliseconds?)
    /// Coalesce, then send `leaderboardPayload()`.
    case leaderboardChanged(final: Bool)
    /// Coalesce, then send `progress()` to the host.
    case progressChanged
    /// Kicked: the user's sockets leave the session.
    case removeUser(String)
    /// Over: it may be unloaded when its last board has gone out.
    case finished
}

/// The recipients of an event.
public enum Audience: Hashable, Sendable {
    /// Players, observers and the host.
    case everyone
    /// Everyone but these users.
    case everyoneExcept(Set<String>)
    /// All of one user's sockets in the session.
    case user(String)
    /// The sockets with which one user plays.
    case player(String)
    case host
    /// The host and the observers, but for sockets that play as well: they get what a player gets.
    case watchers
}
