/// All who joined and were not kicked, best first.
///
/// Points descending, then summed time of the scoring answers. Players who are equal in both share a rank, and the next rank counts them all (1, 1, 3).
/// Within a shared rank the order is that of joining; of those who joined in one millisecond, that of their ids. So it follows from what is stored,
/// and is the same on every server and after a restart.
public struct Leaderboard: Hashable, Sendable {
    public let entries: [LeaderboardEntry]
    private let positions: [String: Int]

    public init(_ players: [(record: ParticipantRecord, standing: Standing)]) {
        let places = players.indices.map { BoardPlace(players[$0].record, players[$0].standing, position: $0) }
        self.init(ordered: places.sorted { $0.isBefore($1) }.map { players[$0.position] })
    }

    /// The board of players who are in its order.
    init(ordered players: [(record: ParticipantRecord, standing: Standing)]) {
        var entries: [LeaderboardEntry] = []
        entries.reserveCapacity(players.count)
        var positions = [String: Int](minimumCapacity: players.count)
        var rank = 0
        var previous: Standing?
        for (position, player) in players.enumerated() {
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

    public func entry(of userID: String) -> LeaderboardEntry? { positions[userID].map { entries[$0] } }

    public func standing(of userID: String) -> OwnStanding? {
        entry(of: userID).map {
            OwnStanding(rank: $0.rank, score: $0.score, correctAnswers: $0.correctAnswers, players: entries.count)
        }
    }
}
