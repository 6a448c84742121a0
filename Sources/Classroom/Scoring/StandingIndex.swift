/// The players' standings with their counts, best first. It finds a rank without a walk through the class.
///
/// Players with equal standings share an entry. The entries lie in chunks of bounded size, each with its number of players: a change moves
/// one chunk's entries, a rank adds up the chunks before it.
struct StandingIndex: Sendable {
    private struct Entry: Sendable {
        var standing: Standing
        var players: Int
    }

    private struct Chunk: Sendable {
        /// Never empty.
        var entries: [Entry]
        var players: Int
    }

    static let maximumEntriesPerChunk = 128

    private var chunks: [Chunk] = []

    /// Chunks and entries looked at by ``countAhead(of:)`` and by a change, at most; for tests.
    var maximumSteps: Int { chunks.count + Self.maximumEntriesPerChunk }

    /// Players whose standing is ahead of this one.
    func countAhead(of standing: Standing) -> Int {
        let position = chunkPosition(of: standing)
        guard position < chunks.count else { return chunks.reduce(0) { $0 + $1.players } }
        let before = chunks[..<position].reduce(0) { $0 + $1.players }
        let entries = chunks[position].entries
        return before + entries[..<Self.entryPosition(of: standing, in: entries)].reduce(0) { $0 + $1.players }
    }

    mutating func insert(_ standing: Standing) {
        guard !chunks.isEmpty else {
            chunks = [Chunk(entries: [Entry(standing: standing, players: 1)], players: 1)]
            return
        }
        // Behind all: into the last chunk.
        let position = min(chunkPosition(of: standing), chunks.count - 1)
        let index = Self.entryPosition(of: standing, in: chunks[position].entries)
        chunks[position].players += 1
        if index < chunks[position].entries.count, !standing.isAhead(of: chunks[position].entries[index].standing) {
            chunks[position].entries[index].players += 1
        } else {
            chunks[position].entries.insert(Entry(standing: standing, players: 1), at: index)
            if chunks[position].entries.count > Self.maximumEntriesPerChunk { split(position) }
        }
    }

    /// Takes out a standing that was inserted.
    mutating func remove(_ standing: Standing) {
        let position = chunkPosition(of: standing)
        guard position < chunks.count else { return assertionFailure("a standing is removed that was not inserted") }
        let index = Self.entryPosition(of: standing, in: chunks[position].entries)
        guard index < chunks[position].entries.count, !standing.isAhead(of: chunks[position].entries[index].standing) else {
            return assertionFailure("a standing is removed that was not inserted")
        }
        chunks[position].players -= 1
        chunks[position].entries[index].players -= 1
        if chunks[position].entries[index].players == 0 { chunks[position].entries.remove(at: index) }
        if chunks[position].entries.isEmpty { chunks.remove(at: position) }
    }

    private mutating func split(_ position: Int) {
        let entries = chunks[position].entries
        let tail = Array(entries[(entries.count / 2)...])
        let moved = tail.reduce(0) { $0 + $1.players }
        chunks[position].entries.removeLast(tail.count)
        chunks[position].players -= moved
        chunks.insert(Chunk(entries: tail, players: moved), at: position + 1)
    }

    /// The first chunk whose last entry is not ahead of the standing.
    private func chunkPosition(of standing: Standing) -> Int {
        Self.firstIndex(in: chunks.count) { index in chunks[index].entries.last.map { !$0.standing.isAhead(of: standing) } ?? true }
    }

    /// The first entry that is not ahead of the standing.
    private static func entryPosition(of standing: Standing, in entries: [Entry]) -> Int {
        firstIndex(in: entries.count) { !entries[$0].standing.isAhead(of: standing) }
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
