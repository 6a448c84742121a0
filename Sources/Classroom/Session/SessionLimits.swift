/// The bounds of one session.
public struct SessionLimits: Hashable, Sendable {
    /// Those who ever joined, kicked and gone ones included.
    public var maximumParticipants: Int
    /// Entries in a `quiz:leaderboard`.
    public var leaderboardEntries: Int
    /// Different texts listed in the distribution of a question without options.
    public var distributionTexts: Int

    /// User ids listed in `away` of a `quiz:progress`.
    public var listedAway: Int

    public init(maximumParticipants: Int = 10_000, leaderboardEntries: Int = 100, distributionTexts: Int = 20, listedAway: Int = 500) {
        self.maximumParticipants = maximumParticipants
        self.leaderboardEntries = leaderboardEntries
        self.distributionTexts = distributionTexts
        self.listedAway = listedAway
    }
}
