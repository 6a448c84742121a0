/// The players on the board, best first. It finds a rank, and the first of them, without a walk through the class.
///
/// The places lie in chunks of bounded size: a change moves one chunk's places, a rank adds up the sizes of the chunks before it.
struct StandingIndex: Sendable {
    static let maximumPlacesPerChunk = 128

    /// None is ever empty.
    private var chunks: [[BoardPlace]] = []

    /// Chunks and places looked at by ``countAhead(of:)`` and by a change, at most; for tests.
    var maximumSteps: Int { chunks.count + Self.maximumPlacesPerChunk }

    /// Players whose standing is ahead of this one.
    func countAhead(of standing: Standing) -> Int {
        let (chunk, index) = firstPlace { !$0.standing.isAhead(of: standing) }
        return chunks[..<chunk].reduce(index) { $0 + $1.count }
    }

    /// The positions of the first so many players, best first. Looks at no others.
    func first(_ limit: Int) -> [Int] {
        var positions: [Int] = []
        for chunk in chunks {
            guard positions.count < limit else { break }
            for place in chunk.prefix(limit - positions.count) { positions.append(place.position) }
        }
        BoardWork.passed(positions.count)
        return positions
    }

    mutating func insert(_ place: BoardPlace) {
        guard !chunks.isEmpty else {
            chunks = [[place]]
            return
        }
        var (chunk, index) = firstPlace { !$0.isBefore(place) }
        if chunk == chunks.count {
            // Behind all: into the last chunk.
            chunk -= 1
            index = chunks[chunk].count
        }
        chunks[chunk].insert(place, at: index)
        if chunks[chunk].count > Self.maximumPlacesPerChunk { split(chunk) }
    }

    /// Takes out a place that was inserted.
    mutating func remove(_ place: BoardPlace) {
        let (chunk, index) = firstPlace { !$0.isBefore(place) }
        guard chunk < chunks.count, !place.isBefore(chunks[chunk][index]) else {
            return assertionFailure("a place is removed that was not inserted")
        }
        chunks[chunk].remove(at: index)
        if chunks[chunk].isEmpty { chunks.remove(at: chunk) }
    }

    private mutating func split(_ chunk: Int) {
        let tail = Array(chunks[chunk][(chunks[chunk].count / 2)...])
        chunks[chunk].removeLast(tail.count)
        chunks.insert(tail, at: chunk + 1)
    }

    /// The first place that satisfies a condition which holds from there on; behind all chunks if there is none.
    private func firstPlace(where holds: (BoardPlace) -> Bool) -> (chunk: Int, index: Int) {
        // A chunk is never empty, so it has a last place.
        let chunk = Self.firstIndex(in: chunks.count) { holds(chunks[$0][chunks[$0].count - 1]) }
        guard chunk < chunks.count else { return (chunk, 0) }
        return (chunk, Self.firstIndex(in: chunks[chunk].count) { holds(chunks[chunk][$0]) })
    }

    /// The first index that satisfies a condition which holds from there on.
    private static func firstIndex(in count: Int, where holds: (Int) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// Where a player stands in the order of ``Leaderboard``. No two players have the same place.
struct BoardPlace: Sendable {
    let standing: Standing
    let joinedAt: UnixMilliseconds
    let userID: String
    /// The player's position in the list that the board is made of. It has no part in the order.
    let position: Int

    init(_ record: ParticipantRecord, _ standing: Standing, position: Int) {
        self.standing = standing
        joinedAt = record.joinedAt
        userID = record.userID
        self.position = position
    }

    func isBefore(_ other: BoardPlace) -> Bool {
        if standing.isAhead(of: other.standing) { return true }
        if other.standing.isAhead(of: standing) { return false }
        guard joinedAt == other.joinedAt else { return joinedAt < other.joinedAt }
        return userID.utf8.lexicographicallyPrecedes(other.userID.utf8)
    }

    /// Whether neither is before the other.
    func isSame(as other: BoardPlace) -> Bool {
        standing.points == other.standing.points && standing.scoringTimeMs == other.standing.scoringTimeMs
            && joinedAt == other.joinedAt && userID.hasSameBytes(as: other.userID)
    }
}
