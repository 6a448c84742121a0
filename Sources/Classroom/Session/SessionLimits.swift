/// The bounds of one session.
public struct SessionLimits: Hashable, Sendable {
    /// Those who joined, kicked and gone ones included. A guest who is away and has not answered gives the seat to somebody new when there
    /// is no other.
    public var maximumParticipants: Int
    /// Entries in a `quiz:leaderboard`.
    public var leaderboardEntries: Int
    /// Different texts listed in the distribution of a question without options.
    public var distributionTexts: Int

    /// User ids listed in `away` of a `quiz:progress`.
    public var listedAway: Int

    /// Guests among them: a tenth of the seats is kept for accounts, since guests cost nothing.
    public var maximumGuests: Int { maximumParticipants - maximumParticipants / 10 }

    public init(maximumParticipants: Int = 10_000, leaderboardEntries: Int = 100, distributionTexts: Int = 20, listedAway: Int = 500) {
        self.maximumParticipants = maximumParticipants
        self.leaderboardEntries = leaderboardEntries
        self.distributionTexts = distributionTexts
        self.listedAway = listedAway
    }
}
