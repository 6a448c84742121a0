import NIOCore

/// One total deadline for a connection's next request. Moving it is free: when the timer fires, it checks the current deadline.
struct RequestDeadline {
    private var deadline: NIODeadline?
    private(set) var hasTimer = false

    /// Returns when to set a timer for, if one is needed.
    mutating func arm(at deadline: NIODeadline) -> NIODeadline? {
        self.deadline = deadline
        if hasTimer { return nil }
        hasTimer = true
        return deadline
    }

    mutating func disarm() { deadline = nil }

    enum Firing: Equatable {
        case expired
        case again(at: NIODeadline)
        case idle
    }

    /// The timer has fired.
    mutating func fire(now: NIODeadline) -> Firing {
        hasTimer = false
        guard let deadline else { return .idle }
        if deadline <= now { return .expired }
        hasTimer = true
        return .again(at: deadline)
    }
}
