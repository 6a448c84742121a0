/// One line of the board.
public struct LeaderboardEntry: Hashable, Sendable, Codable {
    public var rank: Int
    public var userId: String
    public var username: String
    /// Points, bonuses included.
    public var score: Int
    public var correctAnswers: Int

    public init(rank: Int, userId: String, username: String, score: Int, correctAnswers: Int) {
        self.rank = rank
        self.userId = userId
        self.username = username
        self.score = score
        self.correctAnswers = correctAnswers
    }
}

/// The second argument of `quiz:leaderboard`.
public struct LeaderboardSummary: Hashable, Sendable, Codable {
    public var sessionId: String
    /// Rises with every change of the board and never goes back.
    public var version: Int
    public var final: Bool
    /// How many are on the whole board.
    public var players: Int

    public init(sessionId: String, version: Int, final: Bool, players: Int) {
        self.sessionId = sessionId
        self.version = version
        self.final = final
        self.players = players
    }
}

/// `quiz:leaderboard` with its two arguments.
public struct LeaderboardPayload: Hashable, Sendable {
    public static let eventName = "quiz:leaderboard"

    /// The first lines, best first.
    public var entries: [LeaderboardEntry]
    public var summary: LeaderboardSummary

    public init(entries: [LeaderboardEntry], summary: LeaderboardSummary) {
        self.entries = entries
        self.summary = summary
    }
}
