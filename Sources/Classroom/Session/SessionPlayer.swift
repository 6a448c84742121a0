/// One who joined, as the running session knows them.
struct SessionPlayer: Hashable, Sendable {
    var record: ParticipantRecord
    /// At least one socket is here now. Not persisted: after a restart everybody has to come back.
    var isConnected = false
    /// What the revealed answers add up to.
    var standing = Standing()
    /// Has a durable answer to the current question; self-paced: to every question.
    var isDone = false
    /// Joined before the current question opened.
    var wasHereAtOpening = false
    /// Gave an answer, to whichever question.
    var hasAnswered = false

    /// Takes part: neither kicked nor gone.
    var isTakingPart: Bool { !record.kicked && !record.left }

    var isGuest: Bool { User.isGuest(record.userID) }

    /// Somebody new may have the seat: nothing is lost with it. One who was kicked keeps it, and so stays out.
    var isReplaceable: Bool { isGuest && !isConnected && !hasAnswered && !record.kicked }
}
