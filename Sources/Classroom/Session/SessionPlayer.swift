/// One who joined, as the running session knows them.
struct SessionPlayer: Hashable, Sendable {
    var record: ParticipantRecord
    /// Position in the order of joining.
    var order: Int
    /// At least one socket is here now. Not persisted: after a restart everybody has to come back.
    var isConnected = false
    /// What the revealed answers add up to.
    var standing = Standing()

    /// Takes part: neither kicked nor gone.
    var isTakingPart: Bool { !record.kicked && !record.left }
}
