/// All who joined and were not kicked, best first.
///
/// Points descending, then summed time of the scoring answers. Players who are equal in both share a rank, and the next rank counts them all (1, 1, 3).
/// Within a shared rank the order is that of joining; of those who joined in one millisecond, that of their ids. So it follows from what is stored,
/// and is the same on every server and after a restart.
public struct Leaderboard: Hashable, Sendable {
    public let entries: [LeaderboardEntry]
    private let positions: [String: Int]

    public init(_ players: [(record: ParticipantRecord, standing: Standing)]) {
        let order = players.indices.sorted { left, right in
            let one = players[left]
            let other = players[right]
            if one.standing.isAhead(of: other.standing) { return true }
            return !other.standing.isAhead(of: one.standing) && Self.hasJoinedBefore(one.record, other.record)
        }
        var entries: [LeaderboardEntry] = []
        entries.reserveCapacity(order.count)
        var positions = [String: Int](minimumCapacity: order.count)
        var rank = 0
        var previous: Standing?
        for (position, index) in order.enumerated() {
            let player = players[index]
            if previous.map({ $0.isAhead(of: player.standing) }) ?? true { rank = position + 1 }
            previous = player.standing
            positions[player.record.userID] = position
            entries.append(
                LeaderboardEntry(
                    rank: rank, userId: player.record.userID, username: player.record.username, score: player.standing.points,
                    correctAnswers: player.standing.correctAnswers))
        }
        self.entries = entries
        self.positions = positions
    }

    /// Everybody's place after `answers`, in whatever order these are.
    public init(participants: [ParticipantRecord], answers: [AnswerRecord]) {
        var standings: [String: Standing] = [:]
        for answer in answers { standings[answer.userID, default: Standing()].add(answer) }
        self.init(participants.filter { !$0.kicked }.map { ($0, standings[$0.userID] ?? Standing()) })
    }

    private static func hasJoinedBefore(_ one: ParticipantRecord, _ other: ParticipantRecord) -> Bool {
        guard one.joinedAt == other.joinedAt else { return one.joinedAt < other.joinedAt }
        return one.userID.utf8.lexicographicallyPrecedes(other.userID.utf8)
    }

    public func top(_ count: Int) -> [LeaderboardEntry] { Array(entries.prefix(count)) }

    public func entry(of userID: String) -> LeaderboardEntry? { positions[userID].map { entries[$0] } }

    public func standing(of userID: String) -> OwnStanding? {
        entry(of: userID).map {
            OwnStanding(rank: $0.rank, score: $0.score, correctAnswers: $0.correctAnswers, players: entries.count)
        }
    }
}
