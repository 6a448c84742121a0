/// Members ordered by score, then by their bytes.
struct SortedSet {
    struct Element: Hashable, Comparable {
        let score: Double
        let member: Bytes

        static func < (one: Element, other: Element) -> Bool {
            one.score != other.score ? one.score < other.score : one.member.lexicographicallyPrecedes(other.member)
        }
    }

    private(set) var elements: [Element] = []
    private var scores: [Bytes: Double] = [:]

    var count: Int { self.elements.count }

    func score(_ member: Bytes) -> Double? { self.scores[member] }

    func rank(_ member: Bytes) -> Int? {
        guard let score = self.scores[member] else { return nil }
        let element = Element(score: score, member: member)
        return self.firstIndex { $0 >= element }
    }

    mutating func insert(_ member: Bytes, score: Double) {
        self.remove(member)
        let element = Element(score: score, member: member)
        self.elements.insert(element, at: self.firstIndex { $0 >= element })
        self.scores[member] = score
    }

    @discardableResult
    mutating func remove(_ member: Bytes) -> Bool {
        guard let score = self.scores.removeValue(forKey: member) else { return false }
        let element = Element(score: score, member: member)
        self.elements.remove(at: self.firstIndex { $0 >= element })
        return true
    }

    mutating func remove(_ range: Range<Int>) {
        for element in self.elements[range] { self.scores[element.member] = nil }
        self.elements.removeSubrange(range)
    }

    /// The first index for which a condition holds that holds for all after it.
    func firstIndex(where condition: (Element) -> Bool) -> Int {
        var (low, high) = (0, self.elements.count)
        while low < high {
            let middle = (low + high) / 2
            if condition(self.elements[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Indices of the scores between two bounds.
    func indices(from minimum: ScoreBound, to maximum: ScoreBound) -> Range<Int> {
        let first = self.firstIndex { minimum.isExclusive ? $0.score > minimum.score : $0.score >= minimum.score }
        let end = self.firstIndex { maximum.isExclusive ? $0.score >= maximum.score : $0.score > maximum.score }
        return first..<max(first, end)
    }
}

/// `5`, `(5`, `-inf`.
struct ScoreBound {
    let score: Double
    let isExclusive: Bool

    init(_ text: String) throws(CommandFailure) {
        self.isExclusive = text.hasPrefix("(")
        guard let score = Arguments.double(self.isExclusive ? String(text.dropFirst()) : text) else {
            throw CommandFailure("ERR min or max is not a float")
        }
        self.score = score
    }
}
