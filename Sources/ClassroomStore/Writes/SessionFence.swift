public import Classroom

/// Which session a write is meant for: its incarnation, and the epoch in which the writer decided (a fencing token).
///
/// A row that was deleted and written anew is another incarnation. Each new owner of a session raises its epoch, so a server that was stopped
/// and wakes up again cannot overwrite what its successor wrote.
public struct SessionFence: Hashable, Sendable {
    /// `created_at` of the session; nil: whichever session has the id.
    public var createdAt: UnixMilliseconds?
    /// The write is refused with `ClassroomError.staleEpoch` if the row's epoch is higher; nil: any epoch.
    public var epoch: Int?

    public init(createdAt: UnixMilliseconds? = nil, epoch: Int? = nil) {
        self.createdAt = createdAt
        self.epoch = epoch
    }

    /// Any session of the id, whatever its owner.
    public static let none = SessionFence()

    /// The incarnation and epoch of this record.
    public init(_ session: SessionRecord) { self.init(createdAt: session.createdAt, epoch: session.epoch) }
}

/// A session's owner, the end of its lease, and its epoch.
public struct SessionLease: Hashable, Sendable {
    /// A server's id, unique for each start of a process.
    public var owner: String
    public var epoch: Int
    /// By the clock of the store: the database server's, or this machine's for a file.
    public var expiresAt: UnixMilliseconds

    public init(owner: String, epoch: Int, expiresAt: UnixMilliseconds) {
        self.owner = owner
        self.epoch = epoch
        self.expiresAt = expiresAt
    }
}

/// The result of asking for a session's lease.
public enum LeaseOutcome: Hashable, Sendable {
    /// The lease was granted for the requested time.
    case granted(SessionLease)
    /// Another server owns the session.
    case held(SessionLease)
    /// There is no such session, or it is another incarnation.
    case sessionVanished
}
