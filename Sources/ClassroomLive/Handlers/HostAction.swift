/// What only a session's host may do.
enum HostAction: Sendable {
    case start, next, close, end, kick, lock

    static let events: [(String, HostAction)] = [
        ("quiz:start", .start), ("quiz:next", .next), ("quiz:close", .close), ("quiz:end", .end), ("quiz:kick", .kick),
        ("quiz:lock", .lock),
    ]
}
