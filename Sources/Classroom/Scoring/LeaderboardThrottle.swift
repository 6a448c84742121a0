/// Decides when boards are sent: at most one per interval, and each at least one interval after the results that it counts.
///
/// The first change starts a short wait in which a burst gathers; then the board is captured, and sent an interval later. Changes meanwhile
/// are in the board that is captured at the moment of sending. The interval is a little over a tenth of a second, so that timers that fire
/// unevenly do not make eleven a second of it.
public struct LeaderboardThrottle: Hashable, Sendable {
    /// The next step; in every case but `none`, call `fired` at `next` (nil: nothing is due).
    public enum Action: Hashable, Sendable {
        case none
        case wait(next: UnixMilliseconds)
        /// Keep the present board for sending.
        case capture(next: UnixMilliseconds)
        /// Send the board that was kept.
        case send
        /// Send the board that was kept, then keep the present one.
        case sendAndCapture(next: UnixMilliseconds)
    }

    private enum State: Hashable, Sendable {
        case idle
        case gathering(until: UnixMilliseconds)
        case captured(sendAt: UnixMilliseconds, changed: Bool)
    }

    /// Members who get boards at the full rate; with more, boards come as much less often: in a second at most so many deliveries go out.
    public static let membersAtFullRate = 1_000

    public private(set) var intervalMs: Int64
    public let gatherMs: Int64
    private let shortestIntervalMs: Int64
    private var state = State.idle

    public init(intervalMs: Int64 = 105, gatherMs: Int64 = 25) {
        self.intervalMs = intervalMs
        shortestIntervalMs = intervalMs
        self.gatherMs = gatherMs
    }

    /// So many get the boards from now on.
    public mutating func spread(over members: Int) {
        let full = Int64(Self.membersAtFullRate)
        intervalMs = shortestIntervalMs * max(full, Int64(members)) / full
    }

    public mutating func changed(at now: UnixMilliseconds) -> Action {
        switch state {
        case .idle:
            state = .gathering(until: now + gatherMs)
            return .wait(next: now + gatherMs)
        case .gathering:
            return .none
        case .captured(let sendAt, _):
            state = .captured(sendAt: sendAt, changed: true)
            return .none
        }
    }

    /// The time of the last action's `next` has come. One that comes early is told to wait on.
    public mutating func fired(at now: UnixMilliseconds) -> Action {
        switch state {
        case .idle:
            return .none
        case .gathering(let until):
            guard now >= until else { return .wait(next: until) }
            state = .captured(sendAt: now + intervalMs, changed: false)
            return .capture(next: now + intervalMs)
        case .captured(let sendAt, let changed):
            guard now >= sendAt else { return .wait(next: sendAt) }
            guard changed else {
                state = .idle
                return .send
            }
            state = .captured(sendAt: now + intervalMs, changed: false)
            return .sendAndCapture(next: now + intervalMs)
        }
    }
}
