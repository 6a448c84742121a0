/// Gives a silent peer more time if this end cannot know yet that it is silent. Both ends of a session use it.
///
/// After a stall, an event loop runs the timers that became due meanwhile before it has read from all its connections. Without more time, one
/// stall of a process would end thousands of sessions whose heartbeats lie in their sockets. Two signs show that this end is behind: its
/// timer fired late, or bytes of the peer are unread. Then the peer gets one more ping timeout, once for each heartbeat, so a dead peer is
/// still found.
public struct HeartbeatGrace: Sendable, Equatable {
    /// A timer that fires within this time of its deadline is on time.
    public static let usualDelay = Duration.milliseconds(100)

    private var isUsed = false

    public init() {}

    /// The deadline of a heartbeat has come without one.
    ///
    /// - Parameters:
    ///   - lateness: the time between the deadline and now.
    ///   - hasUnread: whether bytes of the peer have arrived that this end has not read.
    /// - Returns: Whether the peer gets one more ping timeout, from now on.
    public mutating func extends(lateness: Duration, hasUnread: @autoclosure () -> Bool) -> Bool {
        guard !isUsed, lateness > Self.usualDelay || hasUnread() else { return false }
        isUsed = true
        return true
    }

    /// A heartbeat has come: the next one may be given more time again.
    public mutating func reset() { isUsed = false }
}
