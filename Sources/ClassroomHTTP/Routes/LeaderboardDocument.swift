import Classroom

/// A session's whole board.
struct LeaderboardDocument: Encodable {
    /// Everybody who joined and was not removed, best first.
    var entries: [LeaderboardEntry]
    var summary: LeaderboardSummary
}
